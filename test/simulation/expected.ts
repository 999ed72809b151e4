/**
 * The rows that a windows dataset must have: what an operator makes of the log's rows in their order, in one go and without a
 * fault. What is no function of the rows is taken from the checkpoints that were written: by which rules rows were taken from
 * which row on, and to where the wall clock has moved the watermark before which row.
 */

import type { CheckpointHead } from "../../actors/windower/checkpoint.ts";
import { OpenWindows } from "../../actors/windower/open-windows.ts";
import type { WindowRows } from "../../actors/windower/window-rows.ts";
import { putName } from "../../actors/windower/window-rows.ts";
import type { Dataset } from "../../datasets/define.ts";
import { Batch, batchBytes, type PublicBatch, writeInt64 } from "../../runtime/batch/index.ts";
import type { ClosedWindow } from "../../windowing/operator.ts";
import type { PlainRow } from "../actors/store/log/rows.ts";
import type { Space } from "./space.ts";
import { rowsOf } from "./stored.ts";

/** What of a checkpoint's head decides what comes out. */
export type CheckpointFacts = Pick<CheckpointHead, "nextRow" | "rules" | "floorMs" | "advanceMs" | "skips">;

const ROWS = 1024;

export class ExpectedWindows {
  readonly source: Dataset;
  readonly derived: Dataset;
  readonly rows: PlainRow[] = [];
  readonly #make: (facts: CheckpointFacts) => OpenWindows;
  readonly #facts: readonly CheckpointFacts[];
  readonly #stage: Batch;
  readonly #stageBytes: number;
  /** First rows of batches that were given up. */
  readonly #passed = new Set<number>();
  #windows: OpenWindows;
  #next = 0;
  #staged = 0;
  /** Windows that end here or before are not begun anew. */
  #floorMs = Number.NEGATIVE_INFINITY;

  /** @param facts of the checkpoints in the order they were written; at least one */
  constructor(space: Space, source: Dataset, derived: Dataset, facts: readonly CheckpointFacts[]) {
    this.source = source;
    this.derived = derived;
    // A row that is passed over is noted in the checkpoint before it, which says again what it said.
    this.#facts = facts.filter(({ nextRow }, index) => nextRow >= (facts[index - 1]?.nextRow ?? 0));
    for (const { nextRow, skips } of facts) {
      for (const [from] of skips) if (nextRow <= from) this.#passed.add(from);
    }
    const place = space.takePlace();
    this.#make = ({ rules }) =>
      new OpenWindows(space.kernels, source, derived, derived.derived!.by, place, rules);
    this.#windows = this.#make(facts[0]!);
    this.#stageBytes = batchBytes(derived.plan, ROWS);
    this.#stage = new Batch({ buffer: new ArrayBuffer(this.#stageBytes) }, derived.plan);
  }

  /** Adds a batch of the source; they come in the order of the log. */
  async add(batch: PublicBatch): Promise<void> {
    await this.#heed(batch.firstSequence);
    if (this.#passed.has(batch.firstSequence)) return;
    const { setBacks } = this.#windows.counts;
    await this.#windows.add(batch, this.#take);
    if (this.#windows.counts.setBacks !== setBacks) this.#floorMs = Number.NEGATIVE_INFINITY;
  }

  /** @param nextRow number after the last row */
  async end(nextRow: number): Promise<void> {
    await this.#heed(nextRow);
    this.#flush();
  }

  /** What was written down before row `nextRow` came. */
  async #heed(nextRow: number): Promise<void> {
    for (; this.#next < this.#facts.length; this.#next++) {
      const facts = this.#facts[this.#next]!;
      if (facts.nextRow > nextRow) return;
      if (JSON.stringify(facts.rules) !== JSON.stringify(this.#windows.rules)) {
        const state = this.#windows.save();
        this.#windows = this.#make(facts);
        this.#windows.load(state);
      }
      this.#floorMs = facts.floorMs ?? Number.NEGATIVE_INFINITY;
      if (facts.advanceMs !== null) await this.#windows.advance(facts.advanceMs, this.#take);
    }
  }

  readonly #take = async (window: ClosedWindow, maker: WindowRows): Promise<void> => {
    if (window.endMs <= this.#floorMs) return;
    const { plan } = this.derived;
    const groupBy = this.derived.derived!.by.groupBy;
    for (const group of window.groups()) {
      const rows = maker.look(window, group);
      for (let index = 0; index < rows; index++) {
        if (this.#staged === ROWS) this.#flush();
        if (this.#staged === 0) this.#stage.begin(0, this.#stageBytes, ROWS, { firstSequence: 0 });
        const row = this.#staged++;
        const { i32, u16 } = this.#stage.views;
        writeInt64(i32, (this.#stage.dataAt(plan.public("window_start")) >>> 2) + row * 2, window.startMs);
        writeInt64(i32, (this.#stage.dataAt(plan.public("window_end")) >>> 2) + row * 2, window.endMs);
        u16[(this.#stage.dataAt(plan.public("revision")) >>> 1) + row] = window.revision;
        if (groupBy !== undefined) putName(this.#stage, plan.public(groupBy), row, group.key);
        maker.put(this.#stage, row, index);
      }
    }
  };

  #flush(): void {
    if (this.#staged > 0) this.rows.push(...rowsOf(this.#stage, this.#staged));
    this.#staged = 0;
  }
}

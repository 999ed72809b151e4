/**
 * The way of closed windows into the lane of their windows dataset. Rows gather in a batch of their own until it is full or
 * `flush` is called, and batches in the lane until `flush`, or until it is full: then they are shown, and it is waited for room. So a window
 * may be larger than the lane, and what one batch of the source makes is mostly shown at once.
 *
 * Rows are numbered as they are made. Those whose numbers the lane has had already were made before a crash: they are left out.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { Batch, batchBytes, type Column, ELEMENT_BYTES, writeInt64 } from "../../runtime/batch/index.ts";
import { pause } from "../../runtime/clock.ts";
import type { ClosedWindow } from "../../windowing/operator.ts";
import { Door } from "../door.ts";
import { putName, type WindowRows } from "./window-rows.ts";

/** Pause before a full lane is tried again. It is full only while the recorder's disk takes nothing. */
const RETRY_MS = 20;
const MAX_REVISION = 0xffff;

interface Columns {
  readonly start: Column;
  readonly end: Column;
  readonly group: Column | undefined;
  readonly revision: Column;
}

export class WindowDoor {
  /** Rows made so far: the number of the next one. */
  made = 0;
  /** Number after the last row that the lane had when this was opened. */
  readonly had: number;
  readonly #context: ActorContext<never>;
  readonly #door: Door;
  readonly #columns: Columns;
  readonly #all: readonly Column[];
  readonly #batchRows: number;
  /** Where rows gather. */
  readonly #stage: Batch;
  readonly #stageBytes: number;
  #staged = 0;
  /** Whether batches wait in the lane to be shown. */
  #hasBegun = false;
  #minStartMs = Number.POSITIVE_INFINITY;
  #maxStartMs = Number.NEGATIVE_INFINITY;

  constructor(context: ActorContext<never>, derived: Dataset) {
    const { plan, batchRows } = derived;
    const groupBy = derived.derived?.by.groupBy;
    this.#context = context;
    this.#door = new Door(context, derived);
    this.had = this.#door.account.published;
    this.#columns = {
      start: plan.public("window_start"),
      end: plan.public("window_end"),
      group: groupBy === undefined ? undefined : plan.public(groupBy),
      revision: plan.public("revision"),
    };
    this.#all = plan.publicColumns;
    this.#batchRows = batchRows;
    this.#stageBytes = batchBytes(plan, batchRows);
    this.#stage = new Batch({ buffer: new ArrayBuffer(this.#stageBytes) }, plan);
  }

  /** Takes in what a window has become. Waits while the lane is full. */
  async write(window: ClosedWindow, maker: WindowRows): Promise<void> {
    for (const group of window.groups()) {
      const rows = maker.look(window, group);
      for (let index = 0; index < rows; index++) {
        if (this.made++ < this.had) continue;
        const row = this.#next();
        const { startMs, endMs, revision } = window;
        const { start, end, group: groupColumn, revision: revisionColumn } = this.#columns;
        const stage = this.#stage;
        const { i32, u16 } = stage.views;
        writeInt64(i32, (stage.dataAt(start) >>> 2) + row * 2, startMs);
        writeInt64(i32, (stage.dataAt(end) >>> 2) + row * 2, endMs);
        u16[(stage.dataAt(revisionColumn) >>> 1) + row] = Math.min(revision, MAX_REVISION);
        if (groupColumn !== undefined) putName(stage, groupColumn, row, group.key);
        maker.put(stage, row, index);
        if (startMs < this.#minStartMs) this.#minStartMs = startMs;
        if (startMs > this.#maxStartMs) this.#maxStartMs = startMs;
        if (this.#staged === this.#batchRows) await this.#begin();
      }
    }
  }

  /** Shows all rows to who reads the lane. Waits while it is full. */
  async flush(): Promise<void> {
    if (this.#staged > 0) await this.#begin();
    this.#publish();
  }

  /** A row to be filled. */
  #next(): number {
    if (this.#staged === 0) this.#stage.begin(0, this.#stageBytes, this.#batchRows, { firstSequence: 0 });
    return this.#staged++;
  }

  /** Puts the rows that have gathered into the lane. */
  async #begin(): Promise<void> {
    const rows = this.#staged;
    while (!this.#door.tryBegin(rows)) {
      this.#publish();
      await pause(this.#context.clock, RETRY_MS);
    }
    const { batch } = this.#door;
    for (const column of this.#all) copyColumn(this.#stage, batch, column, rows);
    batch.setTimes(this.#minStartMs, this.#maxStartMs, this.#context.clock.nowMs());
    batch.seal();
    this.#hasBegun = true;
    this.#staged = 0;
    this.#minStartMs = Number.POSITIVE_INFINITY;
    this.#maxStartMs = Number.NEGATIVE_INFINITY;
  }

  #publish(): void {
    if (this.#hasBegun) this.#door.publish();
    this.#hasBegun = false;
  }
}

function copyColumn(from: Batch, to: Batch, column: Column, rows: number): void {
  copy(from, from.dataAt(column), to, to.dataAt(column), rows * ELEMENT_BYTES[column.type]);
  if (column.validity < 0) return;
  copy(from, from.validityAt(column), to, to.validityAt(column), (rows + 7) >>> 3);
}

function copy(from: Batch, at: number, to: Batch, target: number, bytes: number): void {
  to.views.u8.set(from.views.u8.subarray(at, at + bytes), target);
}

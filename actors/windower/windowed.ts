/**
 * One windows dataset in the windower's hands: open windows, the way of what closes into the lane, and the checkpoint (checkpoint.ts).
 */

import type { Dataset, WindowSpec } from "../../datasets/define.ts";
import { windowedColumns } from "../../datasets/windowed-columns.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import { StoreAccount } from "../ledger.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { WindowMeter } from "../window-meters.ts";
import type { Checkpoint, CheckpointHead, RowSpan } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";
import { CheckpointWriter, type Progress } from "./checkpoint-writer.ts";
import { LeftOutReport } from "./left-out-report.ts";
import { OpenWindows, type StatePlace, type TakeWindow } from "./open-windows.ts";
import { areSameRules, type WindowRules } from "./rules.ts";
import { WindowDoor } from "./window-door.ts";

export interface WindowedOptions {
  readonly context: ActorContext<never>;
  readonly source: Dataset;
  /** A windows dataset of the source. */
  readonly derived: Dataset;
  readonly file: CheckpointFile;
  readonly place: StatePlace;
  /** The rules that are wanted; those of a checkpoint hold until a new one can be written. */
  readonly rules: WindowRules;
  /** Rows after which a checkpoint is taken. */
  readonly checkpointRows: number;
}

export class Windowed {
  readonly source: Dataset;
  readonly derived: Dataset;
  readonly door: WindowDoor;
  /** What is stored of the windows dataset. */
  readonly store: StoreAccount;
  readonly file: CheckpointFile;
  /** All that the state depends on. */
  readonly meaning: string;
  readonly by: WindowSpec;
  readonly #options: WindowedOptions;
  readonly #meter: WindowMeter;
  readonly #report: LeftOutReport;
  readonly #take: TakeWindow;
  #windows: OpenWindows;
  /** Number after the last source row that was taken, or passed over. */
  #nextRow = 0;
  #floorMs = Number.NEGATIVE_INFINITY;
  #setBacks = 0;
  /** False while rows are being taken: what is saved then would be half of something. */
  #isWhole = true;
  readonly #checkpoints: CheckpointWriter;

  constructor(options: WindowedOptions) {
    const { context, source, derived, file, rules } = options;
    const { ledger, windowMeters } = resourcesOf(context);
    if (derived.derived === undefined) throw new RangeError(`${derived.name} is no windows dataset`);
    this.#options = options;
    this.source = source;
    this.derived = derived;
    this.file = file;
    this.by = derived.derived.by;
    this.meaning = meaningOf(source, this.by);
    this.door = new WindowDoor(context, derived);
    this.store = new StoreAccount(context.memory, ledger, derived.name);
    this.#meter = new WindowMeter(context.memory, windowMeters, derived.name);
    this.#report = new LeftOutReport(context.log, derived.name);
    this.#checkpoints = new CheckpointWriter(context.clock, file, this.#meter, options.checkpointRows);
    this.#windows = this.#make(rules);
    this.#take = async (window, rows) => {
      if (window.endMs > this.#floorMs) await this.door.write(window, rows);
    };
  }

  /** Source columns that windows are made of. */
  get columns(): readonly string[] {
    const { groupBy } = this.by;
    return groupBy === undefined ? windowedColumns(this.by) : [groupBy, ...windowedColumns(this.by)];
  }

  /** Whether there is a checkpoint to go on from. */
  get hasCheckpoint(): boolean {
    return this.#checkpoints.hasLast;
  }

  get nextRow(): number {
    return this.#nextRow;
  }

  /** Begins with nothing at a source row. What ends at `floorMs` or before was given out by who was there before. */
  begin(nextRow: number, floorMs: number): void {
    this.#windows = this.#make(this.#options.rules);
    this.#nextRow = nextRow;
    this.#floorMs = floorMs;
    this.#setBacks = 0;
    this.door.made = this.door.had;
    this.#checkpoints.forget();
    this.checkpoint();
  }

  /**
   * Goes on from a checkpoint: what is left to do is to add the rows from `nextRow` on.
   * @throws RangeError, PoolExhausted when its state cannot be had; then `begin` anew
   */
  async resume({ head, state }: Checkpoint, checkpointBytes: number): Promise<void> {
    this.#windows = this.#make(head.rules);
    this.#windows.load(state);
    this.#setBacks = this.#windows.counts.setBacks;
    this.#nextRow = head.nextRow;
    this.#floorMs = head.floorMs ?? Number.NEGATIVE_INFINITY;
    this.door.made = head.made;
    this.#checkpoints.noteWritten(head, checkpointBytes);
    if (head.advanceMs === null) return;
    this.#isWhole = false;
    await this.#windows.advance(head.advanceMs, this.#take);
    this.#isWhole = true;
  }

  /** Takes the rows of a batch; what closes is shown with `flush`, or when the lane is full. */
  async add(batch: PublicBatch): Promise<void> {
    // Taken before a crash that came before its slot was released: the checkpoint that was written at the end has it.
    if (batch.rows > 0 && batch.firstSequence + batch.rows <= this.#nextRow) return;
    if (batch.rows > 0) {
      this.#isWhole = false;
      await this.#windows.add(batch, this.#take);
      const { setBacks } = this.#windows.counts;
      // What was given out before was given out by another clock.
      if (setBacks !== this.#setBacks) this.#floorMs = Number.NEGATIVE_INFINITY;
      this.#setBacks = setBacks;
      this.#isWhole = true;
    }
    this.#nextRow = Math.max(this.#nextRow, batch.firstSequence + batch.rows);
  }

  /** Passes rows over that nobody can take. */
  pass(span: RowSpan): void {
    this.#nextRow = Math.max(this.#nextRow, span[1]);
  }

  /** Has rows passed over for good, also by who reads them back. */
  skip(span: RowSpan): void {
    this.pass(span);
    this.#checkpoints.skip(span);
    if (!this.file.trySkip(span)) {
      this.#options.context.log.warning(
        "the rows of {dataset} that are passed over could not be noted in a checkpoint",
        { dataset: this.source.name },
      );
    }
  }

  async flush(): Promise<void> {
    await this.door.flush();
  }

  /**
   * Closes all that is open, when the wall clock says that it is over.
   * @param silentMs how long no row has come
   */
  async closeSilent(nowMs: number): Promise<void> {
    const endMs = this.#windows.lastOpenEndMs();
    if (endMs === undefined || endMs + this.#windows.rules.disorderMs > nowMs) return;
    // The wall clock is in no log: whoever goes on from here has to know, before anybody sees what comes of it.
    if (this.store.recorded < this.door.made || !this.#checkpoints.mayWrite()) return;
    const head = this.#head({ advanceMs: endMs });
    const state = this.#windows.save();
    // From here on the file says more than the windows do: one that is written at the end, after a failure, would take it back.
    this.#isWhole = false;
    if (!this.#checkpoints.tryWrite({ head, state })) {
      this.#isWhole = true;
      return;
    }
    await this.#windows.advance(endMs, this.#take);
    this.#isWhole = true;
    await this.flush();
  }

  /** Looks after the checkpoint, the meter and the log. Call it now and then, between two batches. */
  tend(): void {
    if (!this.#changeRules()) {
      if (this.#isWhole && this.#checkpoints.isDue(this.#progress())) this.#takeCheckpoint();
      this.#checkpoints.writeWhenStored(this.store.recorded);
    }
    this.#measure();
    this.#report.tell(this.#windows.counts, this.#windows.truncated);
  }

  /** What has been left out up to now was told by who was there before. */
  beSilentUntilNow(): void {
    this.#report.pass(this.#windows.counts, this.#windows.truncated);
  }

  /** Writes a checkpoint of where it stands, if the log has all that was made. */
  checkpoint(): void {
    if (!this.#isWhole || this.store.recorded < this.door.made) return;
    if (this.#checkpoints.isAtLast(this.#progress())) return;
    this.#takeCheckpoint();
    this.#checkpoints.writeWhenStored(this.store.recorded);
  }

  /** Whether what was made is stored, so that other rules may hold from here on. */
  mayChangeRules(): boolean {
    return this.#isWhole && this.door.made >= this.door.had && this.store.recorded >= this.door.made;
  }

  get wantsOtherRules(): boolean {
    return !areSameRules(this.#windows.rules, this.#options.rules);
  }

  #make(rules: WindowRules): OpenWindows {
    const { context, source, derived, place } = this.#options;
    return new OpenWindows(kernelsOf(context), source, derived, this.by, place, rules);
  }

  #head(more: Partial<CheckpointHead> = {}): CheckpointHead {
    return {
      meaning: this.meaning,
      rules: this.#windows.rules,
      nextRow: this.#nextRow,
      made: this.door.made,
      floorMs: Number.isFinite(this.#floorMs) ? this.#floorMs : null,
      advanceMs: null,
      skips: [],
      ...more,
    };
  }

  #progress(): Progress {
    return { nextRow: this.#nextRow, made: this.door.made };
  }

  #takeCheckpoint(): void {
    this.#checkpoints.take({ head: this.#head(), state: this.#windows.save() });
  }

  /** Other rules hold from a checkpoint on that says so. @returns whether they do from now on */
  #changeRules(): boolean {
    if (!this.wantsOtherRules || !this.mayChangeRules() || !this.#checkpoints.mayWrite()) {
      return false;
    }
    const { rules } = this.#options;
    const { rules: before, watermarkMs } = this.#windows;
    const floorMs = this.#floorMs;
    const state = this.#windows.save();
    this.#windows = this.#load(rules, state);
    // What was given up by the rules before is not begun anew by those that keep it longer: it would have only the rows since.
    this.#floorMs = Math.max(floorMs, watermarkMs - before.latenessMs);
    const isNoted = this.#checkpoints.tryWrite({ head: this.#head(), state });
    if (!isNoted) {
      this.#windows = this.#load(before, state);
      this.#floorMs = floorMs;
    }
    this.beSilentUntilNow();
    return isNoted;
  }

  #load(rules: WindowRules, state: Uint8Array): OpenWindows {
    const windows = this.#make(rules);
    windows.load(state);
    return windows;
  }

  #measure(): void {
    const { counts, figures, truncated, stateBytes } = this.#windows;
    const { windows: openWindows, groups } = figures;
    this.#meter.set({ ...counts, truncated, openWindows, groups, stateBytes });
  }
}

function meaningOf(source: Dataset, by: WindowSpec): string {
  const { kind, shape, groupBy = null } = by;
  const typeOf = (name: string) => [name, source.plan.public(name).type];
  return JSON.stringify({
    ...{ source: source.name, kind, shape, time: source.time },
    groupBy: groupBy === null ? null : typeOf(groupBy),
    of: windowedColumns(by).map(typeOf),
    ranks: by.kind === "top" ? by.count : null,
    hasTrend: by.kind === "figures" && (by.figures?.includes("trend") ?? true),
  });
}

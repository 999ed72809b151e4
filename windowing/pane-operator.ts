/**
 * Tumbling and hopping windows. Each row is added once, to the pane that its event time is in; a hopping window is put together from its
 * panes when it comes out, a tumbling one is its pane. What a row costs does not depend on how long windows are, nor on how many it is in.
 *
 * The watermark moves in steps (pane-grid.ts): edges of panes, and moments at which a window is given up. Between two of them
 * nothing is decided anew, so rows are taken in stretches that end where a row makes a step; and what is closed, kept or late
 * is the same however they were cut into batches.
 *
 * A correction comes out at the next edge of panes that the watermark reaches, or when its window is given up. A row that is late for one
 * of its windows and in time for another is in that one only: before the pane changes, the first has come out for the last time.
 */

import type {
  ClosedWindow,
  OperatorCounts,
  OperatorFigures,
  OperatorOptions,
  WindowOperator,
} from "./operator.ts";
import { PaneGrid, type PaneShape } from "./pane-grid.ts";
import { groupsOf } from "./pane-groups.ts";
import { type PaneWindow, PaneWindows } from "./pane-windows.ts";
import { Panes } from "./panes.ts";
import { Revisions } from "./revisions.ts";
import { RowRecords } from "./row-records.ts";
import type { RowColumns } from "./rows.ts";
import type { StateReader, StateWriter } from "./state.ts";
import { EARLIEST_MS, requireSpan, Watermark } from "./watermark.ts";

type Counts = { -readonly [K in keyof OperatorCounts]: number };

/** In the order that they are saved in. */
const COUNTS = [
  "rows",
  "late",
  "ahead",
  "refused",
  "other",
  "windows",
  "corrections",
  "setBacks",
] as const satisfies readonly (keyof Counts)[];

export class PaneOperator implements WindowOperator {
  readonly #options: OperatorOptions;
  readonly #grid: PaneGrid;
  readonly #watermark: Watermark;
  readonly #revisions = new Revisions();
  readonly #windows: PaneWindows;
  readonly #panes: Panes;
  readonly #records: RowRecords;
  /** A record that a hopping window's groups are put together in; 0: windows are panes. */
  readonly #scratch: number;
  #due: ClosedWindow[] = [];
  /** Of those that are due, how many `next` was asked for. */
  #given = 0;
  /** What the watermark must reach for anything to change; -Infinity before the first row. */
  #stepMs = Number.NEGATIVE_INFINITY;
  #isFinished = false;
  readonly #counts: Counts = {
    rows: 0,
    late: 0,
    ahead: 0,
    refused: 0,
    other: 0,
    windows: 0,
    corrections: 0,
    setBacks: 0,
  };

  /** @throws PoolExhausted; RangeError on a span of time that is none */
  constructor(options: OperatorOptions, shape: PaneShape) {
    requireSpan("latenessMs", options.latenessMs);
    this.#options = options;
    this.#watermark = new Watermark(options);
    this.#grid = new PaneGrid(shape, options.latenessMs);
    this.#windows = new PaneWindows(this.#grid, this.#revisions);
    this.#panes = new Panes(options);
    this.#records = new RowRecords(options);
    try {
      this.#scratch = this.#grid.lengthMs === this.#grid.paneMs ? 0 : options.accumulation.make();
    } catch (error) {
      this.#records.free();
      throw error;
    }
  }

  get watermarkMs(): number {
    return this.#watermark.ms;
  }

  get counts(): OperatorCounts {
    return this.#counts;
  }

  get figures(): OperatorFigures {
    return { windows: this.#panes.size, groups: this.#panes.groups };
  }

  add(columns: RowColumns, from: number): number {
    this.#begin();
    if (this.#isFinished) throw new Error("rows after the end");
    const { rows, timesAt, writtenMs } = columns;
    this.#records.begin(columns, from);
    if (from === 0 && this.#watermark.isSetBack(writtenMs)) {
      this.#beginAnew();
      if (this.#due.length > 0) return from;
    }
    const { timesWithin } = this.#options.kernels;
    const latestMs = this.#watermark.latestOf(writtenMs);
    for (let row = from; row < rows; ) {
      const timeMs = this.#records.timeOf(timesAt, row);
      if (timeMs > latestMs) {
        row = this.#leaveOut(
          "ahead",
          row,
          timesWithin(timesAt, row, rows, latestMs + 1, Number.POSITIVE_INFINITY),
        );
      } else if (timeMs < EARLIEST_MS) {
        row = this.#leaveOut(
          "late",
          row,
          timesWithin(timesAt, row, rows, Number.NEGATIVE_INFINITY, EARLIEST_MS),
        );
      } else if (timeMs < this.#watermark.reachedBy(this.#stepMs)) {
        row = this.#takeRun(columns, row, timeMs, latestMs);
      } else {
        this.#records.addBefore(row);
        this.#watermark.see(timeMs);
        this.#step();
        if (this.#due.length > 0) return row;
      }
    }
    this.#records.addBefore(rows);
    return rows;
  }

  next(): ClosedWindow | undefined {
    const window = this.#due[this.#given++];
    if (window === undefined) this.#release();
    return window;
  }

  advance(toMs: number): void {
    this.#begin();
    this.#watermark.advance(toMs);
    if (this.#watermark.ms >= this.#stepMs) this.#step();
  }

  finish(): void {
    this.#begin();
    this.#isFinished = true;
    this.#closeAll();
  }

  lastOpenEndMs(): number | undefined {
    return this.#windows.allOutAtMs();
  }

  save(out: StateWriter): void {
    this.#begin();
    out.f64(this.#grid.lengthMs);
    out.f64(this.#grid.everyMs);
    this.#watermark.save(out);
    this.#revisions.save(out);
    this.#windows.save(out);
    for (const name of COUNTS) out.f64(this.#counts[name]);
    out.u8(this.#isFinished ? 1 : 0);
    this.#panes.save(out);
  }

  load(from: StateReader): void {
    const { lengthMs, everyMs } = this.#grid;
    const saved = { lengthMs: from.f64(), everyMs: from.f64() };
    if (saved.lengthMs !== lengthMs || saved.everyMs !== everyMs) {
      throw new RangeError(
        `expected windows of ${lengthMs} ms every ${everyMs}; came ${saved.lengthMs} every ${saved.everyMs}`,
      );
    }
    this.#watermark.load(from);
    this.#revisions.load(from);
    this.#windows.load(from, this.#watermark.ms);
    this.#stepMs = this.#grid.stepAfter(this.#watermark.ms);
    for (const name of COUNTS) this.#counts[name] = from.f64();
    this.#isFinished = from.u8() === 1;
    this.#panes.load(from);
  }

  free(): void {
    this.#panes.free();
    if (this.#scratch !== 0) this.#options.accumulation.free(this.#scratch);
    this.#records.free();
  }

  /** Before anything else may happen, everything that was due is out, and its memory is given back. */
  #begin(): void {
    if (this.#given < this.#due.length)
      throw new Error("there are windows due: ask next() until there is none");
    this.#release();
  }

  #release(): void {
    if (this.#due.length > 0) this.#due = [];
    this.#given = 0;
    this.#panes.release();
  }

  #leaveOut(why: "ahead" | "late" | "refused", from: number, to: number): number {
    this.#counts[why] += to - from;
    this.#records.leaveOut(from, to);
    return to;
  }

  /** Takes rows as long as they are of one pane and make no step. @returns the first that it did not take */
  #takeRun({ rows, timesAt, keys }: RowColumns, from: number, timeMs: number, latestMs: number): number {
    const startMs = this.#grid.paneOf(timeMs);
    const beforeMs = Math.min(
      startMs + this.#grid.paneMs,
      this.#watermark.reachedBy(this.#stepMs),
      latestMs + 1,
    );
    const lowMs = Math.max(startMs, EARLIEST_MS);
    const to = this.#options.kernels.timesWithin(timesAt, from, rows, lowMs, beforeMs);
    if (this.#watermark.latestMs < beforeMs - 1)
      this.#watermark.see(this.#records.latestOf(timesAt, from, to));
    if (!this.#windows.isKept(startMs)) return this.#leaveOut("late", from, to);
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      this.#records.addBefore(from);
      pane = this.#panes.tryOpen(startMs);
    }
    if (pane === undefined) return this.#leaveOut("refused", from, to);
    const { taken, other } = pane.place(keys, from, to, this.#records);
    this.#counts.rows += taken;
    this.#counts.other += other;
    this.#counts.refused += to - from - taken;
    if (taken > 0 && (!pane.isInWindows || this.#windows.isClosed(startMs))) {
      pane.isInWindows = true;
      this.#windows.change(startMs);
    }
    return to;
  }

  /** The watermark has made a step: closes what ends there or before, gives up what was kept long enough. */
  #step(): void {
    const { ms } = this.#watermark;
    this.#giveOut(this.#windows.closeTo(ms));
    this.#panes.leave((pane) => this.#windows.isKept(pane.startMs));
    if (this.#due.length === 0) this.#release();
    this.#stepMs = this.#grid.stepAfter(ms);
  }

  #closeAll(): void {
    this.#giveOut(this.#windows.closeAll());
    this.#panes.leave(() => false);
    if (this.#due.length === 0) this.#release();
  }

  #beginAnew(): void {
    this.#closeAll();
    this.#counts.setBacks++;
    this.#revisions.beginAnew();
    this.#watermark.reset();
    this.#stepMs = Number.NEGATIVE_INFINITY;
  }

  /** Makes due what is not empty. */
  #giveOut(windows: readonly PaneWindow[]): void {
    const { accumulation } = this.#options;
    for (const window of windows) {
      const { endMs, revision } = window;
      const startMs = endMs - this.#grid.lengthMs;
      const panes = this.#panes.within(startMs, endMs);
      if (!panes.some((pane) => pane.hasValues())) continue;
      this.#revisions.gaveOut(endMs, revision);
      this.#counts[revision === 0 ? "windows" : "corrections"]++;
      window.revision++;
      const groups = () => groupsOf(panes, accumulation, this.#scratch);
      this.#due.push({ startMs, endMs, revision, isWithdrawn: false, groups });
    }
  }
}

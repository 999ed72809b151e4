/**
 * Sliding windows: for each moment that a row of a group comes at, the `lengthMs` that end with it. Rows wait until the watermark has passed
 * them; then they are in order, and what comes out is final. So there is no lateness: a row that the watermark has passed is late.
 *
 * What a row costs does not depend on how long the window is (slide.ts). Rows wait in the order of time and of arrival (waiting-rows.ts);
 * those of one moment come into their groups' windows together, group by group as the windows come out. Each row that waits has room in its
 * group's window already, so that it is refused when it comes, or not at all.
 *
 * Only figures can be taken out again; what counts distinct values or the most frequent ones cannot slide. Times lie on multiples of
 * four bytes.
 */

import { Figures } from "./figures.ts";
import { GroupLookup } from "./group-lookup.ts";
import type {
  ClosedGroup,
  ClosedWindow,
  OperatorCounts,
  OperatorFigures,
  OperatorOptions,
  WindowOperator,
} from "./operator.ts";
import { Revisions } from "./revisions.ts";
import type { RowColumns } from "./rows.ts";
import type { WindowShape } from "./shape.ts";
import { SlideFrame } from "./slide-frame.ts";
import { lastFirst, type SlidingGroup, SlidingGroups } from "./sliding-groups.ts";
import { SlidingPlacing } from "./sliding-placing.ts";
import { loadSliding, saveSliding } from "./sliding-state.ts";
import type { StateReader, StateWriter } from "./state.ts";
import { WaitingRows } from "./waiting-rows.ts";
import { Watermark } from "./watermark.ts";

const TWO_32 = 4294967296;

type Counts = { -readonly [K in keyof OperatorCounts]: number };

export class SlidingOperator implements WindowOperator {
  readonly #lengthMs: number;
  readonly #watermark: Watermark;
  readonly #revisions = new Revisions();
  readonly #figures: Figures;
  readonly #frame: SlideFrame;
  readonly #groups: SlidingGroups;
  readonly #lookup: GroupLookup;
  readonly #waiting: WaitingRows<SlidingGroup>;
  readonly #placing: SlidingPlacing;
  readonly #i32: Int32Array;
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
  /** Groups with rows of the moment that is coming out, the next one last. */
  readonly #current: SlidingGroup[] = [];
  #currentMs = 0;
  /** Everything that waits comes out. */
  #isClosing = false;

  /** @throws RangeError on lateness, and on an accumulation that cannot take out; PoolExhausted */
  constructor(options: OperatorOptions, shape: Extract<WindowShape, { kind: "sliding" }>) {
    const { kernels, pool, accumulation, latenessMs } = options;
    if (!(accumulation instanceof Figures)) {
      throw new RangeError(
        `accumulation: expected figures, as sliding windows take values out again; came ${accumulation.kind}`,
      );
    }
    if (latenessMs !== 0) {
      throw new RangeError(
        `latenessMs: expected 0, as rows of sliding windows wait for disorderMs; came ${latenessMs}`,
      );
    }
    this.#lengthMs = shape.lengthMs;
    this.#watermark = new Watermark(options);
    this.#figures = accumulation;
    this.#i32 = new Int32Array(kernels.memory.buffer);
    this.#waiting = new WaitingRows(pool, accumulation.measures);
    const made: (() => void)[] = [];
    try {
      this.#frame = new SlideFrame(kernels, pool, accumulation);
      made.push(() => this.#frame.free());
      this.#groups = new SlidingGroups(this.#frame, shape.lengthMs);
      made.push(() => this.#groups.free());
      this.#placing = new SlidingPlacing(options, this.#groups, this.#waiting);
      this.#lookup = new GroupLookup(kernels, pool, this.#groups.list.table, options.maxRows);
    } catch (error) {
      for (const undo of made.reverse()) undo();
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
    return { windows: this.#groups.size, groups: this.#groups.size };
  }

  add(columns: RowColumns, from: number): number {
    this.#lookup.begin(columns, from);
    if (this.#watermark.isSetBack(columns.writtenMs)) this.#beginAnew();
    const row = this.#isDue() ? from : this.#addFrom(columns, from);
    if (row > from) this.#frame.store(columns, this.#lookup.at, from, row);
    this.#lookup.end(columns, row);
    return row;
  }

  next(): ClosedWindow | undefined {
    for (;;) {
      const group = this.#current.pop();
      if (group !== undefined) {
        const window = this.#slide(group);
        if (window !== undefined) return window;
      } else if (this.#isDue()) {
        this.#begin();
      } else {
        this.#isClosing = false;
        if (this.#groups.dropTo(this.#watermark.ms)) this.#lookup.forget(0);
        return undefined;
      }
    }
  }

  advance(toMs: number): void {
    this.#watermark.advance(toMs);
  }

  finish(): void {
    this.#isClosing = true;
  }

  lastOpenEndMs(): number | undefined {
    const lastMs = this.#waiting.lastMs;
    return lastMs === undefined ? undefined : lastMs + 1;
  }

  save(out: StateWriter): void {
    if (this.#isDue()) throw new Error("expected nothing to be due; there are windows that did not come out");
    out.f64(this.#lengthMs);
    this.#watermark.save(out);
    this.#revisions.save(out);
    for (const count of Object.values(this.#counts)) out.f64(count);
    saveSliding(out, this.#frame, this.#groups, this.#waiting);
  }

  load(from: StateReader): void {
    const lengthMs = from.f64();
    if (lengthMs !== this.#lengthMs) {
      throw new RangeError(`expected windows of ${this.#lengthMs} ms; came ${lengthMs}`);
    }
    this.#watermark.load(from);
    this.#revisions.load(from);
    for (const name of Object.keys(this.#counts) as (keyof Counts)[]) this.#counts[name] = from.f64();
    loadSliding(from, this.#frame, this.#groups, this.#waiting);
  }

  free(): void {
    this.#lookup.free();
    this.#groups.free();
    this.#waiting.close();
    this.#frame.free();
  }

  #isDue(): boolean {
    if (this.#current.length > 0) return true;
    return this.#isClosing ? this.#waiting.size > 0 : this.#waiting.firstMs + 1 <= this.#watermark.ms;
  }

  /** @returns the first row not added: something is due there, or there is none */
  #addFrom(columns: RowColumns, from: number): number {
    const { words, at } = this.#lookup;
    const word = at / 4;
    const i32 = this.#i32;
    const timeWord = columns.timesAt / 4;
    const latestMs = this.#watermark.latestOf(columns.writtenMs);
    let dueAtMs = Number.NEGATIVE_INFINITY;
    let known = from;
    for (let row = from; row < columns.rows; row++) {
      const timeMs = i32[timeWord + 2 * row + 1]! * TWO_32 + (i32[timeWord + 2 * row]! >>> 0);
      if (timeMs > latestMs) {
        if (row >= known) known = this.#lookup.look(columns, row);
        words[word + row] = 0;
        this.#counts.ahead++;
        if (row >= known) known = row + 1;
        continue;
      }
      this.#watermark.see(timeMs);
      if (timeMs >= dueAtMs) {
        if (this.#isDue()) return row;
        if (this.#groups.dropTo(this.#watermark.ms)) {
          this.#lookup.forget(row);
          known = row;
        }
        dueAtMs = this.#watermark.reachedBy(Math.min(this.#waiting.firstMs + 1, this.#groups.dueMs));
      }
      if (row >= known) known = this.#lookup.look(columns, row);
      const group = row < known ? this.#groups.list.at(words[word + row]!) : undefined;
      words[word + row] = this.#taken(this.#placing.place(columns, row, timeMs, this.#watermark.ms, group));
      if (timeMs + 1 < dueAtMs) {
        dueAtMs = this.#watermark.reachedBy(Math.min(this.#waiting.firstMs + 1, this.#groups.dueMs));
      }
      if (row >= known) known = row + 1;
    }
    return columns.rows;
  }

  /** Counts a row, which waits there. @returns byte offset of where its values go; 0: it is in no window */
  #taken(waiting: number | "late" | "refused"): number {
    if (typeof waiting === "string") {
      this.#counts[waiting]++;
      return 0;
    }
    this.#counts.rows++;
    if (this.#waiting.groupOf(waiting).key === null) this.#counts.other++;
    return this.#waiting.valuesAt(waiting);
  }

  /** Takes the rows of the first moment that waits. */
  #begin(): void {
    const waiting = this.#waiting;
    this.#currentMs = waiting.firstMs;
    while (waiting.firstMs === this.#currentMs) {
      const row = waiting.take()!;
      const group = waiting.groupOf(row);
      if (group.current.length === 0) this.#current.push(group);
      group.current.push(row);
    }
    if (this.#current.length > 1) this.#current.sort(lastFirst);
  }

  /** Moves a group's window to the current moment. Undefined: no row in it has a value. */
  #slide(group: SlidingGroup): ClosedWindow | undefined {
    const { slide, current, key } = group;
    const timeMs = this.#currentMs;
    slide.evict(timeMs - this.#lengthMs);
    for (const row of current) {
      slide.add(timeMs, this.#waiting.valuesAt(row));
      this.#waiting.free(row);
    }
    group.waiting -= current.length;
    current.length = 0;
    group.lastMs = timeMs;
    slide.trim(group.waiting);
    slide.sum(this.#frame.record);
    if (this.#figures.isEmpty(this.#frame.record)) return undefined;
    const endMs = timeMs + 1;
    const revision = this.#revisions.firstOf(endMs);
    this.#revisions.gaveOut(endMs, revision);
    this.#counts[revision === 0 ? "windows" : "corrections"]++;
    const groups: readonly ClosedGroup[] = [{ key, record: this.#frame.record }];
    return { startMs: endMs - this.#lengthMs, endMs, revision, isWithdrawn: false, groups: () => groups };
  }

  /** The clock was set back: all that waits comes out first, then nothing is left. */
  #beginAnew(): void {
    this.#isClosing = true;
    if (this.#isDue()) return;
    this.#isClosing = false;
    this.#groups.dropAll();
    this.#lookup.forget(0);
    this.#watermark.reset();
    this.#revisions.beginAnew();
    this.#counts.setBacks++;
  }
}

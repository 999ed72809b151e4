/**
 * Sessions: rows of a group that follow one another by less than the gap are one, from the first to the gap after the last. A row that
 * begins exactly the gap after another is of the next.
 *
 * A row may connect two sessions, or move a start to before. What came out under a start that is none any more is withdrawn; what came
 * out under one that still is comes out again. A session that is open again comes out when the watermark reaches its new end, all
 * other changes together at the next edge (session-book.ts).
 *
 * A row that follows the newest of its group's sessions, as nearly all do, costs a look-up by a kernel, a few comparisons, and the
 * accumulation. Everything that asks the pool for memory comes after all rows before it were added, so that what a full pool refuses
 * does not depend on how rows are cut either. Times lie on multiples of four bytes.
 */

import type { ClosedSession } from "./closed-session.ts";
import { GroupLookup } from "./group-lookup.ts";
import type {
  ClosedWindow,
  OperatorCounts,
  OperatorFigures,
  OperatorOptions,
  WindowOperator,
} from "./operator.ts";
import { Revisions } from "./revisions.ts";
import type { RowColumns } from "./rows.ts";
import type { Session, SessionGroup } from "./session.ts";
import { SessionBook } from "./session-book.ts";
import { SessionGroups } from "./session-groups.ts";
import { SessionPlacing } from "./session-placing.ts";
import { loadSessions, saveSessions } from "./session-state.ts";
import type { WindowShape } from "./shape.ts";
import type { StateReader, StateWriter } from "./state.ts";
import { requireSpan, Watermark } from "./watermark.ts";

const TWO_32 = 4294967296;

type Counts = { -readonly [K in keyof OperatorCounts]: number };

export class SessionOperator implements WindowOperator {
  readonly #options: OperatorOptions;
  readonly #gapMs: number;
  readonly #watermark: Watermark;
  readonly #groups: SessionGroups;
  readonly #lookup: GroupLookup;
  readonly #book: SessionBook;
  readonly #placing: SessionPlacing;
  readonly #revisions = new Revisions();
  readonly #emptyRecord: number;
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
  /** What is due, the next one last; and the one that is being read. */
  #due: ClosedSession[] = [];
  #reading: ClosedSession | undefined;
  /** Rows from here on have their record's offset, but are not added to it. */
  #columns: RowColumns | undefined;
  #unaddedFrom = 0;
  #row = 0;

  /** @throws RangeError on a span of time that is none; PoolExhausted */
  constructor(options: OperatorOptions, shape: Extract<WindowShape, { kind: "session" }>) {
    requireSpan("latenessMs", options.latenessMs);
    const { kernels, pool, accumulation, latenessMs } = options;
    this.#options = options;
    this.#gapMs = shape.gapMs;
    this.#watermark = new Watermark(options);
    this.#i32 = new Int32Array(kernels.memory.buffer);
    this.#emptyRecord = accumulation.make();
    try {
      this.#groups = new SessionGroups(kernels, pool);
      try {
        this.#lookup = new GroupLookup(kernels, pool, this.#groups.table, options.maxRows);
      } catch (error) {
        this.#groups.free();
        throw error;
      }
    } catch (error) {
      accumulation.free(this.#emptyRecord);
      throw error;
    }
    this.#book = new SessionBook({
      accumulation,
      gapMs: shape.gapMs,
      latenessMs,
      revisions: this.#revisions,
      emptyRecord: this.#emptyRecord,
      onMerge: () => this.#addRows(),
      onEmpty: (group) => this.#forget(group),
    });
    this.#placing = new SessionPlacing({
      operator: options,
      gapMs: shape.gapMs,
      book: this.#book,
      groups: this.#groups,
      addRows: () => this.#addRows(),
    });
  }

  get watermarkMs(): number {
    return this.#watermark.ms;
  }

  get counts(): OperatorCounts {
    return this.#counts;
  }

  get figures(): OperatorFigures {
    return {
      windows: this.#book.size,
      groups: this.#groups.size + (this.#groups.others.sessions.length > 0 ? 1 : 0),
    };
  }

  add(columns: RowColumns, from: number): number {
    this.#doneReading();
    this.#lookup.begin(columns, from);
    this.#columns = columns;
    this.#unaddedFrom = this.#row = from;
    if (this.#watermark.isSetBack(columns.writtenMs)) this.#beginAnew();
    else this.#settle();
    const row = this.#due.length > 0 ? from : this.#addFrom(columns, from);
    this.#columns = undefined;
    this.#lookup.end(columns, row);
    return row;
  }

  next(): ClosedWindow | undefined {
    this.#doneReading();
    if (this.#due.length === 0) this.#settle();
    const closed = this.#due.pop();
    if (closed === undefined) return undefined;
    this.#reading = closed;
    if (closed.revision === 0) this.#counts.windows++;
    else this.#counts.corrections++;
    return closed;
  }

  advance(toMs: number): void {
    this.#watermark.advance(toMs);
  }

  finish(): void {
    this.#doneReading();
    this.#due = [...this.#book.closeAll().reverse(), ...this.#due];
  }

  lastOpenEndMs(): number | undefined {
    let lastMs = this.#book.edgeMs;
    for (const { newest } of [this.#groups.others, ...this.#groups.sorted()]) {
      if (newest?.isOpen) lastMs = Math.max(lastMs ?? Number.NEGATIVE_INFINITY, newest.lastMs + this.#gapMs);
    }
    return lastMs;
  }

  save(out: StateWriter): void {
    this.#doneReading();
    if (this.#due.length > 0)
      throw new Error("expected nothing to be due; there are sessions that did not come out");
    out.f64(this.#gapMs);
    this.#watermark.save(out);
    this.#revisions.save(out);
    for (const count of Object.values(this.#counts)) out.f64(count);
    saveSessions(
      out,
      this.#book,
      this.#watermark.ms,
      [this.#groups.others, ...this.#groups.sorted()],
      this.#options.accumulation,
    );
  }

  load(from: StateReader): void {
    const gapMs = from.f64();
    if (gapMs !== this.#gapMs)
      throw new RangeError(`expected sessions with a gap of ${this.#gapMs} ms; came ${gapMs}`);
    this.#watermark.load(from);
    this.#revisions.load(from);
    for (const name of Object.keys(this.#counts) as (keyof Counts)[]) this.#counts[name] = from.f64();
    loadSessions(from, this.#book, this.#options.accumulation, (key) => this.#groups.make(key));
  }

  free(): void {
    this.#doneReading();
    for (const { isLast, record } of this.#due) if (isLast) this.#options.accumulation.free(record);
    for (const closed of this.#book.closeAll())
      if (closed.isLast) this.#options.accumulation.free(closed.record);
    this.#options.accumulation.free(this.#emptyRecord);
    this.#lookup.free();
    this.#groups.free();
  }

  /** @returns the first row not added: something is due there, or there is none */
  #addFrom(columns: RowColumns, from: number): number {
    const { words, at } = this.#lookup;
    const word = at / 4;
    const i32 = this.#i32;
    const timeWord = columns.timesAt / 4;
    const latestMs = this.#watermark.latestOf(columns.writtenMs);
    let dueAtMs = this.#watermark.reachedBy(this.#book.dueMs);
    let known = from;
    for (let row = from; row < columns.rows; row++) {
      const timeMs = i32[timeWord + 2 * row + 1]! * TWO_32 + (i32[timeWord + 2 * row]! >>> 0);
      this.#row = row;
      if (row >= known) known = this.#lookup.look(columns, row);
      if (timeMs > latestMs) {
        words[word + row] = 0;
        this.#counts.ahead++;
        if (row >= known) known = row + 1;
        continue;
      }
      this.#watermark.see(timeMs);
      if (timeMs >= dueAtMs) {
        this.#addRows();
        this.#settle();
        if (this.#due.length > 0) return row;
        dueAtMs = this.#watermark.reachedBy(this.#book.dueMs);
        // Groups may be gone.
        known = this.#lookup.look(columns, row);
      }
      const group = row < known ? this.#groups.at(words[word + row]!) : undefined;
      const session = group?.newest;
      if (session?.isOpen && timeMs >= session.firstMs && timeMs - session.lastMs < this.#gapMs) {
        if (timeMs > session.lastMs) session.lastMs = timeMs;
        words[word + row] = session.record;
        this.#counts.rows++;
        continue;
      }
      words[word + row] = this.#taken(this.#placing.place(columns, row, timeMs, this.#watermark.ms, group));
      dueAtMs = this.#watermark.reachedBy(this.#book.dueMs);
      if (row >= known) known = row + 1;
    }
    this.#row = columns.rows;
    this.#addRows();
    return columns.rows;
  }

  /** Counts a row. @returns the record that it goes to; 0: to none */
  #taken(session: Session | "late" | "refused"): number {
    if (typeof session === "string") {
      this.#counts[session]++;
      return 0;
    }
    this.#counts.rows++;
    if (session.group.key === null) this.#counts.other++;
    return session.record;
  }

  #forget(group: SessionGroup): void {
    this.#groups.remove(group);
    this.#lookup.forget(this.#row);
  }

  /** Adds the rows that have their record's offset to their records. */
  #addRows(): void {
    if (this.#columns === undefined || this.#unaddedFrom === this.#row) return;
    this.#options.accumulation.add(this.#columns, this.#lookup.at, this.#unaddedFrom, this.#row);
    this.#unaddedFrom = this.#row;
  }

  /** Sees to what the watermark has reached. */
  #settle(): void {
    const watermarkMs = this.#watermark.ms;
    if (watermarkMs >= this.#book.dueMs) this.#due = this.#book.closeTo(watermarkMs).reverse();
  }

  #beginAnew(): void {
    this.#due = this.#book.closeAll().reverse();
    this.#watermark.reset();
    this.#revisions.beginAnew();
    this.#counts.setBacks++;
  }

  #doneReading(): void {
    if (this.#reading?.isLast) this.#options.accumulation.free(this.#reading.record);
    this.#reading = undefined;
  }
}

/**
 * The newest rows of an export, the latest first, in two readings: the first finds the time from which on there are as many as are
 * wanted, the second gathers those rows, which are then handed out in order.
 *
 * Memory: the wanted rows with the columns that are wanted, and twice as many times. Of rows of one time, any are taken when not all
 * can be.
 */

import { RowGatherer } from "../../datasets/row-gatherer.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import type { TableShape } from "../../datasets/shape.ts";
import { type PublicBatch, readInt64 } from "../../runtime/batch/index.ts";

/** Rows of a batch that comes out. */
const BATCH_ROWS = 4096;
const FIRST_ROOM = 4096;

/** The first reading. */
export class NewestTimes {
  readonly #shape: TableShape;
  readonly #limit: number;
  #times = new Float64Array(FIRST_ROOM);
  #count = 0;
  /** No row before this one is among the newest. */
  #floorMs = Number.NEGATIVE_INFINITY;

  /** @param limit rows that are wanted, at least 1 */
  constructor(shape: TableShape, limit: number) {
    this.#shape = shape;
    this.#limit = limit;
  }

  observe(batch: PublicBatch, { from, to }: RowRun): void {
    const { i32 } = batch.views;
    const at = batch.dataAt(this.#shape.plan.public(this.#shape.time)) >>> 2;
    for (let row = from; row < to; row++) {
      const timeMs = readInt64(i32, at + row * 2);
      if (timeMs < this.#floorMs) continue;
      if (this.#count === this.#times.length) this.#makeRoom();
      this.#times[this.#count++] = timeMs;
    }
  }

  decide(): NewestRows {
    this.#prune();
    const above = this.#times.subarray(0, this.#count).filter((timeMs) => timeMs > this.#floorMs).length;
    return new NewestRows(this.#shape, { limit: this.#limit, fromMs: this.#floorMs, above });
  }

  #makeRoom(): void {
    if (this.#times.length < 2 * this.#limit) {
      const larger = new Float64Array(Math.min(2 * this.#times.length, 2 * this.#limit));
      larger.set(this.#times);
      this.#times = larger;
    } else this.#prune();
  }

  /** Keeps the latest ones. */
  #prune(): void {
    if (this.#count <= this.#limit) return;
    this.#times.subarray(0, this.#count).sort();
    this.#times.copyWithin(0, this.#count - this.#limit, this.#count);
    this.#count = this.#limit;
    this.#floorMs = this.#times[0]!;
  }
}

interface Wanted {
  readonly limit: number;
  /** All rows after this time are wanted, and of it as many as there is room for. */
  readonly fromMs: number;
  /** How many there are after it. */
  readonly above: number;
}

/** The second reading, and the result. */
class NewestRows {
  /** Of the result: the columns of the order. */
  readonly shape: TableShape;
  readonly #source: TableShape;
  readonly #fromMs: number;
  readonly #gatherer: RowGatherer;
  readonly #times: Float64Array;
  /** Rows of the time `fromMs` that there is room for. */
  #roomAtFloor: number;

  constructor(source: TableShape, { limit, fromMs, above }: Wanted) {
    this.#source = source;
    this.#fromMs = fromMs;
    this.#roomAtFloor = limit - above;
    this.#gatherer = new RowGatherer(source, limit);
    this.#times = new Float64Array(limit);
    this.shape = { ...source, plan: this.#gatherer.plan };
  }

  /** Takes rows of the first reading again; those that are not wanted are passed over. */
  add(batch: PublicBatch, { from, to }: RowRun): void {
    const { i32 } = batch.views;
    const at = batch.dataAt(this.#source.plan.public(this.#source.time)) >>> 2;
    let first = from;
    for (let row = from; row < to; row++) {
      const timeMs = readInt64(i32, at + row * 2);
      if (this.#takes(timeMs)) this.#times[this.#gatherer.rows + row - first] = timeMs;
      else {
        this.#gatherer.add(batch, first, row);
        first = row + 1;
      }
    }
    this.#gatherer.add(batch, first, to);
  }

  /** The result, the latest first, each batch valid until the next is asked for. To be called once, after the last `add`. */
  *rows(): Generator<PublicBatch, void, void> {
    const count = this.#gatherer.rows;
    const times = this.#times;
    const order = Uint32Array.from({ length: count }, (_, row) => row);
    order.sort((a, b) => times[b]! - times[a]! || b - a);
    const gathered = this.#gatherer.takeBatch();
    const out = new RowGatherer(this.shape, Math.min(BATCH_ROWS, Math.max(1, count)));
    for (const row of order) {
      out.add(gathered, row, row + 1);
      if (out.isFull) yield out.takeBatch();
    }
    if (out.rows > 0) yield out.takeBatch();
  }

  #takes(timeMs: number): boolean {
    if (timeMs > this.#fromMs) return true;
    return timeMs === this.#fromMs && this.#roomAtFloor-- > 0;
  }
}

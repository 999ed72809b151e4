/** Items on their way into the windows: their times, keys and measures as columns in the kernels' memory. */

import type { KeyColumn, RowColumns, ValueColumn } from "../../windowing/rows.ts";
import type { AggregateSpace } from "../space.ts";

const TWO_32 = 2 ** 32;

export class ItemColumns {
  /** Items that wait. */
  rows = 0;
  /** As many as wait at the most. */
  readonly capacity: number;
  readonly #space: AggregateSpace;
  readonly #at: number;
  readonly #bytes: number;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #timesAt: number;
  readonly #keys: KeyColumn | undefined;
  readonly #values: readonly ValueColumn[];
  /** Indexes of the first values. */
  readonly #time: number;
  readonly #key: number;
  readonly #measures: readonly number[];

  /** @throws PoolExhausted */
  constructor(space: AggregateSpace, capacity: number, measures: number, hasKeys: boolean) {
    const columnBytes = capacity * 8;
    this.capacity = capacity;
    this.#space = space;
    this.#bytes = 2 ** Math.ceil(Math.log2(columnBytes * (2 + measures)));
    this.#at = space.pool.allocate(this.#bytes);
    this.#f64 = space.f64;
    this.#u32 = new Uint32Array(space.f64.buffer);
    this.#timesAt = this.#at;
    const keysAt = this.#at + columnBytes;
    const valuesAt = Array.from({ length: measures }, (_, index) => keysAt + columnBytes * (index + 1));
    this.#keys = hasKeys ? { width: 8, at: keysAt } : undefined;
    this.#values = valuesAt.map((at) => ({ type: "f64", at, validity: 0 }));
    this.#time = this.#timesAt / 4;
    this.#key = keysAt / 4;
    this.#measures = valuesAt.map((at) => at / 8);
  }

  /** @param timeMs a whole number */
  setTime(timeMs: number): void {
    const index = this.#time + this.rows * 2;
    this.#u32[index] = timeMs;
    this.#u32[index + 1] = Math.floor(timeMs / TWO_32);
  }

  /** @param key a whole number, not negative */
  setKey(key: number): void {
    const index = this.#key + this.rows * 2;
    this.#u32[index] = key;
    this.#u32[index + 1] = Math.floor(key / TWO_32);
  }

  /** @param value NaN: it is missing */
  setMeasure(measure: number, value: number): void {
    this.#f64[(this.#measures[measure] as number) + this.rows] = value;
  }

  /** All that wait. @param writtenMs as RowColumns has it */
  columns(writtenMs: number): RowColumns {
    const { rows } = this;
    const facts = { rows, timesAt: this.#timesAt, values: this.#values, writtenMs };
    return this.#keys === undefined ? facts : { ...facts, keys: this.#keys };
  }

  free(): void {
    this.#space.pool.free(this.#at, this.#bytes);
  }
}

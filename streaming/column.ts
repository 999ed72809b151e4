/**
 * Values on their way into a kernel: they gather in a short column of the space, because one call for a column costs hardly more
 * than one call for a value.
 */

import type { AggregateSpace } from "./space.ts";

/** A column of 2 KiB stays in the processor's nearest cache, and makes the call's cost a hundredth of a value's. */
const ROWS = 256;
const BYTES = ROWS * 8;

export class ValueColumn {
  /** Values that wait. */
  rows = 0;
  /** Byte offset of the first. */
  readonly at: number;
  readonly #space: AggregateSpace;
  readonly #f64: Float64Array;
  readonly #first: number;

  /** @throws PoolExhausted */
  constructor(space: AggregateSpace) {
    this.#space = space;
    this.#f64 = space.f64;
    this.at = space.pool.allocate(BYTES);
    this.#first = this.at / 8;
  }

  /** Appends a value. @returns whether the column is full now, and has to be emptied before the next one */
  push(value: number): boolean {
    this.#f64[this.#first + this.rows] = value;
    return ++this.rows === ROWS;
  }

  free(): void {
    this.#space.pool.free(this.at, BYTES);
  }
}

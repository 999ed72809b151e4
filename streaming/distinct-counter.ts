/**
 * How many different values a stream has, in at most 4 KiB: HyperLogLog of the kernels (wasm/kernels/hyperloglog.ts). Exact while they are
 * few (up to some 380), then within a standard error of HLL_STANDARD_ERROR (1.6 %).
 *
 * Values are different when a Set would say so: 5, 5n and "5" are three, 0 and -0 are one. NaN is no value.
 */

import { HLL_MIN_BYTES, PoolExhausted } from "../wasm/index.ts";
import { type AggregateSpace, defaultSpace } from "./space.ts";
import { hashText } from "./text-hash.ts";

export type DistinctValue = string | number | bigint;

export interface DistinctCounterOptions {
  readonly space?: AggregateSpace;
}

/** Values gather in a column of 2 KiB: a call of the kernel costs hardly more for all of them than for one. */
const ROWS = 256;
const COLUMN_BYTES = ROWS * 8;
const TEXT_SEED = 0;
const BIGINT_SEED = 0x9e3779b9;

export class DistinctCounter {
  readonly #space: AggregateSpace;
  readonly #f64: Float64Array;
  readonly #u32: Uint32Array;
  readonly #column: number;
  /** The smallest block, for the first values and those after a reset. */
  readonly #first: number;
  #rows = 0;
  #block: number;
  #missed = 0;
  #isFreed = false;

  /** @throws PoolExhausted when the space has no room for one more */
  constructor(options: DistinctCounterOptions = {}) {
    this.#space = options.space ?? defaultSpace();
    const { kernels, pool } = this.#space;
    this.#f64 = this.#space.f64;
    this.#u32 = new Uint32Array(kernels.memory.buffer);
    this.#column = pool.allocate(COLUMN_BYTES);
    try {
      this.#first = this.#block = pool.allocate(HLL_MIN_BYTES);
    } catch (error) {
      pool.free(this.#column, COLUMN_BYTES);
      throw error;
    }
    kernels.hllInit(this.#block, HLL_MIN_BYTES);
  }

  add(value: DistinctValue): void {
    if (typeof value === "number") {
      if (Number.isNaN(value)) return;
      // Adding 0 makes -0 into 0.
      this.#f64[this.#column / 8 + this.#rows] = value + 0;
    } else {
      const isText = typeof value === "string";
      const text = isText ? value : value.toString(36);
      hashText(text, isText ? TEXT_SEED : BIGINT_SEED, this.#u32, this.#column / 4 + this.#rows * 2);
    }
    if (++this.#rows === ROWS) this.#flush();
  }

  /** How many different values were added, about: a whole number. */
  estimate(): number {
    this.#flush();
    return Math.round(this.#space.kernels.hllEstimate(this.#block));
  }

  /** Values that count nowhere, because the space had no room for more. `reset` begins anew. */
  get missed(): number {
    this.#flush();
    return this.#missed;
  }

  /** Adds all that `other`, of the same space, has seen; it stays as it is. @throws RangeError for one of another space */
  merge(other: DistinctCounter): void {
    if (other.#space !== this.#space) throw new RangeError("expected a counter of the same space");
    this.#flush();
    this.#missed += other.missed;
    const { kernels } = this.#space;
    for (;;) {
      const needs = kernels.hllMerge(this.#block, other.#block);
      if (needs === 0) return;
      if (this.#grow(needs)) continue;
      // How many of them it has is not known: so many are missed at the most.
      this.#missed += other.estimate();
      return;
    }
  }

  /** Forgets all values. */
  reset(): void {
    this.#rows = 0;
    this.#missed = 0;
    this.#moveTo(this.#first);
    this.#space.kernels.hllInit(this.#first, HLL_MIN_BYTES);
  }

  /** Gives its memory back. It must not be used afterwards; a second time does nothing. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#moveTo(this.#first);
    this.#space.pool.free(this.#first, HLL_MIN_BYTES);
    this.#space.pool.free(this.#column, COLUMN_BYTES);
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #flush(): void {
    const rows = this.#rows;
    this.#rows = 0;
    const { kernels } = this.#space;
    for (let row = 0; row < rows; ) {
      row = kernels.hllAdd(this.#block, this.#column, row, rows);
      if (row === rows || this.#grow(kernels.hllBytes(this.#block) * 2)) continue;
      this.#missed++;
      row++;
    }
  }

  /** Moves to a larger block; false when there is no room for one. */
  #grow(bytes: number): boolean {
    const { kernels, pool } = this.#space;
    let block: number;
    try {
      block = pool.allocate(bytes);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      return false;
    }
    kernels.hllGrow(this.#block, block, bytes);
    this.#moveTo(block);
    return true;
  }

  #moveTo(block: number): void {
    const { kernels, pool } = this.#space;
    if (this.#block !== this.#first) pool.free(this.#block, kernels.hllBytes(this.#block));
    this.#block = block;
  }
}

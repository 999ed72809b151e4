/**
 * Percentiles of a stream of numbers, any time, in bounded memory: a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-
 * mergeable quantile sketch with relative-error guarantees", VLDB 2019) of the kernels.
 *
 * A percentile is the value at rank ⌊q × (count − 1)⌋ of all values in order, within SKETCH_RELATIVE_ERROR (0.8 %) of it; the
 * smallest and the largest are exact. Zero and negative values have the same bound; NaN is left out.
 */

import { PoolExhausted, Sketch } from "../wasm/index.ts";
import { ValueColumn } from "./column.ts";
import { type AggregateSpace, defaultSpace } from "./space.ts";

export interface Percentiles {
  readonly 50: number;
  readonly 90: number;
  readonly 95: number;
  readonly 99: number;
}

/** A sketch counts in 32 bits. */
const MOST_VALUES = 2 ** 32 - 1;

export class PercentileTracker {
  readonly #space: AggregateSpace;
  readonly #column: ValueColumn;
  #sketch: Sketch;
  #missed = 0;
  #isFreed = false;

  /** @throws PoolExhausted when the space has no room for one more */
  constructor(space: AggregateSpace = defaultSpace()) {
    this.#space = space;
    this.#column = new ValueColumn(space);
    try {
      this.#sketch = new Sketch(space.kernels, space.pool);
    } catch (error) {
      this.#column.free();
      throw error;
    }
  }

  add(value: number): void {
    if (this.#column.push(value)) this.#flush();
  }

  /** Values added, NaN not among them. */
  get count(): number {
    this.#flush();
    return this.#sketch.count;
  }

  /**
   * Values that count nowhere, because the space had no room for the sketch to grow, or there were 4 294 967 295 values
   * already. `reset` begins anew.
   */
  get missed(): number {
    this.#flush();
    return this.#missed;
  }

  /** Smallest value; NaN when there is none. */
  get min(): number {
    this.#flush();
    return this.#sketch.min;
  }

  /** Largest value; NaN when there is none. */
  get max(): number {
    this.#flush();
    return this.#sketch.max;
  }

  /** The value that `percent` (0 to 100) of all values do not exceed; NaN when there is none. */
  percentile(percent: number): number {
    this.#flush();
    return this.#sketch.quantile(percent / 100);
  }

  /** The usual four. */
  percentiles(): Percentiles {
    return {
      50: this.percentile(50),
      90: this.percentile(90),
      95: this.percentile(95),
      99: this.percentile(99),
    };
  }

  /** Adds all that `other`, of the same space, has seen; it stays as it is. @throws RangeError for one of another space */
  merge(other: PercentileTracker): void {
    if (other.#space !== this.#space) throw new RangeError("expected a tracker of the same space");
    this.#missed += other.missed;
    const { count } = other;
    if (this.count + count > MOST_VALUES) {
      this.#missed += count;
      return;
    }
    try {
      this.#sketch.merge(other.#sketch);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.#missed += count;
    }
  }

  /** Forgets all values. */
  reset(): void {
    this.#column.rows = 0;
    this.#missed = 0;
    this.#space.kernels.sketchInit(this.#sketch.ptr, this.#sketch.bytes);
  }

  /** Gives its memory back. It must not be used afterwards; a second time does nothing. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#column.free();
    this.#sketch.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #flush(): void {
    const { rows, at } = this.#column;
    if (rows === 0) return;
    this.#column.rows = 0;
    if (this.#sketch.count > MOST_VALUES - rows) {
      this.#missed += rows;
      return;
    }
    for (let row = 0; row < rows; row++) {
      const before = this.#seen();
      try {
        this.#sketch.addF64(at + row * 8, rows - row);
        return;
      } catch (error) {
        if (!(error instanceof PoolExhausted)) throw error;
        // Up to the one that would need more room; those after it may do without.
        row += this.#seen() - before;
        this.#missed++;
      }
    }
  }

  #seen(): number {
    return this.#sketch.count + this.#space.kernels.sketchNanCount(this.#sketch.ptr);
  }
}

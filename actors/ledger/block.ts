/**
 * One side of one account of the ledger: a version and up to fifteen figures, in the shared memory. One thread writes it, any
 * may read it. Several figures change as one: the version is odd meanwhile, and who reads looks again (a seqlock).
 */

import { CACHE_PAIR_BYTES } from "../../runtime/arena.ts";
import { viewsOf } from "../../runtime/batch/index.ts";

export const BLOCK_BYTES = CACHE_PAIR_BYTES;
export const CELLS = BLOCK_BYTES / 8;
/** A change takes well below a microsecond: after this many looks, who makes it was put to sleep by the host, or has died. */
export const READ_ATTEMPTS = 1000;

/** Where the ledger lies. Plain data. */
export interface LedgerSpec {
  readonly offset: number;
  readonly datasets: readonly string[];
}

export class Block {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #at: number;

  constructor(memory: WebAssembly.Memory, spec: LedgerSpec, dataset: string, side: 0 | 1) {
    const index = spec.datasets.indexOf(dataset);
    if (index < 0) throw new RangeError(`the ledger has no account of ${dataset}`);
    const views = viewsOf(memory.buffer);
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#at = (spec.offset + (index * 2 + side) * BLOCK_BYTES) >>> 3;
  }

  get(cell: number): number {
    return this.#f64[this.#at + cell]!;
  }

  set(cell: number, value: number): void {
    this.#f64[this.#at + cell] = value;
  }

  add(cell: number, count: number): void {
    this.#f64[this.#at + cell] = this.#f64[this.#at + cell]! + count;
  }

  get version(): number {
    return Atomics.load(this.#i32, this.#at * 2);
  }

  /**
   * Puts all figures, as they were at one moment, into `cells`.
   * @returns false when a change was under way all the time: `cells` are what they are, some from before it and some after
   */
  trySettled(cells: Float64Array): boolean {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const before = this.version;
      this.copyTo(cells);
      if ((before & 1) === 0 && this.version === before) return true;
    }
    return false;
  }

  /** Copies all figures. What they were at one moment, if the version is even and the same afterwards. */
  copyTo(cells: Float64Array): void {
    for (let cell = 0; cell < CELLS; cell++) cells[cell] = this.#f64[this.#at + cell]!;
  }

  /** Makes a change of several figures one change. Odd is published before, even after: a reader trusts only even twice. */
  change(make: () => void): void {
    // A change that its thread did not live to end has left an odd version: this one begins on it.
    Atomics.store(this.#i32, this.#at * 2, this.version | 1);
    make();
    Atomics.store(this.#i32, this.#at * 2, (this.version + 1) | 0);
  }
}

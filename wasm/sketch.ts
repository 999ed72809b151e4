/**
 * A sketch as an object, for code that would rather not handle blocks: it moves to a larger block by itself when one
 * fills. Hot paths with thousands of sketches call the kernels by offset and do the same themselves.
 */

import { SKETCH_MIN_BYTES } from "./contract/sketch.ts";
import type { Kernels } from "./kernels.ts";

/** Hands out blocks of the shared memory, 8-byte aligned; what `allocate` gave goes back by `free` with the same size. */
export interface BlockAllocator {
  allocate(bytes: number): number;
  free(ptr: number, bytes: number): void;
}

export class Sketch {
  readonly #kernels: Kernels;
  readonly #allocator: BlockAllocator;
  #ptr: number;
  #bytes: number;

  /** An empty sketch of `bytes` bytes (a power of two, default the smallest). `free` it after use. */
  constructor(kernels: Kernels, allocator: BlockAllocator, bytes: number = SKETCH_MIN_BYTES) {
    this.#kernels = kernels;
    this.#allocator = allocator;
    this.#bytes = bytes;
    this.#ptr = allocator.allocate(bytes);
    kernels.sketchInit(this.#ptr, bytes);
  }

  /** Where the sketch lies now; changes when it grows. */
  get ptr(): number {
    return this.#ptr;
  }

  /** Size of the block it lies in now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Values added; NaN is not among them. */
  get count(): number {
    return this.#kernels.sketchCount(this.#ptr);
  }

  /** Smallest value added, exact; NaN when empty. */
  get min(): number {
    return this.#kernels.sketchMin(this.#ptr);
  }

  /** Largest value added, exact; NaN when empty. */
  get max(): number {
    return this.#kernels.sketchMax(this.#ptr);
  }

  /** Adds one value; NaN is counted apart. */
  add(value: number): void {
    for (;;) {
      const needed = this.#kernels.sketchAdd(this.#ptr, value);
      if (needed === 0) return;
      this.#grow(needed);
    }
  }

  /** Adds `rows` doubles at `values`, passing over null rows (`validity` 0: none is null). */
  addF64(values: number, rows: number, validity = 0): void {
    let row = 0;
    for (;;) {
      row = this.#kernels.sketchAddF64(this.#ptr, values, validity, row, rows);
      if (row === rows) return;
      this.#grow(this.#kernels.sketchNeeds(this.#ptr));
    }
  }

  /** Adds all that `other` has seen; `other` must lie in the same memory, and stays as it is. */
  merge(other: Sketch): void {
    for (;;) {
      const needed = this.#kernels.sketchMerge(this.#ptr, other.#ptr);
      if (needed === 0) return;
      this.#grow(needed);
    }
  }

  /** The value at rank q × (count − 1), within SKETCH_RELATIVE_ERROR; NaN when empty. */
  quantile(q: number): number {
    return this.#kernels.sketchQuantile(this.#ptr, q);
  }

  /** Gives the block back. The sketch must not be used afterwards. */
  free(): void {
    this.#allocator.free(this.#ptr, this.#bytes);
  }

  #grow(bytes: number): void {
    const ptr = this.#allocator.allocate(bytes);
    this.#kernels.sketchGrow(this.#ptr, ptr, bytes);
    this.#allocator.free(this.#ptr, this.#bytes);
    this.#ptr = ptr;
    this.#bytes = bytes;
  }
}

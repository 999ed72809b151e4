/** What a window keeps of one group and measure: moments and a sketch, both kernel blocks. */

import { type BlockAllocator, type Kernels, MOMENTS_BYTES, PoolExhausted, Sketch } from "../../wasm/index.ts";

export class Aggregate {
  readonly #kernels: Kernels;
  readonly #pool: BlockAllocator;
  readonly #sketch: Sketch;
  readonly moments: number;

  /** @throws PoolExhausted when there is no room for one more */
  constructor(kernels: Kernels, pool: BlockAllocator) {
    this.#kernels = kernels;
    this.#pool = pool;
    this.moments = pool.allocate(MOMENTS_BYTES);
    kernels.momentsInit(this.moments);
    try {
      this.#sketch = new Sketch(kernels, pool);
    } catch (error) {
      pool.free(this.moments, MOMENTS_BYTES);
      throw error;
    }
  }

  /** @returns false when the sketch had no room to grow for it: the moments have the value, the percentiles do not */
  add(value: number): boolean {
    this.#kernels.momentsAdd(this.moments, value);
    try {
      this.#sketch.add(value);
      return true;
    } catch (error) {
      if (error instanceof PoolExhausted) return false;
      throw error;
    }
  }

  get count(): number {
    return this.#kernels.momentsCount(this.moments);
  }

  get sketchAt(): number {
    return this.#sketch.ptr;
  }

  free(): void {
    this.#pool.free(this.moments, MOMENTS_BYTES);
    this.#sketch.free();
  }
}

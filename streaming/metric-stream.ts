/**
 * One stream of an aggregator: the values of a metric, or of one group of it, over the last window.
 *
 * The window is a ring of PANES blocks of moments. Percentiles take more room, so their panes are coarser: each sketch covers
 * PANES_A_SKETCH panes, and is there only when values are. Panes are numbered since the epoch, so that all streams are cut at the same
 * moments. A value costs one call of each kernel; everything else waits for a question, or for a pane that is over.
 */

import {
  type BlockAllocator,
  type Kernels,
  MOMENTS_BYTES,
  PoolExhausted,
  SKETCH_MIN_BYTES,
} from "../wasm/index.ts";

/** Parts that leave a window at once. */
export const PANES = 30;
const PANES_A_SKETCH = 3;
/** The window may begin and end within a sketch's panes. */
const SKETCHES = PANES / PANES_A_SKETCH + 1;
const RING_BYTES = 2 ** Math.ceil(Math.log2(PANES * MOMENTS_BYTES));

export interface StreamSpace {
  readonly kernels: Kernels;
  readonly pool: BlockAllocator;
}

export class MetricStream {
  /** Wall time at which the latest value came. */
  seenMs: number;
  readonly #space: StreamSpace;
  readonly #ring: number;
  /** Blocks by number modulo SKETCHES; 0: none. */
  readonly #sketches: number[] = new Array(SKETCHES).fill(0);
  /** Latest pane that had a value. */
  #newest: number;
  #expired = 0;

  /** @throws PoolExhausted */
  constructor(space: StreamSpace, pane: number, nowMs: number) {
    this.#space = space;
    this.#ring = space.pool.allocate(RING_BYTES);
    this.#newest = pane;
    this.seenMs = nowMs;
    for (let index = 0; index < PANES; index++) space.kernels.momentsInit(this.#ring + index * MOMENTS_BYTES);
  }

  get newest(): number {
    return this.#newest;
  }

  /** Values that have left the window, as far as their room was needed for others. */
  get expired(): number {
    return this.#expired;
  }

  /** Whether a value of this pane comes when its time has left the window already. @param nowPane the pane that is on */
  isLate(pane: number, nowPane: number): boolean {
    return pane <= Math.max(nowPane, this.#newest) - PANES;
  }

  /**
   * Adds a value, which is not late.
   * @returns false when it is in the moments, and there was no room for it in the percentiles
   */
  add(value: number, pane: number): boolean {
    if (pane > this.#newest) this.#moveTo(pane);
    this.#space.kernels.momentsAdd(this.#momentsOf(pane), value);
    return this.#addToSketch(value, Math.floor(pane / PANES_A_SKETCH));
  }

  /** Merges the panes from `first` to `last` into two blocks; sketches that reach over `first` count whole. */
  collect(first: number, last: number, moments: number, sketch: number): void {
    const { kernels } = this.#space;
    const from = Math.max(first, this.#newest - PANES + 1);
    const to = Math.min(last, this.#newest);
    for (let pane = from; pane <= to; pane++) kernels.momentsMerge(moments, this.#momentsOf(pane));
    if (from > to) return;
    const lastSketch = Math.floor(to / PANES_A_SKETCH);
    for (let index = Math.floor(from / PANES_A_SKETCH); index <= lastSketch; index++) {
      const block = this.#sketches[indexOf(index, SKETCHES)]!;
      if (block !== 0) kernels.sketchMerge(sketch, block);
    }
  }

  /** Values of the panes from `first` to `last`. */
  count(first: number, last: number): number {
    let count = 0;
    const to = Math.min(last, this.#newest);
    for (let pane = Math.max(first, this.#newest - PANES + 1); pane <= to; pane++) {
      count += this.#space.kernels.momentsCount(this.#momentsOf(pane));
    }
    return count;
  }

  /** Gives back the memory of what has left the window. */
  trim(nowPane: number): void {
    if (nowPane > this.#newest) this.#dropSketches(nowPane);
  }

  free(): void {
    for (let index = 0; index < PANES; index++) this.#expire(this.#ring + index * MOMENTS_BYTES);
    for (let index = 0; index < SKETCHES; index++) this.#freeSketch(index);
    this.#space.pool.free(this.#ring, RING_BYTES);
  }

  #moveTo(pane: number): void {
    this.#dropSketches(pane);
    const first = Math.max(this.#newest + 1, pane - PANES + 1);
    for (let next = first; next <= pane; next++) this.#expire(this.#momentsOf(next));
    this.#newest = pane;
  }

  #expire(moments: number): void {
    this.#expired += this.#space.kernels.momentsCount(moments);
    this.#space.kernels.momentsInit(moments);
  }

  /** Those all of whose panes are a window older than `pane`. */
  #dropSketches(pane: number): void {
    const oldest = Math.floor((this.#newest - PANES + 1) / PANES_A_SKETCH);
    const kept = Math.floor((pane - PANES + 1) / PANES_A_SKETCH);
    const end = Math.min(kept, oldest + SKETCHES);
    for (let index = oldest; index < end; index++) this.#freeSketch(indexOf(index, SKETCHES));
  }

  #freeSketch(index: number): void {
    const block = this.#sketches[index]!;
    if (block === 0) return;
    this.#sketches[index] = 0;
    this.#space.pool.free(block, this.#space.kernels.sketchBytes(block));
  }

  /** @returns false when there is no room */
  #addToSketch(value: number, number: number): boolean {
    const { kernels, pool } = this.#space;
    const index = indexOf(number, SKETCHES);
    try {
      if (this.#sketches[index] === 0) {
        const made = pool.allocate(SKETCH_MIN_BYTES);
        kernels.sketchInit(made, SKETCH_MIN_BYTES);
        this.#sketches[index] = made;
      }
      for (;;) {
        const block = this.#sketches[index]!;
        const needed = kernels.sketchAdd(block, value);
        if (needed === 0) return true;
        const larger = pool.allocate(needed);
        kernels.sketchGrow(block, larger, needed);
        pool.free(block, kernels.sketchBytes(block));
        this.#sketches[index] = larger;
      }
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      return false;
    }
  }

  #momentsOf(pane: number): number {
    return this.#ring + indexOf(pane, PANES) * MOMENTS_BYTES;
  }
}

function indexOf(number: number, size: number): number {
  return ((number % size) + size) % size;
}

/**
 * The last panes of a window as a queue of two stacks of moments: what is in it can be asked for in constant time, and so can a pane
 * be added or leave, on the average.
 *
 * Panes are numbered; the queue holds `panes` of them, ending with the newest. Of the **older** part each pane's block holds the sum from
 * it to that part's end; of the **younger** part each pane's block holds the pane alone, and `total` their sum. When the older part
 * is used up, the younger one becomes it, by one merge a pane.
 */

import { MOMENTS_BYTES } from "../wasm/index.ts";
import type { AggregateSpace } from "./space.ts";

export class PaneQueue {
  readonly #space: AggregateSpace;
  readonly #panes: number;
  readonly #bytes: number;
  /** A ring of a block a pane. */
  readonly #ring: number;
  /** The younger part's sum, and room for an answer. */
  readonly #total: number;
  readonly #answer: number;
  #newest = 0;
  /** First pane of the younger part. All before it that are kept are the older part. */
  #younger = 0;

  /** @throws PoolExhausted */
  constructor(space: AggregateSpace, panes: number) {
    this.#space = space;
    this.#panes = panes;
    this.#bytes = 2 ** Math.ceil(Math.log2((panes + 2) * MOMENTS_BYTES));
    this.#ring = space.pool.allocate(this.#bytes);
    this.#total = this.#ring + panes * MOMENTS_BYTES;
    this.#answer = this.#total + MOMENTS_BYTES;
    this.clear(0);
  }

  /** Empties it; `pane` is the newest. */
  clear(pane: number): void {
    const { kernels } = this.#space;
    for (let index = 0; index < this.#panes + 2; index++) {
      kernels.momentsInit(this.#ring + index * MOMENTS_BYTES);
    }
    this.#newest = pane;
    this.#younger = pane - this.#panes + 1;
  }

  /** Makes `pane` (after the newest) the newest: those that are no longer among the last leave. */
  advance(pane: number): void {
    if (pane - this.#newest >= this.#panes) {
      this.clear(pane);
      return;
    }
    const { kernels } = this.#space;
    for (let next = this.#newest + 1; next <= pane; next++) {
      const leaving = next - this.#panes;
      if (leaving >= this.#younger) this.#turn(leaving);
      this.#newest = next;
      // The block of the pane that left.
      kernels.momentsInit(this.#at(next));
    }
  }

  /** Adds a column to the newest pane. */
  addColumn(at: number, rows: number): void {
    const { kernels } = this.#space;
    kernels.momentsAddF64(this.#at(this.#newest), at, 0, rows);
    kernels.momentsAddF64(this.#total, at, 0, rows);
  }

  /** Adds a value to a pane that is kept. */
  addTo(pane: number, value: number): void {
    const { kernels } = this.#space;
    if (pane >= this.#younger) {
      kernels.momentsAdd(this.#at(pane), value);
      kernels.momentsAdd(this.#total, value);
      return;
    }
    for (let older = this.#newest - this.#panes + 1; older <= pane; older++) {
      kernels.momentsAdd(this.#at(older), value);
    }
  }

  /** Moments of all panes together: a block that is good until the next call. */
  sum(): number {
    const { kernels } = this.#space;
    const oldest = this.#newest - this.#panes + 1;
    kernels.momentsInit(this.#answer);
    if (oldest < this.#younger) kernels.momentsMerge(this.#answer, this.#at(oldest));
    kernels.momentsMerge(this.#answer, this.#total);
    return this.#answer;
  }

  free(): void {
    this.#space.pool.free(this.#ring, this.#bytes);
  }

  /** The younger part, from `first` on, becomes the older one: each block the sum from it to the end. */
  #turn(first: number): void {
    const { kernels } = this.#space;
    for (let pane = this.#newest - 1; pane >= first; pane--) {
      kernels.momentsMerge(this.#at(pane), this.#at(pane + 1));
    }
    this.#younger = this.#newest + 1;
    kernels.momentsInit(this.#total);
  }

  #at(pane: number): number {
    const index = ((pane % this.#panes) + this.#panes) % this.#panes;
    return this.#ring + index * MOMENTS_BYTES;
  }
}

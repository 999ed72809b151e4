/**
 * Blocks of a bounded piece of shared memory, for the state of open windows. Sizes are powers of two; a freed block waits in
 * a list of its size for the next one that asks, so a steady load settles into a steady set of blocks.
 */

import type { BlockAllocator } from "./sketch.ts";

/** The pool has no room for this block. Expected under too many groups: whoever asked goes without, and counts it. */
export class PoolExhausted extends Error {
  override readonly name = "PoolExhausted";
}

export class BlockPool implements BlockAllocator {
  #next: number;
  readonly #end: number;
  readonly #free = new Map<number, number[]>();

  /** @param at byte offset, a multiple of 8 */
  constructor(at: number, bytes: number) {
    this.#next = at;
    this.#end = at + bytes;
  }

  /** @param bytes a power of two, at least 8. @throws PoolExhausted */
  allocate(bytes: number): number {
    const reused = this.#free.get(bytes)?.pop();
    if (reused !== undefined) return reused;
    if (this.#next + bytes > this.#end) throw new PoolExhausted(`no block of ${bytes} bytes is left`);
    const block = this.#next;
    this.#next += bytes;
    return block;
  }

  free(block: number, bytes: number): void {
    const blocks = this.#free.get(bytes);
    if (blocks === undefined) this.#free.set(bytes, [block]);
    else blocks.push(block);
  }
}

/** A piece of the memory with guards before and behind it, so that it shows when somebody writes where he must not. */

import { viewsOf } from "../../../runtime/batch/index.ts";

export const GUARD_BYTES = 64;
const GUARD_WORD = 0xa5c3_5a3c;

export class Guards {
  readonly #u32: Uint32Array;

  constructor(memory: { readonly buffer: ArrayBufferLike }) {
    this.#u32 = viewsOf(memory.buffer).u32;
  }

  /** Sets a guard. @param at a multiple of 4 */
  set(at: number): void {
    this.#u32.fill(GUARD_WORD, at >>> 2, (at + GUARD_BYTES) >>> 2);
  }

  isWhole(at: number): boolean {
    const u32 = this.#u32;
    for (let word = at >>> 2; word < (at + GUARD_BYTES) >>> 2; word++)
      if (u32[word] !== GUARD_WORD) return false;
    return true;
  }
}

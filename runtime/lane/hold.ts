/**
 * Who holds an end of a lane: the one who opened it last.
 *
 * An end is opened anew when its actor died, and a dead actor may still move: a handler whose deadline passed resumes,
 * and on Deno a thread goes on with its loop after `terminate()` has resolved. Each opening therefore counts the end's
 * `HOLDS` up, and an end that is no longer the last one may not move its cursor any more: it gets `LaneTaken`, which also
 * ends the loop of a thread that cannot be ended otherwise.
 *
 * Limit: look and move are two steps, so a thread that is overtaken between them makes that one move all the same. A thread
 * that ended in fact (always on Bun), or shares its thread with the new holder, cannot be.
 */

import { HOLDS } from "./layout.ts";

/** Thrown to an end that somebody else has opened since. Whoever gets it has been replaced, and should end. */
export class LaneTaken extends Error {
  override readonly name = "LaneTaken";
}

export class Hold {
  readonly #words: Int32Array;
  readonly #word: number;
  readonly #what: string;
  readonly #count: number;

  /**
   * Takes the end from whoever had it.
   * @param block index, in 32-bit words, of the end's block
   * @param what the end's name in the error
   */
  constructor(words: Int32Array, block: number, what: string) {
    this.#words = words;
    this.#word = block + HOLDS;
    this.#what = what;
    this.#count = (Atomics.add(words, this.#word, 1) + 1) | 0;
  }

  get kept(): boolean {
    return Atomics.load(this.#words, this.#word) === this.#count;
  }

  /** @throws LaneTaken when somebody else holds the end now */
  check(): void {
    if (!this.kept) {
      throw new LaneTaken(`${this.#what} has been opened again since; this one may not go on`);
    }
  }
}

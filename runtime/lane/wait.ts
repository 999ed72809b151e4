/**
 * How one end of a lane waits for another: spin a little, then sleep on its own doorbell until somebody rings.
 *
 * A doorbell is three words in the sleeper's block. `ASLEEP` says that a ring is wanted, `BELL` counts the rings and is
 * what is slept on, `WAKES` counts the rings that had no move behind them (`wakeSleeper`).
 *
 * No wake-up can be lost. The sleeper notes the bell, says it is asleep, looks once more whether its way is free, and
 * sleeps only if the bell still has the value it noted (`Atomics.wait` compares and sleeps in one step). The mover first
 * stores its cursor, then looks who is asleep. JavaScript atomics are sequentially consistent, so at least one of the two
 * sees the other. The ringer takes `ASLEEP` back before it counts the bell up, so whoever it takes it from wakes and says
 * it again. A thread that is killed asleep leaves a flag behind, which costs the next mover one needless ring, no more.
 */

import { ASLEEP, BELL, WAKES } from "./layout.ts";

/** About a microsecond: longer than a busy peer needs for its next publish, shorter than a trip through the kernel. */
const SPINS = 200;

/** One end's doorbell, as that end holds it. Others ring it by its block. */
export class Doorbell {
  readonly #words: Int32Array;
  readonly #block: number;
  /** Count of wakes that have ended a wait already. */
  #wakesSeen: number;

  /**
   * Ends the wait of whoever slept on this doorbell before, so that it finds out that it was replaced.
   * @param block index, in 32-bit words, of the block that the sleeping end owns
   */
  constructor(words: Int32Array, block: number) {
    this.#words = words;
    this.#block = block;
    wakeSleeper(words, block);
    this.#wakesSeen = Atomics.load(words, block + WAKES);
  }

  /**
   * Blocks this thread until none of `among` stands at `position`.
   * @returns false when `timeoutMs` went by first, or somebody called `wakeSleeper` since the last wait that did
   */
  waitPast(among: readonly number[], position: number, timeoutMs: number): boolean {
    const words = this.#words;
    for (let spin = 0; spin < SPINS; spin++) if (allPast(words, among, position)) return true;
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const bell = this.#lieDown();
      if (allPast(words, among, position)) return true;
      const leftMs = endMs - performance.now();
      if (this.#woken() || leftMs <= 0) return false;
      Atomics.wait(words, this.#block + BELL, bell, leftMs);
    }
  }

  /**
   * The same without blocking, for a thread that has an event loop to run. Resolves at the next ring: the caller looks
   * again. Undefined when nothing is in the way.
   */
  waitPastAsync(among: readonly number[], position: number): Promise<void> | undefined {
    const words = this.#words;
    for (;;) {
      const bell = this.#lieDown();
      if (allPast(words, among, position)) return undefined;
      if (this.#woken()) return Promise.resolve();
      const outcome = Atomics.waitAsync(words, this.#block + BELL, bell);
      if (outcome.async) {
        return outcome.value.then(() => {
          this.#woken();
        });
      }
    }
  }

  /** Asks to be rung. @returns the value of the bell to sleep on */
  #lieDown(): number {
    const bell = Atomics.load(this.#words, this.#block + BELL);
    Atomics.store(this.#words, this.#block + ASLEEP, 1);
    return bell;
  }

  #woken(): boolean {
    const wakes = Atomics.load(this.#words, this.#block + WAKES);
    const woken = wakes !== this.#wakesSeen;
    this.#wakesSeen = wakes;
    return woken;
  }
}

/** Moves a cursor to `position`, which publishes every plain write made before it, and rings who sleeps behind it. */
export function moveCursor(
  words: Int32Array,
  word: number,
  position: number,
  followers: readonly number[],
): void {
  Atomics.store(words, word, position);
  ringWhoSleeps(words, followers);
}

/** Ends a wait of the end that owns `block`: one that goes on now, or else the next one that would have to sleep. */
export function wakeSleeper(words: Int32Array, block: number): void {
  Atomics.add(words, block + WAKES, 1);
  ring(words, block);
}

/** Rings those of `blocks` that are asleep. */
export function ringWhoSleeps(words: Int32Array, blocks: readonly number[]): void {
  for (const block of blocks) if (Atomics.load(words, block + ASLEEP) !== 0) ring(words, block);
}

function ring(words: Int32Array, block: number): void {
  // In this order: who said it was asleep before the first line, finds the bell changed by the second.
  Atomics.store(words, block + ASLEEP, 0);
  Atomics.add(words, block + BELL, 1);
  Atomics.notify(words, block + BELL);
}

/** Whether all of `among` have left `position`. Observes their publishes and releases. */
function allPast(words: Int32Array, among: readonly number[], position: number): boolean {
  for (const word of among) if (Atomics.load(words, word) === position) return false;
  return true;
}

/**
 * How a side of a lane waits for the other: spin a little, then sleep on the word that is in the way.
 *
 * No wake-up can be lost. The sleeper first adds itself to the word's waiter count, then sleeps only if the word still has
 * the value it saw (`Atomics.wait` compares and sleeps in one step). The mover first stores the word, then looks at the
 * waiter count. JavaScript atomics are sequentially consistent, so at least one of the two sees the other.
 * A thread that is killed asleep leaves its count behind: that costs the mover one needless notify a move, no more.
 */

import { WAITERS } from "./layout.ts";

/** About a microsecond: longer than a busy peer needs for its next publish, shorter than a trip through the kernel. */
const SPINS = 200;

/** Moves a cursor to `position`, which publishes every plain write made before it, and wakes who sleeps on it. */
export function moveCursor(words: Int32Array, word: number, position: number): void {
  Atomics.store(words, word, position);
  if (Atomics.load(words, word + WAITERS) !== 0) Atomics.notify(words, word);
}

/** The first of `among` that still stands at `position`, or -1 when all have moved on. Observes their releases. */
export function wordAt(words: Int32Array, among: readonly number[], position: number): number {
  for (const word of among) if (Atomics.load(words, word) === position) return word;
  return -1;
}

/**
 * Blocks this thread until none of `among` stands at `position`.
 * @returns false when `timeoutMs` went by first
 */
export function waitPast(
  words: Int32Array,
  among: readonly number[],
  position: number,
  timeoutMs: number,
): boolean {
  for (let spin = 0; spin < SPINS; spin++) if (wordAt(words, among, position) < 0) return true;
  const endMs = performance.now() + timeoutMs;
  for (let word = wordAt(words, among, position); word >= 0; word = wordAt(words, among, position)) {
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) return false;
    Atomics.add(words, word + WAITERS, 1);
    Atomics.wait(words, word, position, leftMs);
    Atomics.sub(words, word + WAITERS, 1);
  }
  return true;
}

/**
 * The same without blocking, for a thread that has an event loop to run. Resolves when the word in the way has moved, or
 * after a wake-up that had another reason (`wakeSleepers`): the caller looks again. Undefined when nothing is in the way.
 */
export function waitPastAsync(
  words: Int32Array,
  among: readonly number[],
  position: number,
): Promise<void> | undefined {
  const word = wordAt(words, among, position);
  if (word < 0) return undefined;
  Atomics.add(words, word + WAITERS, 1);
  const outcome = Atomics.waitAsync(words, word, position);
  if (!outcome.async) {
    Atomics.sub(words, word + WAITERS, 1);
    return undefined;
  }
  return outcome.value.then(() => {
    Atomics.sub(words, word + WAITERS, 1);
  });
}

/** Wakes all that sleep on these words without moving them, so that they look whether they should stop. */
export function wakeSleepers(words: Int32Array, among: readonly number[]): void {
  for (const word of among) Atomics.notify(words, word);
}

/**
 * A stage's end of a lane. One thread holds it at a time.
 *
 * The cursor is in the shared memory, not here: whoever opens the stage next goes on where the last one released, so a
 * crash loses nothing and repeats at most what was read and not yet released. The stage also keeps a count of attempts at
 * the slot under its cursor, which outlives it too: a slot that is found there again and again is what kills its readers.
 */

import { ATTEMPTS, CURSOR, type LaneSpec, slotsOffset, stageWord, upstreamWords } from "./layout.ts";
import { moveCursor, waitPast, waitPastAsync, wakeSleepers } from "./wait.ts";

export class LaneReader {
  readonly spec: LaneSpec;
  readonly stage: string;
  readonly #words: Int32Array;
  readonly #stageWord: number;
  readonly #upstream: readonly number[];
  readonly #mask: number;
  readonly #slotBytes: number;
  readonly #firstSlot: number;
  /** Next position to read. */
  #next: number;
  /** Last known position that the tier before has released up to; the real one can only be further on. */
  #limit: number;

  constructor(memory: WebAssembly.Memory, spec: LaneSpec, stage: string) {
    this.spec = spec;
    this.stage = stage;
    this.#words = new Int32Array(memory.buffer);
    this.#stageWord = stageWord(spec, stage);
    this.#upstream = upstreamWords(spec, stage);
    this.#mask = spec.slots - 1;
    this.#slotBytes = spec.slotBytes;
    this.#firstSlot = slotsOffset(spec);
    this.#next = Atomics.load(this.#words, this.#stageWord + CURSOR);
    this.#limit = this.#next;
  }

  /** Byte offset of the next slot, or -1 when there is none. Never waits. The slot stays ours until `release`. */
  tryRead(): number {
    const next = this.#next;
    if (next === this.#limit) {
      this.#limit = this.#barrier();
      if (next === this.#limit) return -1;
    }
    this.#next = (next + 1) | 0;
    return this.#firstSlot + (next & this.#mask) * this.#slotBytes;
  }

  /** As `tryRead`, but blocks while the lane is empty. @returns -1 when `timeoutMs` (default: none) went by */
  read(timeoutMs = Number.POSITIVE_INFINITY): number {
    const offset = this.tryRead();
    if (offset >= 0) return offset;
    if (!waitPast(this.#words, this.#upstream, this.#next, timeoutMs)) return -1;
    return this.tryRead();
  }

  /** Resolves when a slot may be there, or on a wake-up; undefined when one is there already. Does not block. */
  dataAsync(): Promise<void> | undefined {
    return waitPastAsync(this.#words, this.#upstream, this.#next);
  }

  /** Hands everything read so far to the next tier, and forgets the attempts at it. */
  release(): void {
    if (this.#next === Atomics.load(this.#words, this.#stageWord + CURSOR)) return;
    Atomics.store(this.#words, this.#stageWord + ATTEMPTS, 0);
    // Publishes this stage's writes into the slots (a pseudonym, a wiped name): the next tier's load observes them.
    moveCursor(this.#words, this.#stageWord + CURSOR, this.#next);
  }

  /** Steps back to the cursor, so that what was read and not released is read again. */
  rewind(): void {
    this.#next = Atomics.load(this.#words, this.#stageWord + CURSOR);
  }

  /** Slots that can be read right now; more may come at any moment. */
  available(): number {
    this.#limit = this.#barrier();
    return (this.#limit - this.#next) | 0;
  }

  /** Position of the next slot to be read, a wrapping 32-bit integer. */
  get position(): number {
    return this.#next;
  }

  /**
   * Counts one more attempt at the slot under the cursor.
   * @returns how many came before it and never released the slot
   */
  beginAttempt(): number {
    return Atomics.add(this.#words, this.#stageWord + ATTEMPTS, 1);
  }

  /** Takes back an attempt that ended without a crash and without a release. */
  endAttempt(): void {
    Atomics.store(this.#words, this.#stageWord + ATTEMPTS, 0);
  }

  /** Wakes this stage when it sleeps for data, so that it looks whether it should stop. */
  wake(): void {
    wakeSleepers(this.#words, this.#upstream);
  }

  #barrier(): number {
    let nearest = this.#next;
    let smallestLead = 2 ** 31;
    for (const word of this.#upstream) {
      // Observes the publish or release of the tier before: what it wrote into the slots is visible from here on.
      const position = Atomics.load(this.#words, word);
      const lead = (position - this.#next) | 0;
      if (lead < smallestLead) {
        smallestLead = lead;
        nearest = position;
      }
    }
    return nearest;
  }
}

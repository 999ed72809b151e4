/**
 * A stage's end of a lane. One thread holds it at a time: the one that opened it last (hold.ts).
 *
 * The cursor is in the shared memory, not here: whoever opens the stage next goes on where the last one released, so a
 * crash loses nothing and repeats at most what was read and not yet released. The stage also keeps a count of attempts at
 * the slot under its cursor, which outlives it too: a slot that is found there again and again is what kills its readers.
 */

import { Hold } from "./hold.ts";
import {
  ATTEMPTS,
  CURSOR,
  downstreamWords,
  type LaneSpec,
  slotsOffset,
  stageWord,
  upstreamWords,
} from "./layout.ts";
import { Doorbell, moveCursor, ringWhoSleeps, wakeSleeper } from "./wait.ts";

export class LaneReader {
  readonly spec: LaneSpec;
  readonly stage: string;
  readonly #words: Int32Array;
  readonly #stageWord: number;
  readonly #hold: Hold;
  readonly #bell: Doorbell;
  readonly #upstream: readonly number[];
  readonly #downstream: readonly number[];
  readonly #slots: number;
  readonly #mask: number;
  readonly #slotBytes: number;
  readonly #firstSlot: number;
  /** Next position to read. */
  #next: number;
  /** Last known position that the tier before has released up to; the real one can only be further on. */
  #limit: number;

  /** Takes the end from whoever had it; goes on at its cursor. */
  constructor(memory: WebAssembly.Memory, spec: LaneSpec, stage: string) {
    this.spec = spec;
    this.stage = stage;
    this.#words = new Int32Array(memory.buffer);
    this.#stageWord = stageWord(spec, stage);
    this.#hold = new Hold(this.#words, this.#stageWord, `stage ${stage} of lane ${spec.name}`);
    this.#bell = new Doorbell(this.#words, this.#stageWord);
    this.#upstream = upstreamWords(spec, stage);
    this.#downstream = downstreamWords(spec, stage);
    this.#slots = spec.slots;
    this.#mask = spec.slots - 1;
    this.#slotBytes = spec.slotBytes;
    this.#firstSlot = slotsOffset(spec);
    this.#next = Atomics.load(this.#words, this.#stageWord + CURSOR);
    this.#limit = this.#next;
    // The one before may have died between its last release and the bell.
    ringWhoSleeps(this.#words, this.#downstream);
  }

  /**
   * Byte offset of the next slot, or -1 when there is none. Never waits. The slot stays ours until `release`.
   * @throws LaneTaken, as `read`, `dataAsync`, `release` and `beginAttempt` do, when another reader was opened since
   */
  tryRead(): number {
    const next = this.#next;
    if (next === this.#limit) {
      this.#hold.check();
      this.#limit = this.#barrier();
      if (next === this.#limit) return -1;
    }
    this.#next = (next + 1) | 0;
    return this.#firstSlot + (next & this.#mask) * this.#slotBytes;
  }

  /**
   * As `tryRead`, but blocks while the lane is empty. Release before you wait, or the writer may wait for you.
   * @returns -1 when `timeoutMs` (default: none) went by, or after `wake`
   * @throws RangeError when all slots are read and none is released: nobody could ever fill one
   */
  read(timeoutMs = Number.POSITIVE_INFINITY): number {
    const offset = this.tryRead();
    if (offset >= 0) return offset;
    if (!this.#bell.waitPast(this.#upstream, this.#emptyPosition(), timeoutMs)) {
      this.#hold.check();
      return -1;
    }
    return this.tryRead();
  }

  /** Resolves when a slot is there, or after `wake`: look again. Undefined when one is there already. Does not block. */
  dataAsync(): Promise<void> | undefined {
    return this.#bell.waitPastAsync(this.#upstream, this.#emptyPosition());
  }

  /** Hands everything read so far to the next tier, and forgets the attempts at it. */
  release(): void {
    if (this.#next === Atomics.load(this.#words, this.#stageWord + CURSOR)) return;
    this.#hold.check();
    Atomics.store(this.#words, this.#stageWord + ATTEMPTS, 0);
    // Publishes this stage's writes into the slots (a pseudonym, a wiped name): the next tier's load observes them.
    moveCursor(this.#words, this.#stageWord + CURSOR, this.#next, this.#downstream);
  }

  /** Steps back to the cursor, so that what was read and not released is read again. */
  rewind(): void {
    this.#next = Atomics.load(this.#words, this.#stageWord + CURSOR);
  }

  /** Slots that can be read right now; more may come at any moment. None when another reader was opened since. */
  available(): number {
    if (!this.#hold.kept) return 0;
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
    this.#hold.check();
    return Atomics.add(this.#words, this.#stageWord + ATTEMPTS, 1);
  }

  /** Takes back one attempt, which ended without a crash and without a release. Nothing to do after a release. */
  endAttempt(): void {
    const word = this.#stageWord + ATTEMPTS;
    if (this.#hold.kept && Atomics.load(this.#words, word) > 0) Atomics.sub(this.#words, word, 1);
  }

  /** Ends one wait for data, now or the next one, so that the stage looks whether it should stop. */
  wake(): void {
    wakeSleeper(this.#words, this.#stageWord);
  }

  /** The position at which a stage of the tier before keeps the lane empty for this one. */
  #emptyPosition(): number {
    this.#hold.check();
    const cursor = Atomics.load(this.#words, this.#stageWord + CURSOR);
    if (((this.#next - cursor) | 0) >= this.#slots) {
      throw new RangeError(
        `lane ${this.spec.name}, stage ${this.stage}: all ${this.#slots} slots are read and none is released; ` +
          "release before you wait",
      );
    }
    return this.#next;
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

/** As `wake` of the reader that holds the stage, from any thread, without taking its place. */
export function wakeStage(memory: WebAssembly.Memory, spec: LaneSpec, stage: string): void {
  wakeSleeper(new Int32Array(memory.buffer), stageWord(spec, stage));
}

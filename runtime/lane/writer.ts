/**
 * The writing end of a lane. One thread holds it at a time: the one that opened it last (hold.ts).
 *
 * Claimed slots are the writer's alone until `publish` shows all of them at once. What was claimed but not published when
 * the writer died is simply claimed again by the next one: no reader ever saw it.
 */

import { Hold } from "./hold.ts";
import {
  EVER_PUBLISHED,
  firstTierWords,
  gatingWords,
  type LaneSpec,
  PUBLISHED,
  slotsOffset,
  writerWord,
} from "./layout.ts";
import { Doorbell, moveCursor, ringWhoSleeps, wakeSleeper } from "./wait.ts";

export class LaneWriter {
  readonly spec: LaneSpec;
  readonly #words: Int32Array;
  readonly #writerWord: number;
  readonly #hold: Hold;
  readonly #bell: Doorbell;
  readonly #gating: readonly number[];
  readonly #firstTier: readonly number[];
  readonly #slots: number;
  readonly #mask: number;
  readonly #slotBytes: number;
  readonly #firstSlot: number;
  /** Next position to claim. */
  #claimed: number;
  /** Last known position of the slowest stage of the last tier; the real one can only be further on. */
  #gate: number;
  #everPublished: boolean;

  /** Takes the end from whoever had it; goes on at what was published last. */
  constructor(memory: WebAssembly.Memory, spec: LaneSpec) {
    this.spec = spec;
    this.#words = new Int32Array(memory.buffer);
    this.#writerWord = writerWord(spec);
    this.#hold = new Hold(this.#words, this.#writerWord, `the writer of lane ${spec.name}`);
    this.#bell = new Doorbell(this.#words, this.#writerWord);
    this.#gating = gatingWords(spec);
    this.#firstTier = firstTierWords(spec);
    this.#slots = spec.slots;
    this.#mask = spec.slots - 1;
    this.#slotBytes = spec.slotBytes;
    this.#firstSlot = slotsOffset(spec);
    this.#claimed = Atomics.load(this.#words, this.#writerWord + PUBLISHED);
    this.#gate = this.#slowest();
    this.#everPublished = Atomics.load(this.#words, this.#writerWord + EVER_PUBLISHED) !== 0;
    // The one before may have died between its last publish and the bell.
    ringWhoSleeps(this.#words, this.#firstTier);
  }

  /**
   * Byte offset of a slot to write, or -1 when the lane is full. Never waits. Several may be claimed before a publish.
   * @throws LaneTaken, as `claim`, `spaceAsync` and `publish` do, when another writer was opened since
   */
  tryClaim(): number {
    const claimed = this.#claimed;
    if (((claimed - this.#gate) | 0) >= this.#slots) {
      this.#hold.check();
      this.#gate = this.#slowest();
      if (((claimed - this.#gate) | 0) >= this.#slots) return -1;
    }
    this.#claimed = (claimed + 1) | 0;
    return this.#firstSlot + (claimed & this.#mask) * this.#slotBytes;
  }

  /**
   * As `tryClaim`, but blocks while the lane is full. Publish before you wait, or the stages may wait for you.
   * @returns -1 when `timeoutMs` (default: none) went by, or after `wake`
   * @throws RangeError when all slots are claimed and none is published: nobody could ever free one
   */
  claim(timeoutMs = Number.POSITIVE_INFINITY): number {
    const offset = this.tryClaim();
    if (offset >= 0) return offset;
    if (!this.#bell.waitPast(this.#gating, this.#fullPosition(), timeoutMs)) {
      this.#hold.check();
      return -1;
    }
    return this.tryClaim();
  }

  /** Resolves when a slot is free, or after `wake`: look again. Undefined when one is free already. Does not block. */
  spaceAsync(): Promise<void> | undefined {
    return this.#bell.waitPastAsync(this.#gating, this.#fullPosition());
  }

  /** Shows every claimed slot to the first tier. */
  publish(): void {
    if (this.#claimed === Atomics.load(this.#words, this.#writerWord + PUBLISHED)) return;
    this.#hold.check();
    // Publishes all plain writes into the claimed slots: the first tier's load of this word observes them.
    moveCursor(this.#words, this.#writerWord + PUBLISHED, this.#claimed, this.#firstTier);
    if (!this.#everPublished) this.#markPublished();
  }

  /** Gives claimed slots back unwritten. */
  abandon(): void {
    this.#claimed = Atomics.load(this.#words, this.#writerWord + PUBLISHED);
  }

  /** Slots that can be claimed right now; a stage may free more at any moment. */
  free(): number {
    this.#gate = this.#slowest();
    return this.#slots - ((this.#claimed - this.#gate) | 0);
  }

  /** Position of the next slot to be claimed, a wrapping 32-bit integer. */
  get position(): number {
    return this.#claimed;
  }

  /** Byte offset of the slot published last, or -1 on a lane that has had none. */
  lastPublishedSlot(): number {
    const published = Atomics.load(this.#words, this.#writerWord + PUBLISHED);
    if (!this.#everPublished && published === 0) return -1;
    return this.#firstSlot + ((published - 1) & this.#mask) * this.#slotBytes;
  }

  /** Ends one wait for space, now or the next one, so that the writer looks whether it should stop. */
  wake(): void {
    wakeSleeper(this.#words, this.#writerWord);
  }

  /** The position at which a stage of the last tier keeps the lane full. */
  #fullPosition(): number {
    this.#hold.check();
    const published = Atomics.load(this.#words, this.#writerWord + PUBLISHED);
    if (((this.#claimed - published) | 0) >= this.#slots) {
      throw new RangeError(
        `lane ${this.spec.name}: all ${this.#slots} slots are claimed and none is published; publish before you wait`,
      );
    }
    return (this.#claimed - this.#slots) | 0;
  }

  #markPublished(): void {
    this.#everPublished = true;
    Atomics.store(this.#words, this.#writerWord + EVER_PUBLISHED, 1);
  }

  #slowest(): number {
    let slowest = this.#claimed;
    let largestLag = -1;
    for (const word of this.#gating) {
      // Observes the stage's release: its reads of the slot are over, so the slot may be written again.
      const cursor = Atomics.load(this.#words, word);
      const lag = (this.#claimed - cursor) | 0;
      if (lag > largestLag) {
        largestLag = lag;
        slowest = cursor;
      }
    }
    return slowest;
  }
}

/** As `wake` of the writer that holds the lane, from any thread, without taking its place. */
export function wakeWriter(memory: WebAssembly.Memory, spec: LaneSpec): void {
  wakeSleeper(new Int32Array(memory.buffer), writerWord(spec));
}

/**
 * The writing end of a lane. One thread holds it at a time.
 *
 * Claimed slots are the writer's alone until `publish` shows all of them at once. What was claimed but not published when
 * the writer died is simply claimed again by the next one: no reader ever saw it.
 */

import { gatingWords, type LaneSpec, PUBLISHED, slotsOffset, writerWord } from "./layout.ts";
import { moveCursor, waitPast, waitPastAsync, wakeSleepers } from "./wait.ts";

export class LaneWriter {
  readonly spec: LaneSpec;
  readonly #words: Int32Array;
  readonly #writerWord: number;
  readonly #gating: readonly number[];
  readonly #slots: number;
  readonly #mask: number;
  readonly #slotBytes: number;
  readonly #firstSlot: number;
  /** Next position to claim. */
  #claimed: number;
  /** Last known position of the slowest stage of the last tier; the real one can only be further on. */
  #gate: number;

  constructor(memory: WebAssembly.Memory, spec: LaneSpec) {
    this.spec = spec;
    this.#words = new Int32Array(memory.buffer);
    this.#writerWord = writerWord(spec);
    this.#gating = gatingWords(spec);
    this.#slots = spec.slots;
    this.#mask = spec.slots - 1;
    this.#slotBytes = spec.slotBytes;
    this.#firstSlot = slotsOffset(spec);
    this.#claimed = Atomics.load(this.#words, this.#writerWord + PUBLISHED);
    this.#gate = this.#slowest();
  }

  /** Byte offset of a slot to write, or -1 when the lane is full. Never waits. Several may be claimed before a publish. */
  tryClaim(): number {
    const claimed = this.#claimed;
    if (((claimed - this.#gate) | 0) >= this.#slots) {
      this.#gate = this.#slowest();
      if (((claimed - this.#gate) | 0) >= this.#slots) return -1;
    }
    this.#claimed = (claimed + 1) | 0;
    return this.#firstSlot + (claimed & this.#mask) * this.#slotBytes;
  }

  /** As `tryClaim`, but blocks while the lane is full. @returns -1 when `timeoutMs` (default: none) went by */
  claim(timeoutMs = Number.POSITIVE_INFINITY): number {
    const offset = this.tryClaim();
    if (offset >= 0) return offset;
    if (!waitPast(this.#words, this.#gating, (this.#claimed - this.#slots) | 0, timeoutMs)) return -1;
    return this.tryClaim();
  }

  /** Resolves when a slot may be free, or on a wake-up; undefined when one is free already. Does not block. */
  spaceAsync(): Promise<void> | undefined {
    return waitPastAsync(this.#words, this.#gating, (this.#claimed - this.#slots) | 0);
  }

  /** Shows every claimed slot to the first tier. */
  publish(): void {
    // Publishes all plain writes into the claimed slots: the first tier's load of this word observes them.
    moveCursor(this.#words, this.#writerWord + PUBLISHED, this.#claimed);
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

  /** Byte offset of the slot published last, or -1 on a lane that has had none since position 0. */
  lastPublishedSlot(): number {
    const published = Atomics.load(this.#words, this.#writerWord + PUBLISHED);
    return published === 0 ? -1 : this.#firstSlot + ((published - 1) & this.#mask) * this.#slotBytes;
  }

  /** Wakes a writer that sleeps for space, so that it looks whether it should stop. */
  wake(): void {
    wakeSleepers(this.#words, this.#gating);
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

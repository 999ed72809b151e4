/**
 * Who hands out places in the staging area: the thread that has HTTP, and nobody else, so that finding one takes no atomics but those
 * on the places' words.
 *
 * Places are laid side by side in granules, each where the first gap is that it fits into. A place goes back
 * - when its reader has said so: its word is FREE, which is long before the question about it is answered. That is looked at when
 *   room is wanted;
 * - when its question never reached a reader (`release`);
 * - when its question is over and its reader has been replaced (`readersGone`). Until then it is in quarantine: of an answer alone nobody knows
 *   whether the reader has wiped the place yet, or still will.
 * What a reader has not wiped is wiped here: raw identifiers lie in it.
 */

import { PLACE_BUSY, PLACE_FREE, PLACE_HEAD_BYTES, PLACE_TAIL_BYTES, type StagingSpec } from "./staging.ts";

/** Places begin, and are as long as, whole granules. */
export const GRANULE_BYTES = 4096;

/** Bytes of a body, and where they lie. */
export interface Place {
  /** Byte offset into the shared memory; a multiple of 64. */
  readonly at: number;
  readonly bytes: number;
}

interface Taken extends Place {
  /** Granules from the beginning of the area; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  isQuarantined: boolean;
}

export interface StagingFigures {
  readonly places: number;
  readonly quarantined: number;
  readonly takenBytes: number;
  readonly totalBytes: number;
}

export class StagingArea {
  readonly #spec: StagingSpec;
  readonly #granules: number;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #checksum: (at: number, bytes: number) => number;
  /** By where they lie. */
  #taken: Taken[] = [];

  /**
   * @param spec `offset` is a multiple of 64; nothing of it is in use
   * @param checksum of bytes of the shared memory, 32 bits
   */
  constructor(
    memory: { readonly buffer: ArrayBufferLike },
    spec: StagingSpec,
    checksum: (at: number, bytes: number) => number,
  ) {
    if (spec.offset % PLACE_HEAD_BYTES !== 0)
      throw new RangeError(`staging area: expected an offset on a multiple of 64, got ${spec.offset}`);
    this.#spec = spec;
    this.#granules = Math.floor(spec.bytes / GRANULE_BYTES);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#checksum = checksum;
  }

  /** Bytes of the largest body that it has room for. */
  get mostBytes(): number {
    return this.#granules * GRANULE_BYTES - PLACE_HEAD_BYTES - PLACE_TAIL_BYTES;
  }

  /** Copies a body into a place of its own. Undefined: there is no room now. */
  tryPlace(body: Uint8Array): Place | undefined {
    const place = this.#tryTake(body.byteLength);
    if (place !== undefined) this.#bytes.set(body, place.at);
    return place;
  }

  /** Checksum of what lies in a place that its reader has not been told of yet. */
  checksumOf({ at, bytes }: Place): number {
    return this.#checksum(at, bytes);
  }

  /** Its question was never put: nobody reads it. Of a place that has gone back already nothing is done. */
  release(place: Place): void {
    const taken = this.#taken.find((candidate) => candidate === place);
    if (taken !== undefined) this.#giveBack([taken]);
  }

  /** Its question is over, and its reader may be at it still: it goes back when its word says so, or by `readersGone`. */
  quarantine(place: Place): void {
    const taken = this.#taken.find((candidate) => candidate === place);
    if (taken !== undefined) taken.isQuarantined = true;
  }

  /** Whoever was asked so far has ended: nobody reads the places in quarantine. */
  readersGone(): void {
    this.#giveBack(this.#taken.filter(({ isQuarantined }) => isQuarantined));
  }

  figures(): StagingFigures {
    this.#collect();
    return {
      places: this.#taken.length,
      quarantined: this.#taken.filter(({ isQuarantined }) => isQuarantined).length,
      takenBytes: this.#taken.reduce((sum, { from, to }) => sum + (to - from) * GRANULE_BYTES, 0),
      totalBytes: this.#granules * GRANULE_BYTES,
    };
  }

  #tryTake(bytes: number): Taken | undefined {
    const needed = Math.ceil((PLACE_HEAD_BYTES + bytes + PLACE_TAIL_BYTES) / GRANULE_BYTES);
    this.#collect();
    let from = 0;
    let index = 0;
    for (; index < this.#taken.length; index++) {
      const next = this.#taken[index]!;
      if (next.from - from >= needed) break;
      from = next.to;
    }
    if (from + needed > this.#granules) return undefined;
    const at = this.#spec.offset + from * GRANULE_BYTES + PLACE_HEAD_BYTES;
    const taken: Taken = { at, bytes, from, to: from + needed, isQuarantined: false };
    this.#taken.splice(index, 0, taken);
    // Published to the reader by the message that tells of the place.
    Atomics.store(this.#words, wordOf(taken), PLACE_BUSY);
    return taken;
  }

  /** Takes back what its readers are done with, and have wiped. */
  #collect(): void {
    // Observes that the reader's last access of the place's bytes has happened.
    const isFree = (place: Place) => Atomics.load(this.#words, wordOf(place)) === PLACE_FREE;
    if (this.#taken.some(isFree)) this.#taken = this.#taken.filter((place) => !isFree(place));
  }

  #giveBack(places: readonly Taken[]): void {
    for (const place of places) {
      const { at, bytes } = place;
      if (Atomics.load(this.#words, wordOf(place)) === PLACE_FREE) continue;
      this.#bytes.fill(0, at, at + bytes);
      Atomics.store(this.#words, wordOf(place), PLACE_FREE);
    }
    this.#taken = this.#taken.filter((place) => !places.includes(place));
  }
}

/** Where the word of a place is, among the memory's 32-bit words. */
function wordOf({ at }: Place): number {
  return (at - PLACE_HEAD_BYTES) >>> 2;
}

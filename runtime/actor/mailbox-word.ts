/**
 * A mailbox as all threads see it: one word in shared memory, with how many messages wait, whether it is open, and which of
 * the actor's incarnations it belongs to.
 *
 * Every change is one compare-and-exchange of the whole word, so exactly `capacity` places are given out, whoever asks from
 * wherever. A place is a lease on one incarnation's mailbox and is given back at most once; what comes back late, after the
 * mailbox was closed or belongs to the next incarnation, changes nothing. So the depth can be neither negative nor too high.
 */

/** Places that a mailbox can have at the most. */
export const MAX_MAILBOX_SIZE = 0xffff;

const DEPTH_MASK = 0xffff;
const OPEN = 0x1_0000;
const INCARNATION_SHIFT = 17;
const INCARNATION_MASK = 0x3fff;

/** Which incarnation's mailbox a place is in; from 0 to 16 383, where counting begins anew. */
export type Lease = number;

export class MailboxWord {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #capacity: number;

  /** @param offset byte offset of the word, which is 0 at first: closed */
  constructor(words: Int32Array, offset: number, capacity: number) {
    this.#words = words;
    this.#index = offset >>> 2;
    this.#capacity = capacity;
  }

  get depth(): number {
    return this.#load() & DEPTH_MASK;
  }

  /** Opens an empty mailbox for the next incarnation. Whatever was open before is not any more. */
  open(): Lease {
    return incarnationOf(
      this.#change((word) => ((incarnationOf(word) + 1) & INCARNATION_MASK) * 2 ** INCARNATION_SHIFT + OPEN),
    );
  }

  /**
   * Closes it. Given a lease, only when it is still that incarnation's.
   * @returns how many messages waited
   */
  close(lease?: Lease): number {
    let waited = 0;
    this.#change((word) => {
      const isMeant = (word & OPEN) !== 0 && (lease === undefined || incarnationOf(word) === lease);
      waited = isMeant ? word & DEPTH_MASK : 0;
      return isMeant ? word & ~(OPEN | DEPTH_MASK) : word;
    });
    return waited;
  }

  /** Takes one place, or says why there is none. */
  reserve(): Lease | "full" | "closed" {
    for (;;) {
      const word = this.#load();
      if ((word & OPEN) === 0) return "closed";
      if ((word & DEPTH_MASK) >= this.#capacity) return "full";
      if (this.#swap(word, word + 1)) return incarnationOf(word);
    }
  }

  /** Gives a place back. */
  release(lease: Lease): void {
    this.#change((word) =>
      (word & OPEN) !== 0 && incarnationOf(word) === lease && (word & DEPTH_MASK) > 0 ? word - 1 : word,
    );
  }

  /** @returns the new word */
  #change(next: (word: number) => number): number {
    for (;;) {
      const word = this.#load();
      const changed = next(word);
      if (changed === word || this.#swap(word, changed)) return changed;
    }
  }

  #load(): number {
    return Atomics.load(this.#words, this.#index);
  }

  #swap(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, this.#index, from, to) === from;
  }
}

function incarnationOf(word: number): Lease {
  return (word >>> INCARNATION_SHIFT) & INCARNATION_MASK;
}

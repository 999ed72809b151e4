/**
 * Counts tuples: an open-addressing hash table (linear probing, at most half full) over tuples of 32-bit words, in typed
 * arrays. The tuples themselves are kept and compared, so that two are never taken for one, whatever their hashes.
 *
 * Tuples are numbered in the order they first came; a number stays what it is.
 */

const FIRST_CAPACITY = 1024;

export class TupleTable {
  readonly width: number;
  /** Tuples so far. */
  size = 0;
  /** Tuple `index` at word `index * width`. Replaced when the table grows. */
  words: Uint32Array;
  /** For each tuple how often it was counted, by counter. Replaced when the table grows. */
  readonly counts: Uint32Array[];
  /** Number of a tuple plus 1, or 0. */
  #slots: Int32Array;

  /**
   * @param width words of a tuple, at least 1
   * @param counters counts that are kept for each
   */
  constructor(width: number, counters = 1) {
    this.width = width;
    this.words = new Uint32Array(FIRST_CAPACITY * width);
    this.counts = Array.from({ length: counters }, () => new Uint32Array(FIRST_CAPACITY));
    this.#slots = new Int32Array(2 * FIRST_CAPACITY);
  }

  /** Number of the tuple at word `at` of `words`; -1 when it is not there. */
  find(words: Uint32Array, at: number): number {
    return this.#slots[this.#slotOf(words, at)]! - 1;
  }

  /** Counts the tuple at word `at` of `words`, `by` more for counter `counter`. @returns its number */
  add(words: Uint32Array, at: number, by = 1, counter = 0): number {
    const slot = this.#slotOf(words, at);
    let index = this.#slots[slot]! - 1;
    if (index < 0) {
      if (this.size === this.counts[0]!.length) {
        this.#grow();
        return this.add(words, at, by, counter);
      }
      index = this.size++;
      this.#slots[slot] = index + 1;
      const to = index * this.width;
      for (let word = 0; word < this.width; word++) this.words[to + word] = words[at + word]!;
    }
    const counts = this.counts[counter]!;
    counts[index] = counts[index]! + by;
    return index;
  }

  /** The slot that has the tuple, or that it would have. */
  #slotOf(words: Uint32Array, at: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    let slot = hashOf(words, at, this.width) & last;
    for (;;) {
      const index = slots[slot]! - 1;
      if (index < 0 || this.#isAt(index, words, at)) return slot;
      slot = (slot + 1) & last;
    }
  }

  #isAt(index: number, words: Uint32Array, at: number): boolean {
    const own = index * this.width;
    for (let word = 0; word < this.width; word++) {
      if (this.words[own + word] !== words[at + word]) return false;
    }
    return true;
  }

  #grow(): void {
    const capacity = 2 * this.counts[0]!.length;
    const grown = (array: Uint32Array, length: number) => {
      const larger = new Uint32Array(length);
      larger.set(array);
      return larger;
    };
    this.words = grown(this.words, capacity * this.width);
    for (const [counter, counts] of this.counts.entries()) this.counts[counter] = grown(counts, capacity);
    this.#slots = new Int32Array(2 * capacity);
    for (let index = 0; index < this.size; index++) {
      this.#slots[this.#slotOf(this.words, index * this.width)] = index + 1;
    }
  }
}

/** Mixes each word in as MurmurHash3 does (Appleby). */
export function hashOf(words: Uint32Array, at: number, width: number): number {
  let hash = width;
  for (let word = 0; word < width; word++) {
    let part = Math.imul(words[at + word]!, 0xcc9e2d51);
    part = (part << 15) | (part >>> 17);
    hash ^= Math.imul(part, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

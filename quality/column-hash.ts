/**
 * 128 bits of all values of a column, in their order and with those that are missing. Columns with the same bits have the same values in
 * every row: that two others have them by chance is as good as impossible (for a million pairs of columns about 10^-27). It is no
 * protection against somebody who wants it to happen.
 */

/** Stands for a missing value beside the two words, which are 0 then. */
const MISSING = 0x5bd1e995;

export class ColumnHash {
  #a: number;
  #b: number;
  #c = 0x27d4eb2f;
  #d = 0x165667b1;

  /** @param kind what the values are: columns of different kinds are never the same */
  constructor(kind: string) {
    this.#a = textHash(kind, 0x811c9dc5);
    this.#b = textHash(kind, 0x01000193);
  }

  /** Takes the next values: two words each, and a byte each that is 1 where there is one. */
  add(words: Uint32Array, isThere: Uint8Array, count: number): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    // Each lane takes the words in another way, and hands on to the next: no bit of a value is forgotten, no order is.
    for (let row = 0; row < count; row++) {
      const there = isThere[row]!;
      const low = there === 1 ? words[row * 2]! : 0;
      const high = there === 1 ? words[row * 2 + 1]! : 0;
      const mark = there === 1 ? 0 : MISSING;
      const x = Math.imul(a ^ low, 0x85ebca6b);
      const y = Math.imul(b ^ high, 0xc2b2ae35);
      const z = Math.imul(c + low, 0xcc9e2d51) ^ mark;
      const w = Math.imul(d + high, 0x1b873593) ^ mark;
      a = (((x << 15) | (x >>> 17)) + w) | 0;
      b = (((y << 13) | (y >>> 19)) + a) | 0;
      c = (((z << 17) | (z >>> 15)) + b) | 0;
      d = (((w << 19) | (w >>> 13)) + c) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** 32 hex digits. */
  text(): string {
    return [this.#a, this.#b, this.#c, this.#d]
      .map((word) => (word >>> 0).toString(16).padStart(8, "0"))
      .join("");
  }
}

/** FNV-1a over the text's UTF-16 units. */
export function textHash(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/**
 * 64 bits of a text, as two whole numbers below 2^32: two multiplicative hashes of its UTF-16 units side by side (after cyrb53, bryc, public
 * domain), each spread by MurmurHash3's finalizer. Not for secrets: who wants to can find two texts that meet.
 */

const FIRST = 0xdeadbeef;
const SECOND = 0x41c6ce57;
const FIRST_FACTOR = 0x9e3779b1;
const SECOND_FACTOR = 0x5f356495;

/** Writes the two halves at `into[index]` and `into[index + 1]`. @param seed makes another hash of it */
export function hashText(text: string, seed: number, into: Uint32Array, index: number): void {
  let first = FIRST ^ seed;
  let second = SECOND ^ seed;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    first = Math.imul(first ^ unit, FIRST_FACTOR);
    second = Math.imul(second ^ unit, SECOND_FACTOR);
  }
  into[index] = spread(first ^ (second >>> 15) ^ text.length);
  into[index + 1] = spread(second ^ (first >>> 13));
}

function spread(bits: number): number {
  let x = bits ^ (bits >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

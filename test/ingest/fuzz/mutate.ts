/** Makes a body into one that nobody meant to send. */

import type { Random } from "./random.ts";

/** What numbers, lengths and quotes turn into. */
const SPLINTERS: readonly (readonly number[])[] = [
  ...[
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "[",
    "]",
    "{",
    "}",
    ":",
    "\\u0000",
    "\\ud800",
    "null",
    "1e999",
    "-1e999",
    "1e-999",
  ],
  ...["99999999999999999999", "-1", "0", "00", ".5", "NaN", "nan", "inf", "true", "\ufeff", "ß", "\u0000"],
].map((text) => [...new TextEncoder().encode(text)]);
const BYTES = [0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0xc0, 0xc1, 0xc6, 0xcf, 0xd6, 0xdb, 0xdd, 0xdf, 0xff];

/** A copy of `body` with one to four things wrong with it. @param other of which a piece may be put in */
export function mutate(random: Random, body: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = body.slice();
  for (let count = random.within(1, 4); count > 0; count--) bytes = mutateOnce(random, bytes, other);
  return bytes;
}

export function randomBody(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: random.below(200) }, () => random.bits());
  // Of the bytes that mean something, so that it comes further.
  if (random.oneIn(2)) for (let at = 0; at < bytes.length; at += 2) bytes[at] = random.pick(BYTES);
  return bytes;
}

function mutateOnce(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length === 0) return Uint8Array.from(random.pick(SPLINTERS));
  // Mostly behind the beginning, which whole bodies fail at.
  const at = length - 1 - random.below(random.oneIn(4) ? length : Math.ceil(length / 2));
  const count = Math.min(length - at, random.within(1, random.oneIn(4) ? 64 : 8));
  switch (random.below(9)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.oneIn(2) ? random.pick(BYTES) : random.bits();
      return bytes;
    case 2:
      return spliced(bytes, at, 0, random.pick(SPLINTERS));
    case 3:
      return spliced(bytes, at, count, []);
    case 4:
      return spliced(bytes, at, count, random.pick(SPLINTERS));
    case 5:
      return bytes.subarray(0, at);
    case 6:
      // A number, or a length, of 1 to 8 bytes.
      bytes.fill(random.pick([0xff, 0x00, 0x7f, 0x80]), at, at + random.pick([1, 2, 4, 8]));
      return bytes;
    case 7: {
      const from = random.below(length);
      return spliced(bytes, at, random.oneIn(2) ? count : 0, bytes.slice(from, from + count * 4));
    }
    default: {
      const from = random.below(other.length + 1);
      return spliced(bytes, at, count, other.subarray(from, from + count * 8));
    }
  }
}

function spliced(bytes: Uint8Array, at: number, remove: number, insert: ArrayLike<number>): Uint8Array {
  const made = new Uint8Array(bytes.length - remove + insert.length);
  made.set(bytes.subarray(0, at));
  made.set(insert, at);
  made.set(bytes.subarray(at + remove), at + insert.length);
  return made;
}

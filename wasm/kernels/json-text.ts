/** Strings of JSON that are what they say: without escapes, and whole UTF-8. Any other is left to somebody else. */

import { STOPPED } from "./json-layout";

/** Whether the string that plainEnd met last, or the sixteen bytes around its end, has bytes beyond ASCII. */
export let isWide: bool = false;

/**
 * The place of the quote that ends the string whose first byte is at `p`; STOPPED: it does not end before `end`, or has an escape or a control
 * character.
 */
// @ts-expect-error: decorator
@inline
export function plainEnd(p: usize, end: usize): usize {
  const quotes = i8x16.splat(0x22);
  const escapes = i8x16.splat(0x5c);
  const spaces = i8x16.splat(0x20);
  let all = i64x2.splat(0);
  while (p < end) {
    const bytes = v128.load(p);
    all = v128.or(all, bytes);
    const ends = v128.or(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, escapes)), i8x16.lt_u(bytes, spaces));
    const mask = i8x16.bitmask(ends);
    if (mask != 0) {
      p += <usize>ctz(mask);
      isWide = i8x16.bitmask(all) != 0;
      return load<u8>(p) == 0x22 ? p : STOPPED;
    }
    p += 16;
  }
  return STOPPED;
}

/** Copies exactly those bytes: what lies behind them must not get into the table. */
// @ts-expect-error: decorator
@inline
export function copyText(from: usize, to: usize, length: usize): void {
  if (length >= 16) {
    const last = length - 16;
    for (let done: usize = 0; done < last; done += 16) v128.store(to + done, v128.load(from + done));
    v128.store(to + last, v128.load(from + last));
  } else if (length >= 8) {
    const start = load<u64>(from);
    store<u64>(to + length - 8, load<u64>(from + length - 8));
    store<u64>(to, start);
  } else if (length >= 4) {
    const start = load<u32>(from);
    store<u32>(to + length - 4, load<u32>(from + length - 4));
    store<u32>(to, start);
  } else {
    for (let done: usize = 0; done < length; done++) store<u8>(to + done, load<u8>(from + done));
  }
}

/** Whether the bytes are UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF. */
export function isUtf8(p: usize, end: usize): bool {
  while (p < end) {
    const byte = <u32>load<u8>(p);
    if (byte < 0x80) {
      p++;
      continue;
    }
    const more: usize = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte < 0xc2 || byte > 0xf4 || end - p <= more) return false;
    const second = <u32>load<u8>(p, 1);
    const low: u32 = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
    const high: u32 = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    if (more > 1 && (load<u8>(p, 2) & 0xc0) != 0x80) return false;
    if (more > 2 && (load<u8>(p, 3) & 0xc0) != 0x80) return false;
    p += more + 1;
  }
  return true;
}

/**
 * A number as JSON writes it, to the nearest double. Digits are read eight at a time, as one word.
 *
 * What cannot be told from its first 19 digits (it can, but for one in a hundred thousand of such long ones), and what is infinite, is
 * left to somebody else.
 */

import { doubleOf } from "./decimal";
import { STOPPED } from "./json-layout";

const ZEROS: u64 = 0x3030303030303030;
/** Added to a digit's byte it leaves the upper bit clear, to any other sets it (a byte from 0x8a on carries, but only upwards). */
const ABOVE_NINE: u64 = 0x7676767676767676;
const UPPER_BITS: u64 = 0x8080808080808080;
const PAIRS: u64 = 0x000000ff000000ff;
/** Digits that 64 bits hold, whichever they are. */
const MOST_DIGITS: isize = 19;
/** Exponents are not counted on from here; no body has as many digits. */
const FAR: i32 = 100_000_000;

const WHOLE_TENS = memory.data<u64>([1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]);

/** What readNumber found. */
export let number: f64 = 0;
/** What digits() has put together: modulo 2^64. */
let sum: u64 = 0;

/** The place behind the number at `p`, which is in `number` then; STOPPED: there is none, or it is left to somebody else. */
export function readNumber(p: usize, end: usize): usize {
  const isNegative = load<u8>(p) == 0x2d; // -
  if (isNegative) p++;
  const from = p;
  sum = 0;
  p = digits(p, end);
  let count = <isize>(p - from);
  if (count == 0 || (count > 1 && load<u8>(from) == 0x30)) return STOPPED;
  let exponent: i32 = 0;
  if (load<u8>(p) == 0x2e) {
    const point = ++p;
    p = digits(p, end);
    exponent = <i32>(point - p);
    if (exponent == 0) return STOPPED;
    count -= <isize>exponent;
  }
  const to = p;
  let written: i32 = 0;
  if ((load<u8>(p) | 0x20) == 0x65) {
    p = readExponent(p + 1, end);
    if (p == STOPPED) return STOPPED;
    written = found;
    exponent += written;
  }
  const value = count <= MOST_DIGITS ? doubleOf(sum, exponent) : longDouble(from, to, written);
  if (value == Infinity || value != value) return STOPPED;
  number = isNegative ? -value : value;
  return p;
}

/** As the kernel of that name in wasm/contract/json.ts. */
export function jsonNumber(at: usize, bytes: usize, out: usize): usize {
  const end = at + bytes;
  const p = readNumber(at, end);
  if (p == STOPPED || p > end) return 0;
  store<f64>(out, number);
  return p;
}

/** Goes on in `sum` with the digits from `p` on; returns the place behind them. */
// @ts-expect-error: decorator
@inline
function digits(p: usize, end: usize): usize {
  let total = sum;
  while (true) {
    const word = load<u64>(p) ^ ZEROS;
    const others = ((word + ABOVE_NINE) | word) & UPPER_BITS;
    if (others == 0) {
      total = total * 100_000_000 + eight(word);
      p += 8;
      if (p < end) continue;
      break;
    }
    const bits = ctz(others) - 7;
    if (bits != 0) {
      // Zeros go in front.
      total = total * load<u64>(WHOLE_TENS + <usize>bits) + eight(word << (64 - bits));
      p += <usize>(bits >> 3);
    }
    break;
  }
  sum = total;
  return p;
}

/** The number that eight digits make, the first in the lowest byte. */
// @ts-expect-error: decorator
@inline
function eight(word: u64): u64 {
  const pairs = word * 10 + (word >> 8);
  return ((pairs & PAIRS) * (100 + (1_000_000 << 32)) + ((pairs >> 16) & PAIRS) * (1 + (10_000 << 32))) >> 32;
}

let found: i32 = 0;

function readExponent(p: usize, end: usize): usize {
  const sign = load<u8>(p);
  if (sign == 0x2d || sign == 0x2b) p++;
  const from = p;
  let exponent: i32 = 0;
  while (p < end) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit > 9) break;
    if (exponent < FAR) exponent = exponent * 10 + digit;
    p++;
  }
  if (p == from) return STOPPED;
  found = sign == 0x2d ? -exponent : exponent;
  return p;
}

/** A number of more than 19 digits: its first 19 from the first that is not 0 on, if it is the same with one more in the last; else NaN. */
function longDouble(from: usize, to: usize, exponent: i32): f64 {
  let w: u64 = 0;
  let left = <i32>MOST_DIGITS;
  let isFraction = false;
  let isCut = false;
  for (let p = from; p < to; p++) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit > 9) {
      isFraction = true;
      continue;
    }
    if (left > 0) {
      w = w * 10 + digit;
      if (w != 0) left--;
      if (isFraction) exponent--;
    } else {
      isCut = isCut || digit != 0;
      if (!isFraction) exponent++;
    }
  }
  const value = doubleOf(w, exponent);
  return !isCut || value == doubleOf(w + 1, exponent) ? value : NaN;
}

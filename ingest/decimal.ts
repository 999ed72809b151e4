/**
 * Numbers as JSON writes them (RFC 8259, section 6), read from bytes: exactly the double that `Number` makes of the same text.
 *
 * A whole number below 2^53 and a power of ten up to 10^22 are both exact as doubles, so their product or quotient is rounded once, and right
 * (Clinger, "How to Read Floating Point Numbers Accurately", 1990). What has more digits is left to `Number`.
 */

import type { BodyBytes } from "./body-bytes.ts";

const ZERO = 48;
const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const LOWER_E = 101;
const UPPER_E = 69;
/** Below it, there is room for another digit. */
const ROOM = 900_719_925_474_098;
const MOST_TENS = 22;
const TENS = Float64Array.from({ length: MOST_TENS + 1 }, (_, power) => Number(`1e${power}`));
/** Digits of an exponent that are told apart: beyond, all is 0 or infinite. */
const MOST_EXPONENT = 100_000;

/** The number that bytes `from` to `to` (not included) are; NaN when they are none. */
export function readDecimal(bytes: BodyBytes, from: number, to: number): number {
  const { u8 } = bytes;
  let at = from;
  const isNegative = u8[at] === MINUS;
  if (isNegative) at++;
  let digits = 0;
  let isLong = false;
  let scale = 0;
  const first = at;
  for (; at < to; at++) {
    const digit = u8[at]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    if (digits > ROOM) isLong = true;
    else digits = digits * 10 + digit;
  }
  if (at === first || at > to || (u8[first] === ZERO && at > first + 1)) return Number.NaN;
  if (at < to && u8[at] === POINT) {
    const point = ++at;
    for (; at < to; at++) {
      const digit = u8[at]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      if (digits > ROOM) isLong = true;
      else {
        digits = digits * 10 + digit;
        scale++;
      }
    }
    if (at === point) return Number.NaN;
  }
  let exponent = 0;
  if (at < to && (u8[at] === LOWER_E || u8[at] === UPPER_E)) {
    at++;
    const isDown = u8[at] === MINUS;
    if (isDown || u8[at] === PLUS) at++;
    const power = at;
    for (; at < to; at++) {
      const digit = u8[at]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      if (exponent < MOST_EXPONENT) exponent = exponent * 10 + digit;
    }
    if (at === power) return Number.NaN;
    if (isDown) exponent = -exponent;
  }
  if (at !== to) return Number.NaN;
  const tens = exponent - scale;
  if (isLong || tens > MOST_TENS || tens < -MOST_TENS) return Number(bytes.ascii(from, to));
  const magnitude = tens < 0 ? digits / TENS[-tens]! : digits * TENS[tens]!;
  return isNegative ? -magnitude : magnitude;
}

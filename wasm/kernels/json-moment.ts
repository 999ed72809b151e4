/**
 * Moments as RFC 3339 text, as datasets/moment-text.ts reads them: `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`, what lies below a millisecond cut
 * off. Of a fraction up to nine digits are read here.
 */

import { QUOTE, STOPPED } from "./json-layout";

/** What readMoment found: milliseconds since the epoch. */
export let moment: i64 = 0;

/** Above any number of two digits. */
const NONE: u32 = 1 << 16;

/** The place behind the quote that ends the text whose first byte is at `p`; STOPPED: it is no such moment. */
export function readMoment(p: usize): usize {
  const year = two(p) * 100 + two(p + 2);
  const month = two(p + 5);
  const day = two(p + 8);
  const hour = two(p + 11);
  const minute = two(p + 14);
  const second = two(p + 17);
  if (load<u8>(p, 4) != 0x2d || load<u8>(p, 7) != 0x2d || (load<u8>(p, 10) | 0x20) != 0x74) return STOPPED;
  if (load<u8>(p, 13) != 0x3a || load<u8>(p, 16) != 0x3a) return STOPPED;
  if (year > 9999 || month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 || second > 59) return STOPPED;
  if (day > 28 && day > daysIn(year, month)) return STOPPED;
  p += 19;
  let ms: u32 = 0;
  if (load<u8>(p) == 0x2e) {
    const from = ++p;
    let unit: u32 = 100;
    while (p - from < 9) {
      const digit = <u32>load<u8>(p) - 0x30;
      if (digit > 9) break;
      ms += digit * unit;
      unit /= 10;
      p++;
    }
    if (p == from) return STOPPED;
  }
  let eastMinutes: i64 = 0;
  const zone = <u32>load<u8>(p);
  if ((zone | 0x20) == 0x7a) {
    p++;
  } else {
    const hours = two(p + 1);
    const minutes = two(p + 4);
    if (hours > 23 || minutes > 59 || load<u8>(p, 3) != 0x3a) return STOPPED;
    if (zone != 0x2b && zone != 0x2d) return STOPPED;
    eastMinutes = <i64>(hours * 60 + minutes);
    if (zone == 0x2d) eastMinutes = -eastMinutes;
    p += 6;
  }
  if (load<u8>(p) != QUOTE) return STOPPED;
  const minutes = <i64>(hour * 60 + minute) - eastMinutes;
  moment = <i64>daysSinceEpoch(year, month, day) * 86_400_000 + minutes * 60_000 + <i64>(second * 1000 + ms);
  return p + 1;
}

/** The number that two digits make; at least NONE when they are none. */
// @ts-expect-error: decorator
@inline
function two(p: usize): u32 {
  const tens = <u32>load<u8>(p) - 0x30;
  const ones = <u32>load<u8>(p, 1) - 0x30;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : NONE;
}

function daysIn(year: u32, month: u32): u32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar (http://howardhinnant.github.io/date_algorithms.html#days_from_civil). */
function daysSinceEpoch(year: u32, month: u32, day: u32): i32 {
  // An era of 400 years earlier, so that no year is negative.
  const y = year + 400 - <u32>(month <= 2);
  const era = y / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return <i32>(era * 146_097 + dayOfEra) - 719_468 - 146_097;
}

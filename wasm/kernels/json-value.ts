/**
 * One value of a row, into its column. Nothing is written where the column does not take the value as it is; what it is then, is for the
 * validator to say.
 *
 * Whether the row has the column already, its validity bit says: of a column that stands twice the second is left to somebody else, but after
 * a null, which is as good as nothing.
 */

import {
  BOOL,
  CATEGORY,
  DATA,
  F32,
  F64,
  I32,
  I64,
  LIMIT,
  MAX,
  MIN,
  MOMENT,
  NAMES,
  NO_ROOM,
  OTHERWISE,
  PLACE,
  QUOTE,
  STOPPED,
  TEXT,
  TEXT_ROOM,
  TYPE,
  U16,
  U32,
  U64,
  U8,
  UTF8,
  VALIDITY,
} from "./json-layout";
import { moment, readMoment } from "./json-moment";
import { findLowerName, findName, NO_NAME } from "./json-names";
import { number, readNumber } from "./json-number";
import { copyText, isUtf8, isWide, plainEnd } from "./json-text";

const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const FALSE: u32 = 0x736c6166;
const LETTER_E: u32 = 0x65;
/** Digits of the largest number of 64 bits. */
const MOST_DIGITS: u32 = 20;
/** Bytes of a place's name that are looked at. */
const LONGEST_PREFIX: u32 = 16;

/** The place behind the value at `p`, which is in row `row` of the column then; or STOPPED, or NO_ROOM. */
export function readValue(plan: usize, column: usize, p: usize, end: usize, row: usize): usize {
  const validity = <usize>load<u32>(column, VALIDITY) + (row >> 3);
  const bits = <u32>load<u8>(validity);
  const bit = (<u32>1) << (<u32>row & 7);
  const first = <u32>load<u8>(p);
  if ((bits & bit) != 0) return STOPPED;
  if (first == 0x6e) return load<u32>(p) == NULL ? p + 4 : STOPPED;
  const type = load<u32>(column, TYPE);
  const data = <usize>load<u32>(column, DATA);
  if (type == UTF8) p = readText(plan, column, data, p, end, row);
  else if (type == CATEGORY || type == PLACE) p = readCategory(column, type, data + row, p, end);
  else if (type == BOOL) p = readBool(data + (row >> 3), bit, p);
  else if (first == QUOTE) p = readQuoted(column, type, data + (row << 3), p, end);
  else p = readNumeric(column, type, data, p, end, row);
  if (p > NO_ROOM) store<u8>(validity, bits | bit);
  return p;
}

// @ts-expect-error: decorator
@inline
function readNumeric(column: usize, type: u32, data: usize, p: usize, end: usize, row: usize): usize {
  p = readNumber(p, end);
  if (p == STOPPED) return STOPPED;
  const value = number;
  if (type == F64) {
    store<f64>(data + (row << 3), value);
    return p;
  }
  if (!(value >= load<f64>(column, MIN) && value <= load<f64>(column, MAX))) return STOPPED;
  if (type == F32) {
    store<f32>(data + (row << 2), <f32>value);
    return p;
  }
  // Within the column's range, which is within 2^53: nothing is cut off but a fraction.
  const whole = <i64>value;
  if (<f64>whole != value) return STOPPED;
  if (type == U32 || type == I32) store<u32>(data + (row << 2), <u32>whole);
  else if (type == U8) store<u8>(data + row, <u8>whole);
  else if (type == U16) store<u16>(data + (row << 1), <u16>whole);
  else store<i64>(data + (row << 3), whole);
  return p;
}

/** Text that stands for a number: a moment, or 64 bits in decimal. */
function readQuoted(column: usize, type: u32, cell: usize, p: usize, end: usize): usize {
  if (type == MOMENT) {
    p = readMoment(p + 1);
    if (p == STOPPED) return STOPPED;
    if (!(<f64>moment >= load<f64>(column, MIN) && <f64>moment <= load<f64>(column, MAX))) return STOPPED;
    store<i64>(cell, moment);
    return p;
  }
  if (type != U64 && type != I64) return STOPPED;
  p++;
  const isNegative = load<u8>(p) == 0x2d;
  if (isNegative) p++;
  if (isNegative && type == U64) return STOPPED;
  const from = p;
  let value: u64 = 0;
  while (p < end) {
    const digit = <u64>load<u8>(p) - 0x30;
    if (digit > 9) break;
    // The twentieth digit may be too much for 64 bits.
    if (p - from >= MOST_DIGITS - 1 && (p - from >= MOST_DIGITS || value > (u64.MAX_VALUE - digit) / 10)) return STOPPED;
    value = value * 10 + digit;
    p++;
  }
  if (p == from || load<u8>(p) != QUOTE) return STOPPED;
  if (load<u8>(from) == 0x30 && (p - from > 1 || isNegative)) return STOPPED;
  if (value > load<u64>(column, LIMIT)) return STOPPED;
  store<u64>(cell, isNegative ? 0 - value : value);
  return p + 1;
}

// @ts-expect-error: decorator
@inline
function readBool(at: usize, bit: u32, p: usize): usize {
  const word = load<u32>(p);
  if (word == TRUE) {
    store<u8>(at, <u32>load<u8>(at) | bit);
    return p + 4;
  }
  return word == FALSE && load<u8>(p, 4) == LETTER_E ? p + 5 : STOPPED;
}

// @ts-expect-error: decorator
@inline
function readCategory(column: usize, type: u32, cell: usize, p: usize, end: usize): usize {
  if (load<u8>(p) != QUOTE) return STOPPED;
  const from = p + 1;
  p = plainEnd(from, end);
  if (p == STOPPED) return STOPPED;
  const length = <u32>(p - from);
  const names = <usize>load<u32>(column, NAMES);
  let code = NO_NAME;
  if (type == CATEGORY) code = findName(names, from, length);
  if (code == NO_NAME) {
    // Of ASCII a character is a byte; of any other text they are not counted here.
    if (isWide || length > load<u32>(column, LIMIT)) return STOPPED;
    if (type == PLACE) code = findPlace(names, from, length);
    if (code == NO_NAME) code = load<u32>(column, OTHERWISE);
    if (code == NO_NAME) return STOPPED;
  }
  store<u8>(cell, code);
  return p + 1;
}

/** As datasets/places.ts has it. */
function findPlace(prefixes: usize, from: usize, length: u32): u32 {
  const most: u32 = length < LONGEST_PREFIX ? length : LONGEST_PREFIX;
  for (let at: u32 = 0; at < most; at++) {
    if (load<u8>(from + at) == 0x2d) return findLowerName(prefixes, from, at + 1);
  }
  return NO_NAME;
}

// @ts-expect-error: decorator
@inline
function readText(plan: usize, column: usize, offsets: usize, p: usize, end: usize, row: usize): usize {
  if (load<u8>(p) != QUOTE) return STOPPED;
  const from = p + 1;
  p = plainEnd(from, end);
  if (p == STOPPED) return STOPPED;
  const length = p - from;
  if (length > load<u32>(column, LIMIT)) return STOPPED;
  if (isWide && !isUtf8(from, p)) return STOPPED;
  const offset = offsets + (row << 2);
  const start = <usize>load<u32>(offset);
  if (start + length > load<u32>(plan, TEXT_ROOM)) return NO_ROOM;
  copyText(from, <usize>load<u32>(column, TEXT) + start, length);
  store<u32>(offset, start + length, 4);
  return p + 1;
}

/**
 * One object into one row of a table. Keys are expected in the order in which they came in the row before, so that finding a column is
 * comparing its name; any other order costs a search in the set of names.
 */

import {
  BOOL,
  COLUMNS,
  COLUMN_BYTES,
  DATA,
  F32,
  I32,
  KEY,
  KEY_BYTES,
  KEY_CHUNKS,
  KEYS,
  CATEGORY,
  NEXT,
  NO_ROOM,
  PLACE,
  QUOTE,
  skipBlanks,
  STOPPED,
  TEXT,
  TEXTS,
  TEXT_LIST,
  TYPE,
  U16,
  U32,
  U8,
  UTF8,
  VALIDITY,
} from "./json-layout";
import { findName, NO_NAME } from "./json-names";
import { plainEnd } from "./json-text";
import { readValue } from "./json-value";

/**
 * The place behind the object at `p`, which is row `row` of the table then; or STOPPED, or NO_ROOM, and rewindRow is to be called. It may lie
 * behind `end`: then what lies there was read, and the row is to be taken back too.
 */
export function readRow(plan: usize, p: usize, end: usize, row: usize, blanks: u64): usize {
  beginTexts(plan, row);
  let before = plan;
  p = skipBlanks(p + 1, end, blanks);
  if (load<u8>(p) == 0x7d) return p + 1;
  while (p < end) {
    let column = <usize>load<u32>(before, NEXT);
    if (isNext(column, p)) {
      p += load<u32>(column, KEY_BYTES);
    } else {
      if (load<u8>(p) != QUOTE) return STOPPED;
      const from = p + 1;
      p = plainEnd(from, end);
      if (p == STOPPED) return STOPPED;
      const place = findName(load<u32>(plan, KEYS), from, <u32>(p - from));
      if (place == NO_NAME) return STOPPED;
      column = plan + COLUMN_BYTES * <usize>(place + 1);
      store<u32>(before, column, NEXT);
      p = skipBlanks(p + 1, end, blanks);
      if (load<u8>(p) != 0x3a) return STOPPED;
      p++;
    }
    before = column;
    p = readValue(plan, column, skipBlanks(p, end, blanks), end, row);
    if (p <= NO_ROOM) return p;
    p = skipBlanks(p, end, blanks);
    const byte = <u32>load<u8>(p);
    if (byte == 0x7d) return p + 1;
    if (byte != 0x2c) return STOPPED;
    p = skipBlanks(p + 1, end, blanks);
  }
  return STOPPED;
}

/** Takes back all that the table has of row `row`: as if it had never been read. */
export function rewindRow(plan: usize, row: usize): void {
  const count = load<u32>(plan, COLUMNS);
  const bit = (<u32>1) << (<u32>row & 7);
  for (let index: u32 = 0; index < count; index++) {
    const column = plan + COLUMN_BYTES * <usize>(index + 1);
    const validity = <usize>load<u32>(column, VALIDITY) + (row >> 3);
    const bits = <u32>load<u8>(validity);
    if ((bits & bit) == 0) continue;
    store<u8>(validity, bits & ~bit);
    wipeCell(column, load<u32>(column, DATA), row, bit);
  }
}

function wipeCell(column: usize, data: usize, row: usize, bit: u32): void {
  const type = load<u32>(column, TYPE);
  if (type == UTF8) {
    const offset = data + (row << 2);
    const start = load<u32>(offset);
    memory.fill(<usize>load<u32>(column, TEXT) + start, 0, load<u32>(offset, 4) - start);
  } else if (type == BOOL) {
    store<u8>(data + (row >> 3), <u32>load<u8>(data + (row >> 3)) & ~bit);
  } else if (type == CATEGORY || type == PLACE || type == U8) {
    store<u8>(data + row, 0);
  } else if (type == U16) {
    store<u16>(data + (row << 1), 0);
  } else if (type == F32 || type == U32 || type == I32) {
    store<u32>(data + (row << 2), 0);
  } else {
    store<u64>(data + (row << 3), 0);
  }
}

/** Texts that do not come are empty. */
// @ts-expect-error: decorator
@inline
function beginTexts(plan: usize, row: usize): void {
  const count = load<u32>(plan, TEXTS);
  const list = <usize>load<u32>(plan, TEXT_LIST);
  for (let index: u32 = 0; index < count; index++) {
    const offset = <usize>load<u32>(list + ((<usize>index) << 2)) + (row << 2);
    store<u32>(offset, load<u32>(offset), 4);
  }
}

/** Whether the name of the column is what stands at `p`, with its quotes and the colon right behind. */
// @ts-expect-error: decorator
@inline
function isNext(column: usize, p: usize): bool {
  let key = <usize>load<u32>(column, KEY);
  const last = key + ((<usize>load<u32>(column, KEY_CHUNKS)) << 5);
  while (key < last) {
    if (v128.any_true(v128.and(v128.xor(v128.load(p), v128.load(key)), v128.load(key, 16)))) return false;
    key += 32;
    p += 16;
  }
  return true;
}

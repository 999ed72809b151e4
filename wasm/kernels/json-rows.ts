/**
 * Rows of JSON into a table: objects on lines of their own, or the elements of an array. It goes on until a row is not the plain one that it
 * knows; of that one the table keeps nothing, and it is done elsewhere.
 */

import {
  AT,
  BLANKS,
  BLANKS_AND_LINE_FEED,
  IS_ARRAY,
  LINE_FEED,
  NO_ROOM,
  ROW,
  ROW_BYTES,
  ROWS,
  skipBlanks,
  STOPPED,
} from "./json-layout";
import { readRow, rewindRow } from "./json-row";
import { plainEnd } from "./json-text";

/** As wasm/contract/json.ts has them. */
const JSON_END: i32 = 0;
const JSON_FULL: i32 = 1;
const JSON_ROW: i32 = 2;
const JSON_FAULT: i32 = 3;

/** As the kernel of that name in wasm/contract/json.ts. */
export function jsonRows(plan: usize, end: usize, isBehind: bool): i32 {
  return load<u32>(plan, IS_ARRAY) != 0 ? elements(plan, end, isBehind) : lines(plan, end);
}

function lines(plan: usize, end: usize): i32 {
  const rows = load<u32>(plan, ROWS);
  const most = <usize>load<u32>(plan, ROW_BYTES);
  let at = <usize>load<u32>(plan, AT);
  let row = load<u32>(plan, ROW);
  let answer = JSON_END;
  while (true) {
    let p = skipBlanks(at, end, BLANKS_AND_LINE_FEED);
    if (p >= end) {
      at = end;
      break;
    }
    at = lineStart(at, p);
    answer = row >= rows ? JSON_FULL : JSON_ROW;
    if (answer == JSON_FULL || load<u8>(p) != 0x7b) break;
    p = readRow(plan, p, end, row, BLANKS);
    if (p > NO_ROOM) p = skipBlanks(p, end, BLANKS);
    if (p == NO_ROOM) answer = JSON_FULL;
    if (p <= NO_ROOM || p > end || p - at > most || (p < end && load<u8>(p) != LINE_FEED)) {
      rewindRow(plan, row);
      break;
    }
    row++;
    at = p < end ? p + 1 : end;
    answer = JSON_END;
  }
  store<u32>(plan, at, AT);
  store<u32>(plan, row, ROW);
  return answer;
}

/** Where the line begins that `p` is in, behind nothing but blanks from `from` on. */
// @ts-expect-error: decorator
@inline
function lineStart(from: usize, p: usize): usize {
  while (p > from && load<u8>(p - 1) != LINE_FEED) p--;
  return p;
}

function elements(plan: usize, end: usize, isBehind: bool): i32 {
  const rows = load<u32>(plan, ROWS);
  const most = <usize>load<u32>(plan, ROW_BYTES);
  let at = <usize>load<u32>(plan, AT);
  let row = load<u32>(plan, ROW);
  let answer = JSON_ROW;
  while (true) {
    if (isBehind) {
      at = skipBlanks(at, end, BLANKS_AND_LINE_FEED);
      answer = JSON_FAULT;
      if (at >= end) break;
      const byte = <u32>load<u8>(at);
      if (byte == 0x5d) {
        at++;
        answer = JSON_END;
        break;
      }
      if (byte != 0x2c) break;
      at = skipBlanks(at + 1, end, BLANKS_AND_LINE_FEED);
    }
    answer = row >= rows ? JSON_FULL : JSON_ROW;
    if (answer == JSON_FULL || at >= end || load<u8>(at) != 0x7b) break;
    const p = readRow(plan, at, end, row, BLANKS_AND_LINE_FEED);
    if (p == NO_ROOM) answer = JSON_FULL;
    if (p <= NO_ROOM || p > end || p - at > most) {
      rewindRow(plan, row);
      break;
    }
    row++;
    at = p;
    isBehind = true;
  }
  store<u32>(plan, at, AT);
  store<u32>(plan, row, ROW);
  return answer;
}

/** As the kernel of that name in wasm/contract/json.ts. */
export function jsonElementEnd(at: usize, end: usize): usize {
  let depth = 0;
  let p = at;
  while (p < end) {
    const byte = <u32>load<u8>(p);
    if (byte == 0x22) {
      p = stringEnd(p + 1, end);
      if (p == STOPPED) return 0;
    } else if (byte == 0x7b || byte == 0x5b) {
      depth++;
    } else if (byte == 0x7d || byte == 0x5d) {
      if (depth == 0) return p;
      depth--;
    } else if (byte == 0x2c && depth == 0) {
      return p;
    }
    p++;
  }
  return 0;
}

/** The place of the quote that ends a string, whatever is in it. */
function stringEnd(p: usize, end: usize): usize {
  const plain = plainEnd(p, end);
  if (plain != STOPPED) return plain < end ? plain : STOPPED;
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == 0x22) return p;
    if (byte == 0x5c) p++;
  }
  return STOPPED;
}

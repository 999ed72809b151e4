/**
 * The plan that JSON is parsed by, as it lies in memory: ingest/json-plan.ts writes it, once for a table, and states what the fields mean. The
 * kernels write nothing of it but where they are, and which key they met behind which.
 */

/** Of the plan. */
export const AT: usize = 0;
export const ROW: usize = 4;
export const IS_ARRAY: usize = 8;
export const ROWS: usize = 12;
export const ROW_BYTES: usize = 16;
export const COLUMNS: usize = 20;
export const TEXTS: usize = 24;
export const TEXT_LIST: usize = 28;
export const KEYS: usize = 32;
export const TEXT_ROOM: usize = 36;
/** Of the plan and of a column alike: the column that is expected next. */
export const NEXT: usize = 60;

/** Columns lie behind the plan's head, which is as long as one of them. */
export const COLUMN_BYTES: usize = 64;
/** Of a column. */
export const TYPE: usize = 0;
export const DATA: usize = 4;
export const VALIDITY: usize = 8;
export const TEXT: usize = 12;
export const LIMIT: usize = 16;
export const OTHERWISE: usize = 20;
export const MIN: usize = 24;
export const MAX: usize = 32;
export const KEY: usize = 40;
export const KEY_CHUNKS: usize = 44;
export const KEY_BYTES: usize = 48;
export const NAMES: usize = 52;

/** What a column takes. */
export const F64: u32 = 0;
export const F32: u32 = 1;
export const U8: u32 = 2;
export const U16: u32 = 3;
export const U32: u32 = 4;
export const I32: u32 = 5;
export const U64: u32 = 6;
export const I64: u32 = 7;
export const MOMENT: u32 = 8;
export const BOOL: u32 = 9;
export const CATEGORY: u32 = 10;
export const UTF8: u32 = 11;
/** A category whose text is told by what it begins with, up to the first hyphen. */
export const PLACE: u32 = 12;

/** Instead of the place behind what was read: the row goes the slow way; the table has no room for it. No place is as low. */
export const STOPPED: usize = 0;
export const NO_ROOM: usize = 1;

export const QUOTE: u32 = 0x22;
export const LINE_FEED: u32 = 10;
/** White space as bits: of JSON on one line (tab, carriage return, space), and anywhere. */
export const BLANKS: u64 = 0x100002200;
export const BLANKS_AND_LINE_FEED: u64 = 0x100002600;

/** The first place from `p` on that is not blank; at `end` or behind it at the latest. */
// @ts-expect-error: decorator
@inline
export function skipBlanks(p: usize, end: usize, blanks: u64): usize {
  if (load<u8>(p) > 32) return p;
  return skipMore(p, end, blanks);
}

function skipMore(p: usize, end: usize, blanks: u64): usize {
  const from = p;
  while (p < end) {
    const byte = <u32>load<u8>(p);
    if (byte > 32 || ((blanks >> byte) & 1) == 0) return p;
    p++;
    if (p - from >= 8 && p < end) return skipLong(p, end, blanks);
  }
  return p;
}

/** Sixteen at a time, for text that is indented, or senders who want to keep us busy. */
function skipLong(p: usize, end: usize, blanks: u64): usize {
  const spaces = i8x16.splat(0x20);
  const tabs = i8x16.splat(9);
  const returns = i8x16.splat(13);
  const feeds = i8x16.splat(((blanks >> LINE_FEED) & 1) != 0 ? 10 : 0x20);
  while (p < end) {
    const bytes = v128.load(p);
    const some = v128.or(i8x16.eq(bytes, spaces), i8x16.eq(bytes, tabs));
    const others = ~i8x16.bitmask(v128.or(some, v128.or(i8x16.eq(bytes, returns), i8x16.eq(bytes, feeds)))) & 0xffff;
    if (others != 0) {
      p += <usize>ctz(others);
      break;
    }
    p += 16;
  }
  return p < end ? p : end;
}

/**
 * For each byte string of a column, the first row that has the same one: what is dear to do with a string needs doing once.
 *
 * Rows are looked up in an open-addressing table of row numbers (plus 1; 0: free), by a hash of the string. The table holds no bytes of any
 * string. Who searches for PROBES places in vain counts as first: then it is done once more than need be, and strings that
 * somebody chose for their hashes cost a bounded search each.
 */

import { mix } from "./mix";
import { isValid } from "./validity";

const PROBES = 16;
/** Odd: that of mix.ts. */
const FACTOR: u64 = 0x9fb21c651e98df25;

export function firstsOf(values: usize, offsets: usize, validity: usize, rows: i32, table: usize, capacity: u32, firsts: usize): i32 {
  const mask = capacity - 1;
  memory.fill(table, 0, (<usize>capacity) << 2);
  let distinct = 0;
  for (let row = 0; row < rows; row++) {
    let first = row;
    // What a missing row has for bytes is nobody's string.
    if (validity == 0 || isValid(validity, row)) {
      const start = load<u32>(offsets + ((<usize>row) << 2));
      const length = load<u32>(offsets + ((<usize>row) << 2), 4) - start;
      first = find(values, offsets, table, mask, values + start, length, row);
      if (first == row) distinct++;
    }
    store<u32>(firsts + ((<usize>row) << 2), first);
  }
  return distinct;
}

// @ts-expect-error: decorator
@inline
function find(values: usize, offsets: usize, table: usize, mask: u32, at: usize, length: u32, row: i32): i32 {
  let place = <u32>hashOf(at, length) & mask;
  for (let probe = 0; probe < PROBES; probe++) {
    const entry = load<u32>(table + ((<usize>place) << 2));
    if (entry == 0) {
      store<u32>(table + ((<usize>place) << 2), row + 1);
      return row;
    }
    const other = offsets + ((<usize>(entry - 1)) << 2);
    const start = load<u32>(other);
    if (load<u32>(other, 4) - start == length && areSame(values + start, at, length)) return entry - 1;
    place = (place + 1) & mask;
  }
  return row;
}

/** A multiplication each eight bytes and one good mixing at the end: who chooses strings that meet costs a bounded search, whatever the hash. */
function hashOf(at: usize, length: u32): u64 {
  if (length < 8) return mix(shortAt(at, length) ^ ((<u64>length) << 56));
  let hash: u64 = FACTOR + length;
  const last = at + length - 8;
  for (; at < last; at += 8) hash = rotl<u64>((hash ^ load<u64>(at)) * FACTOR, 32);
  // The last eight bytes, some of which may have been seen.
  return mix(hash ^ load<u64>(last));
}

/** Of strings of one length, read as `hashOf` reads them; memory.compare took three times as long. */
function areSame(a: usize, b: usize, length: u32): bool {
  if (length < 8) return shortAt(a, length) == shortAt(b, length);
  const last = a + length - 8;
  const by = b - a;
  for (; a < last; a += 8) if (load<u64>(a) != load<u64>(a + by)) return false;
  return load<u64>(last) == load<u64>(last + by);
}

/** Up to seven bytes as a number. */
// @ts-expect-error: decorator
@inline
function shortAt(at: usize, length: u32): u64 {
  if (length >= 4) return <u64>load<u32>(at) | ((<u64>load<u32>(at + length - 4)) << 32);
  if (length == 0) return 0;
  return <u64>load<u8>(at) | ((<u64>load<u8>(at + (length >> 1))) << 8) | ((<u64>load<u8>(at + length - 1)) << 16);
}

/**
 * u64 keys to u32 values by open addressing with linear probing, over entries that the host has made room for.
 *
 * `capacity` entries (a power of two) of 16 bytes: key u64, value u32, unused u32; value 0: no entry. Keys are mixed
 * (mix.ts), so that small numbers and pseudonyms do alike. A deleted entry leaves no mark: those behind it that may move up
 * do (Knuth, TAOCP 6.4, algorithm R), so a table that groups come to and leave for years stays as fast as a new one. The host
 * keeps at least one entry in eight free; without a free one a search would not end.
 */

import { mix } from "./mix";

/** log2 of an entry's bytes. */
const ENTRY: usize = 4;
const VALUE: usize = 8;

/** Writes the value of each row's key; stops at the first key that has none. A key that follows itself is not looked for again. */
export function groupsFind(entries: usize, capacity: u32, keys: usize, width: i32, from: i32, to: i32, out: usize): i32 {
  if (width == 8) return find<u64>(entries, capacity, keys, from, to, out);
  if (width == 4) return find<u32>(entries, capacity, keys, from, to, out);
  return find<u8>(entries, capacity, keys, from, to, out);
}

/** 0: not there. */
export function groupsGet(entries: usize, capacity: u32, key: u64): u32 {
  return load<u32>(entryOf(entries, capacity - 1, key), VALUE);
}

/** Returns 1 for a new key, 0 for one that was there and has another value now. */
export function groupsPut(entries: usize, capacity: u32, key: u64, value: u32): u32 {
  const entry = entryOf(entries, capacity - 1, key);
  const isNew = load<u32>(entry, VALUE) == 0;
  store<u64>(entry, key);
  store<u32>(entry, value, VALUE);
  return <u32>isNew;
}

/** Returns 1, or 0 when the key was not there. */
export function groupsDelete(entries: usize, capacity: u32, key: u64): u32 {
  const mask = capacity - 1;
  let hole = entryOf(entries, mask, key);
  if (load<u32>(hole, VALUE) == 0) return 0;
  let next = hole;
  for (;;) {
    next = following(entries, mask, next);
    if (load<u32>(next, VALUE) == 0) break;
    // It may move up to the hole unless its own place lies behind the hole, on the way to where it is.
    const home = <u32>mix(load<u64>(next)) & mask;
    const place = <u32>((next - entries) >> ENTRY);
    const vacant = <u32>((hole - entries) >> ENTRY);
    if (((place - home) & mask) < ((place - vacant) & mask)) continue;
    v128.store(hole, v128.load(next));
    hole = next;
  }
  v128.store(hole, i64x2.splat(0));
  return 1;
}

/** Puts all entries into another table, which is empty and has room for them. */
export function groupsMove(entries: usize, capacity: u32, to: usize, toCapacity: u32): void {
  const end = entries + ((<usize>capacity) << ENTRY);
  for (let entry = entries; entry < end; entry += 16) {
    const value = load<u32>(entry, VALUE);
    if (value != 0) groupsPut(to, toCapacity, load<u64>(entry), value);
  }
}

// @ts-expect-error: decorator
@inline
function find<T>(entries: usize, capacity: u32, keys: usize, from: i32, to: i32, out: usize): i32 {
  const mask = capacity - 1;
  let last: u64 = 0;
  let value: u32 = 0;
  for (let row = from; row < to; row++) {
    const key = <u64>load<T>(keys + (<usize>row) * sizeof<T>());
    if (key != last || value == 0) {
      value = load<u32>(entryOf(entries, mask, key), VALUE);
      if (value == 0) return row;
      last = key;
    }
    store<u32>(out + ((<usize>row) << 2), value);
  }
  return to;
}

/** The key's entry, or the free one where it would be put. */
// @ts-expect-error: decorator
@inline
function entryOf(entries: usize, mask: u32, key: u64): usize {
  let entry = entries + ((<usize>(<u32>mix(key) & mask)) << ENTRY);
  while (load<u32>(entry, VALUE) != 0 && load<u64>(entry) != key) entry = following(entries, mask, entry);
  return entry;
}

// @ts-expect-error: decorator
@inline
function following(entries: usize, mask: u32, entry: usize): usize {
  return entries + ((entry - entries + 16) & (((<usize>mask) << ENTRY) | 15));
}

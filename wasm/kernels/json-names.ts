/**
 * Closed sets of names: keys of an object, values of a category. A name is found by its length, its first and its last eight bytes, which are
 * all of it up to sixteen; the others are compared whole.
 *
 * A set is u32 the number of its places less 1 (places are a power of two, at least twice the names), u32 unused, then the places: u64 the first
 * bytes, u64 the last, u32 length plus 1 (0: it is free), u32 the number that goes with it, u32 where its bytes lie, u32 unused.
 */

const HEAD: usize = 8;
const FIRST: usize = 0;
const LAST: usize = 8;
const LENGTH: usize = 16;
const VALUE: usize = 20;
const BYTES: usize = 24;

/** Of a name that is not in the set. */
export const NO_NAME: u32 = 0xffffffff;

/** As the kernel of that name in wasm/contract/json.ts. */
export function jsonName(set: usize, at: usize, length: u32, value: u32): void {
  const first = firstBytes(at, length);
  const last = lastBytes(at, length);
  const mask = load<u32>(set);
  let place = hashOf(first, last, length) & mask;
  while (load<u32>(entryAt(set, place), LENGTH) != 0) place = (place + 1) & mask;
  const entry = entryAt(set, place);
  store<u64>(entry, first, FIRST);
  store<u64>(entry, last, LAST);
  store<u32>(entry, length + 1, LENGTH);
  store<u32>(entry, value, VALUE);
  store<u32>(entry, at, BYTES);
}

/** What goes with a name, or NO_NAME. Up to eight bytes behind it are read. */
export function findName(set: usize, at: usize, length: u32): u32 {
  return find(set, at, length, firstBytes(at, length), lastBytes(at, length));
}

/** What goes with a name of at most 16 bytes, all ASCII, in whichever case; names in the set are in lower case. */
export function findLowerName(set: usize, at: usize, length: u32): u32 {
  return find(set, at, length, lowerCase(firstBytes(at, length)), lowerCase(lastBytes(at, length)));
}

// @ts-expect-error: decorator
@inline
function find(set: usize, at: usize, length: u32, first: u64, last: u64): u32 {
  const mask = load<u32>(set);
  let place = hashOf(first, last, length) & mask;
  while (true) {
    const entry = entryAt(set, place);
    const found = load<u32>(entry, LENGTH);
    if (found == 0) return NO_NAME;
    if (found == length + 1 && load<u64>(entry, FIRST) == first && load<u64>(entry, LAST) == last) {
      if (length <= 16 || memory.compare(load<u32>(entry, BYTES), at, length) == 0) return load<u32>(entry, VALUE);
    }
    place = (place + 1) & mask;
  }
}

/** Of eight ASCII characters at once: what is from A to Z gets the bit by which small letters differ. */
// @ts-expect-error: decorator
@inline
function lowerCase(bytes: u64): u64 {
  const fromA = bytes + 0x3f3f3f3f3f3f3f3f;
  const aboveZ = bytes + 0x2525252525252525;
  return bytes | ((fromA & ~aboveZ & 0x8080808080808080) >> 2);
}

// @ts-expect-error: decorator
@inline
function entryAt(set: usize, place: u32): usize {
  return set + HEAD + ((<usize>place) << 5);
}

// @ts-expect-error: decorator
@inline
function firstBytes(at: usize, length: u32): u64 {
  const bytes = load<u64>(at);
  if (length >= 8) return bytes;
  return bytes & (((<u64>1) << (length << 3)) - 1);
}

/** Of a short name, its first again. */
// @ts-expect-error: decorator
@inline
function lastBytes(at: usize, length: u32): u64 {
  return length >= 8 ? load<u64>(at + length - 8) : 0;
}

// @ts-expect-error: decorator
@inline
function hashOf(first: u64, last: u64, length: u32): u32 {
  const hash = (first ^ rotl<u64>(last, 29) ^ length) * 0x9fb21c651e98df25;
  return <u32>(hash >> 40);
}

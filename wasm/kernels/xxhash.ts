/**
 * XXH64 of bytes (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, seed 0): tells contents apart that nobody made to be
 * alike, at several times the speed of a CRC. Against who wants two contents to meet it is no help.
 */

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;

/** The lower half, which as an f64 is exact. */
export function xxhashLow(ptr: usize, bytes: usize): f64 {
  return <f64>(<u32>xxhash(ptr, bytes));
}

function xxhash(ptr: usize, bytes: usize): u64 {
  const end = ptr + bytes;
  let hash: u64;
  if (bytes >= 32) {
    let a = P1 + P2;
    let b = P2;
    let c: u64 = 0;
    let d = <u64>0 - P1;
    do {
      a = round(a, load<u64>(ptr));
      b = round(b, load<u64>(ptr, 8));
      c = round(c, load<u64>(ptr, 16));
      d = round(d, load<u64>(ptr, 24));
      ptr += 32;
    } while (end - ptr >= 32);
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  } else {
    hash = P5;
  }
  hash += bytes;
  for (; end - ptr >= 8; ptr += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(ptr)), 27) * P1 + P4;
  if (end - ptr >= 4) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(ptr) * P1), 23) * P2 + P3;
    ptr += 4;
  }
  for (; ptr < end; ptr++) hash = rotl<u64>(hash ^ (<u64>load<u8>(ptr) * P5), 11) * P1;
  hash = (hash ^ (hash >> 33)) * P2;
  hash = (hash ^ (hash >> 29)) * P3;
  return hash ^ (hash >> 32);
}

// @ts-expect-error: decorator
@inline
function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * P2, 31) * P1;
}

// @ts-expect-error: decorator
@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * P1 + P4;
}

/** Arrow validity bitmaps: bit i, least significant first, is 1 when row i has a value. */

// @ts-expect-error: decorator
@inline
export function isValid(validity: usize, row: i32): bool {
  return <bool>((load<u8>(validity + (row >>> 3)) >> (<u8>row & 7)) & 1);
}

/** Whether `n` rows from `row` on, a multiple of 8, are all valid; `validity` 0 says so of any rows. */
export function allValid(validity: usize, row: i32, n: i32): bool {
  if (validity == 0) return true;
  let ptr = validity + (row >>> 3);
  for (; n >= 64; n -= 64) {
    if (load<u64>(ptr) != u64.MAX_VALUE) return false;
    ptr += 8;
  }
  for (; n >= 8; n -= 8) {
    if (load<u8>(ptr) != 255) return false;
    ptr++;
  }
  const last = (1 << n) - 1;
  return n == 0 || (load<u8>(ptr) & last) == last;
}

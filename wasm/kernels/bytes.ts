/** Small things done to bytes. */

export function wipe(ptr: usize, bytes: usize): void {
  memory.fill(ptr, 0, bytes);
}

/** Lower-case hex, sixteen bytes at a time: split into nibbles, look each up by swizzle, interleave. */
export function hexEncode(src: usize, bytes: usize, dst: usize): void {
  const digits = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const x = v128.load(src + i);
    const high = i8x16.swizzle(digits, i8x16.shr_u(x, 4));
    const low = i8x16.swizzle(digits, v128.and(x, i8x16.splat(15)));
    v128.store(dst + 2 * i, i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(dst + 2 * i, i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
  }
  for (; i < bytes; i++) {
    const byte = load<u8>(src + i);
    store<u8>(dst + 2 * i, hexDigit(byte >> 4));
    store<u8>(dst + 2 * i, hexDigit(byte & 15), 1);
  }
}

// @ts-expect-error: decorator
@inline
function hexDigit(nibble: u8): u8 {
  return nibble + (nibble < 10 ? 48 : 87);
}

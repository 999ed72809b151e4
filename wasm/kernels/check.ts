/**
 * Columns of pushed rows against what their dataset says of them: each kernel finds the first row in [from, to) that is at fault, so that good
 * data cost one pass. A value that is missing is never at fault; `validity` 0: none is.
 */

import { isValid } from "./validity";

/** The first row that has no value. */
export function checkMissing(validity: usize, from: i32, to: i32): i32 {
  if (validity == 0) return to;
  let row = from;
  while (row < to) {
    if ((row & 7) == 0) {
      if (row + 64 <= to && load<u64>(validity + (row >>> 3)) == u64.MAX_VALUE) {
        row += 64;
        continue;
      }
      if (row + 8 <= to && load<u8>(validity + (row >>> 3)) == 255) {
        row += 8;
        continue;
      }
    }
    if (!isValid(validity, row)) return row;
    row++;
  }
  return to;
}

/** NaN is not within anything. */
export function checkF64(data: usize, validity: usize, from: i32, to: i32, min: f64, max: f64): i32 {
  const low = f64x2.splat(min);
  const high = f64x2.splat(max);
  let row = from;
  while (row < to) {
    // Eight rows a step, until one of them is outside, or has nothing.
    for (; row + 8 <= to; row += 8) {
      const at = data + ((<usize>row) << 3);
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const c = v128.load(at, 32);
      const d = v128.load(at, 48);
      const above = v128.and(
        v128.and(f64x2.ge(a, low), f64x2.ge(b, low)),
        v128.and(f64x2.ge(c, low), f64x2.ge(d, low)),
      );
      const below = v128.and(
        v128.and(f64x2.le(a, high), f64x2.le(b, high)),
        v128.and(f64x2.le(c, high), f64x2.le(d, high)),
      );
      if (!i64x2.all_true(v128.and(above, below))) break;
    }
    const end = min2(row + 8, to);
    for (; row < end; row++) {
      const value = load<f64>(data + ((<usize>row) << 3));
      if (!(value >= min && value <= max) && isThere(validity, row)) return row;
    }
  }
  return to;
}

export function checkF32(data: usize, validity: usize, from: i32, to: i32, min: f64, max: f64): i32 {
  for (let row = from; row < to; row++) {
    const value = <f64>load<f32>(data + ((<usize>row) << 2));
    if (!(value >= min && value <= max) && isThere(validity, row)) return row;
  }
  return to;
}

export function checkI64(data: usize, validity: usize, from: i32, to: i32, min: i64, max: i64): i32 {
  return within<i64>(data, validity, from, to, min, max);
}

export function checkU64(data: usize, validity: usize, from: i32, to: i32, min: u64, max: u64): i32 {
  return within<u64>(data, validity, from, to, min, max);
}

export function checkI32(data: usize, validity: usize, from: i32, to: i32, min: i32, max: i32): i32 {
  return within<i32>(data, validity, from, to, min, max);
}

export function checkU32(data: usize, validity: usize, from: i32, to: i32, min: u32, max: u32): i32 {
  return within<u32>(data, validity, from, to, min, max);
}

export function checkU16(data: usize, validity: usize, from: i32, to: i32, min: u32, max: u32): i32 {
  return within<u16>(data, validity, from, to, <u16>min, <u16>max);
}

export function checkU8(data: usize, validity: usize, from: i32, to: i32, min: u32, max: u32): i32 {
  return within<u8>(data, validity, from, to, <u8>min, <u8>max);
}

/** Text of more bytes than `maxBytes`, or of more Unicode characters than `maxCharacters`. It is UTF-8. */
export function checkLengths(
  offsets: usize,
  text: usize,
  validity: usize,
  from: i32,
  to: i32,
  maxBytes: i32,
  maxCharacters: i32,
): i32 {
  const enough = min2(maxBytes, maxCharacters);
  let start = load<i32>(offsets + ((<usize>from) << 2));
  for (let row = from; row < to; row++) {
    const end = load<i32>(offsets + ((<usize>row) << 2), 4);
    if (end - start > enough && isThere(validity, row)) {
      if (end - start > maxBytes || characters(text + <usize>start, text + <usize>end) > maxCharacters) return row;
    }
    start = end;
  }
  return to;
}

/** All bytes but those that go on with a character. */
function characters(at: usize, end: usize): i32 {
  let count = 0;
  for (; at < end; at++) count += <i32>((load<u8>(at) & 0xc0) != 0x80);
  return count;
}

// @ts-expect-error: decorator
@inline
function within<T>(data: usize, validity: usize, from: i32, to: i32, min: T, max: T): i32 {
  let row = from;
  while (row < to) {
    for (; row + 8 <= to; row += 8) {
      let outside = 0;
      const at = data + <usize>row * sizeof<T>();
      for (let i: usize = 0; i < 8; i++) {
        const value = load<T>(at + i * sizeof<T>());
        outside |= <i32>(value < min) | <i32>(value > max);
      }
      if (outside != 0) break;
    }
    const end = min2(row + 8, to);
    for (; row < end; row++) {
      const value = load<T>(data + <usize>row * sizeof<T>());
      if ((value < min || value > max) && isThere(validity, row)) return row;
    }
  }
  return to;
}

// @ts-expect-error: decorator
@inline
function isThere(validity: usize, row: i32): bool {
  return validity == 0 || isValid(validity, row);
}

// @ts-expect-error: decorator
@inline
function min2(a: i32, b: i32): i32 {
  return a < b ? a : b;
}

/** Adds columns to a sketch, piece by piece: one look for the extremes, then nothing but counting. */

import { pairAt, valueAt } from "./column";
import { sketchAdd } from "./sketch";
import {
  BINNED,
  binOf,
  COUNT,
  DATA,
  LENGTH,
  MAX,
  MIN,
  NEGATIVE,
  POSITIVE,
  ZEROS,
  bump,
} from "./sketch-layout";
import { counters, NO_HIGH, NO_LOW, reserve } from "./sketch-windows";
import { allValid, isValid } from "./validity";

/** Rows looked through before their bins are counted: small enough to stay in the first-level cache. */
const PIECE = 1024;
/** A key's sign, in bins. */
const KEY_SIGN: i32 = 1 << 17;
const SMALLEST_NORMAL: f64 = 2.2250738585072014e-308;

export function sketchAddF64(sketch: usize, values: usize, validity: usize, start: i32, end: i32): i32 {
  return addColumn<f64>(sketch, values, validity, start, end);
}

export function sketchAddF32(sketch: usize, values: usize, validity: usize, start: i32, end: i32): i32 {
  return addColumn<f32>(sketch, values, validity, start, end);
}

export function sketchAddI32(sketch: usize, values: usize, validity: usize, start: i32, end: i32): i32 {
  return addColumn<i32>(sketch, values, validity, start, end);
}

export function sketchAddU32(sketch: usize, values: usize, validity: usize, start: i32, end: i32): i32 {
  return addColumn<u32>(sketch, values, validity, start, end);
}

export function sketchAddU64(sketch: usize, values: usize, validity: usize, start: i32, end: i32): i32 {
  return addColumn<u64>(sketch, values, validity, start, end);
}


// @ts-expect-error: decorator
@inline
function addColumn<T>(sketch: usize, values: usize, validity: usize, start: i32, end: i32): i32 {
  let row = start;
  while (row < end) {
    const n = min(end - row, PIECE);
    // A piece that cannot be had whole goes value by value. (A bitmap is looked at by whole bytes, so from whole bytes on.)
    if (n >= 8 && (validity == 0 || (row & 7) == 0) && allValid(validity, row, n) && addPiece<T>(sketch, values + (<usize>row) * sizeof<T>(), n)) {
      row += n;
      continue;
    }
    for (const stop = row + n; row < stop; row++) {
      if (validity != 0 && !isValid(validity, row)) continue;
      if (sketchAdd(sketch, valueAt<T>(values + (<usize>row) * sizeof<T>())) != 0) return row;
    }
  }
  return end;
}

/**
 * Counts a piece of finite normal numbers and zeros; false, and nothing done, when there are others, when the sketch has no
 * bins yet, or when a window would have to change and cannot.
 */
function addPiece<T>(sketch: usize, values: usize, n: i32): bool {
  if (load<u32>(sketch, BINNED) == 0) return false;
  if (u32.MAX_VALUE - load<u32>(sketch, COUNT) < <u32>n) return false;
  let low0 = pairAt<T>(values);
  let low1 = low0;
  let high0 = low0;
  let high1 = low0;
  let sum = f64x2.sub(low0, low0);
  let ptr = values;
  for (let i = n >> 2; i > 0; i--) {
    const a = pairAt<T>(ptr);
    const b = pairAt<T>(ptr + 2 * sizeof<T>());
    ptr += 4 * sizeof<T>();
    low0 = f64x2.pmin(low0, a);
    low1 = f64x2.pmin(low1, b);
    high0 = f64x2.pmax(high0, a);
    high1 = f64x2.pmax(high1, b);
    // Only to see NaN, which comparisons pass over: it makes this sum NaN for good (infinities do so too).
    if (isFloat<T>()) sum = f64x2.add(sum, f64x2.sub(f64x2.add(a, b), f64x2.add(a, b)));
  }
  const lows = f64x2.pmin(low0, low1);
  const highs = f64x2.pmax(high0, high1);
  let low = min(f64x2.extract_lane(lows, 0), f64x2.extract_lane(lows, 1));
  let high = max(f64x2.extract_lane(highs, 0), f64x2.extract_lane(highs, 1));
  for (let i = n & 3; i > 0; i--) {
    const x = valueAt<T>(ptr);
    ptr += sizeof<T>();
    low = min(low, x);
    high = max(high, x);
  }
  if (isFloat<T>() && f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1) != 0) return false;
  if (!(high < Infinity)) return false;
  if (!(low >= SMALLEST_NORMAL)) return low > -Infinity && addMixed<T>(sketch, values, n, low, high);

  const window = sketch + POSITIVE;
  const lowest = binOf(low);
  const highest = binOf(high);
  let base = load<i32>(window);
  if (lowest < base || highest >= base + load<i32>(window, LENGTH)) {
    if (reserve(sketch, lowest, highest, NO_LOW, NO_HIGH) != 0) return false;
    base = load<i32>(window);
    if (lowest < base) return false; // some of it collapses
  }
  const data = sketch + DATA;
  // Counting into one place waits for its own last store (255 M values/s instead of 550); one bin needs no counting.
  if (lowest == highest) bump(data, (lowest - base) << 2, n);
  else countPiece<T>(values, n, data - (base << 2));
  widenExtremes(sketch, n, low, high);
  return true;
}

/**
 * The same for a piece with zeros and negative numbers, `low` and `high` its extremes. Which of the three a value is, is not
 * branched on, because signs that come at random cost a misprediction every other value (58 M values/s; so: 220).
 */
function addMixed<T>(sketch: usize, values: usize, n: i32, low: f64, high: f64): bool {
  let first = 0;
  while (first < n && valueAt<T>(values + (<usize>first) * sizeof<T>()) == 0) first++;
  if (first == n) {
    bump(sketch, ZEROS, n);
    widenExtremes(sketch, n, 0, 0);
    return true;
  }
  // A key is a bin with the sign above it: signed it puts negatives below positives, unsigned above. So the ends of both
  // windows are a minimum and a maximum each. Zeros look like the first other value.
  const stand = keyOf(reinterpret<u64>(valueAt<T>(values + (<usize>first) * sizeof<T>())));
  let least = stand;
  let most = stand;
  let leastUnsigned = <u32>stand;
  let mostUnsigned = <u32>stand;
  let subnormal: u32 = 0;
  for (let i = 0; i < n; i++) {
    const x = valueAt<T>(values + (<usize>i) * sizeof<T>());
    const bits = reinterpret<u64>(x);
    const own = keyOf(bits);
    const key = select<i32>(stand, own, x == 0);
    subnormal |= <u32>((key & 0x1ffff) < 64);
    least = min(least, key);
    most = max(most, key);
    leastUnsigned = min(leastUnsigned, <u32>key);
    mostUnsigned = max(mostUnsigned, <u32>key);
  }
  if (subnormal != 0) return false;
  const positiveLow = most >= 0 ? <i32>leastUnsigned : NO_LOW;
  const positiveHigh = most >= 0 ? most : NO_HIGH;
  const negativeLow = least < 0 ? least + KEY_SIGN : NO_LOW;
  const negativeHigh = least < 0 ? <i32>mostUnsigned + KEY_SIGN : NO_HIGH;
  if (reserve(sketch, positiveLow, positiveHigh, negativeLow, negativeHigh) != 0) return false;
  const positiveBase = load<i32>(sketch + POSITIVE);
  const negativeBase = load<i32>(sketch + NEGATIVE);
  if (most >= 0 && positiveLow < positiveBase) return false;
  if (least < 0 && negativeLow < negativeBase) return false;

  const positives = counters(sketch, sketch + POSITIVE) - (positiveBase << 2);
  const negatives = counters(sketch, sketch + NEGATIVE) - ((negativeBase - KEY_SIGN) << 2);
  const zeros = sketch + ZEROS;
  for (let i = 0; i < n; i++) {
    const x = valueAt<T>(values + (<usize>i) * sizeof<T>());
    const key = keyOf(reinterpret<u64>(x));
    const counter = select<usize>(zeros, (<usize>key << 2) + select<usize>(negatives, positives, key < 0), x == 0);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  widenExtremes(sketch, n, low, high);
  return true;
}

/** The bin of a normal number's bits, less KEY_SIGN when it is negative. */
// @ts-expect-error: decorator
@inline
function keyOf(bits: u64): i32 {
  return <i32>((<i64>bits) >> 46);
}

/** Counts `n` more values, from `low` to `high`. */
function widenExtremes(sketch: usize, n: i32, low: f64, high: f64): void {
  bump(sketch, COUNT, n);
  if (low < load<f64>(sketch, MIN)) store<f64>(sketch, low, MIN);
  if (high > load<f64>(sketch, MAX)) store<f64>(sketch, high, MAX);
}

/** The hot loop: `origin` is where bin 0 would have its counter. */
// @ts-expect-error: decorator
@inline
function countPiece<T>(values: usize, n: i32, origin: usize): void {
  let ptr = values;
  for (let i = n >> 2; i > 0; i--) {
    const a = counterOf<T>(ptr, origin);
    const b = counterOf<T>(ptr + sizeof<T>(), origin);
    const c = counterOf<T>(ptr + 2 * sizeof<T>(), origin);
    const d = counterOf<T>(ptr + 3 * sizeof<T>(), origin);
    ptr += 4 * sizeof<T>();
    store<u32>(a, load<u32>(a) + 1);
    store<u32>(b, load<u32>(b) + 1);
    store<u32>(c, load<u32>(c) + 1);
    store<u32>(d, load<u32>(d) + 1);
  }
  for (let i = n & 3; i > 0; i--) {
    const a = counterOf<T>(ptr, origin);
    ptr += sizeof<T>();
    store<u32>(a, load<u32>(a) + 1);
  }
}

/** The address of a positive normal number's counter: its bin times four, in one shift and one mask. */
// @ts-expect-error: decorator
@inline
function counterOf<T>(ptr: usize, origin: usize): usize {
  return (<usize>(reinterpret<u64>(valueAt<T>(ptr)) >> 44) & 0xfffffffc) + origin;
}

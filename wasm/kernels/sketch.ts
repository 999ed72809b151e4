/** Adds to sketches, merges them, and asks them. The block and its mapping are told in sketch-layout.ts. */

import { pairAt, valueAt } from "./column";
import {
  BASE,
  BINNED,
  BYTES,
  binOf,
  blockFor,
  COLLAPSED,
  COUNT,
  DATA,
  EXACT,
  KEPT,
  LENGTH,
  MAX,
  MIN,
  NANS,
  NEEDS,
  NEGATIVE,
  NEGATIVE_INFINITIES,
  normalBinOf,
  POSITIVE,
  POSITIVE_INFINITIES,
  valueOf,
  ZEROS,
} from "./sketch-layout";
import { count, counters, NO_HIGH, NO_LOW, reserve } from "./sketch-windows";
import { allValid, isValid } from "./validity";

/** Rows looked through before their bins are counted: small enough to stay in the first-level cache. */
const PIECE = 1024;
const SMALLEST_NORMAL: f64 = 2.2250738585072014e-308;

export function sketchInit(sketch: usize, bytes: u32): void {
  memory.fill(sketch, 0, DATA);
  store<u32>(sketch, bytes);
  store<f64>(sketch, Infinity, MIN);
  store<f64>(sketch, -Infinity, MAX);
}

export function sketchAdd(sketch: usize, value: f64): u32 {
  if (value != value) {
    bump(sketch, NANS, 1);
    return 0;
  }
  // One more would wrap the counters: a bug of the caller, who is told by a trap.
  if (load<u32>(sketch, COUNT) == u32.MAX_VALUE) unreachable();
  if (value == 0) {
    bump(sketch, ZEROS, 1);
  } else if (abs(value) == Infinity) {
    bump(sketch, value > 0 ? POSITIVE_INFINITIES : NEGATIVE_INFINITIES, 1);
  } else {
    const needs = addNumber(sketch, value);
    if (needs != 0) return needs;
  }
  bump(sketch, COUNT, 1);
  if (value < load<f64>(sketch, MIN)) store<f64>(sketch, value, MIN);
  if (value > load<f64>(sketch, MAX)) store<f64>(sketch, value, MAX);
  return 0;
}

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

export function sketchNeeds(sketch: usize): u32 {
  return load<u32>(sketch, NEEDS);
}

export function sketchBytes(sketch: usize): u32 {
  return load<u32>(sketch, BYTES);
}

export function sketchGrow(from: usize, to: usize, bytes: u32): void {
  const windows = load<u32>(from + POSITIVE, LENGTH) + load<u32>(from + NEGATIVE, LENGTH);
  memory.copy(to, from, DATA + (load<u32>(from, KEPT) << 3) + (windows << 2));
  store<u32>(to, bytes);
  store<u32>(to, 0, NEEDS);
}

export function sketchMerge(into: usize, from: usize): u32 {
  const needs = mergeNumbers(into, from);
  if (needs != 0) return needs;
  if (<u64>load<u32>(into, COUNT) + <u64>load<u32>(from, COUNT) > <u64>u32.MAX_VALUE) unreachable();
  bump(into, COUNT, load<u32>(from, COUNT));
  bump(into, NANS, load<u32>(from, NANS));
  bump(into, ZEROS, load<u32>(from, ZEROS));
  bump(into, POSITIVE_INFINITIES, load<u32>(from, POSITIVE_INFINITIES));
  bump(into, NEGATIVE_INFINITIES, load<u32>(from, NEGATIVE_INFINITIES));
  store<f64>(into, min(load<f64>(into, MIN), load<f64>(from, MIN)), MIN);
  store<f64>(into, max(load<f64>(into, MAX), load<f64>(from, MAX)), MAX);
  return 0;
}

export function sketchQuantile(sketch: usize, q: f64): f64 {
  const count = load<u32>(sketch, COUNT);
  if (count == 0 || q != q) return NaN;
  const rank = <u32>(max<f64>(0, min<f64>(1, q)) * <f64>(count - 1));
  // The ends are exact; the representative of a bin may lie past them. Adding 0 makes −0 into 0.
  return max(load<f64>(sketch, MIN), min(load<f64>(sketch, MAX), atRank(sketch, rank))) + 0;
}

export function sketchQuantiles(sketch: usize, qs: usize, n: i32, out: usize): void {
  for (let i = 0; i < n; i++) store<f64>(out + (i << 3), sketchQuantile(sketch, load<f64>(qs + (i << 3))));
}

/** Counts go out as f64, so that JavaScript sees them unsigned. */
export function sketchCount(sketch: usize): f64 {
  return <f64>load<u32>(sketch, COUNT);
}

export function sketchNanCount(sketch: usize): f64 {
  return <f64>load<u32>(sketch, NANS);
}

export function sketchMin(sketch: usize): f64 {
  return load<u32>(sketch, COUNT) == 0 ? NaN : load<f64>(sketch, MIN) + 0;
}

export function sketchMax(sketch: usize): f64 {
  return load<u32>(sketch, COUNT) == 0 ? NaN : load<f64>(sketch, MAX) + 0;
}

export function sketchCollapsed(sketch: usize): f64 {
  return <f64>load<u32>(sketch + POSITIVE, COLLAPSED) + <f64>load<u32>(sketch + NEGATIVE, COLLAPSED);
}

// @ts-expect-error: decorator
@inline
function bump(sketch: usize, field: usize, by: u32): void {
  store<u32>(sketch + field, load<u32>(sketch + field) + by);
}

/** Keeps or counts a finite value other than zero. Returns 0, or the block size this takes. */
function addNumber(sketch: usize, value: f64): u32 {
  if (load<u32>(sketch, BINNED) == 0) {
    const kept = load<u32>(sketch, KEPT);
    if (kept < EXACT) {
      const bytes = <u32>DATA + ((kept + 1) << 3);
      if (bytes > load<u32>(sketch)) {
        const needs = blockFor(bytes);
        store<u32>(sketch, needs, NEEDS);
        return needs;
      }
      store<f64>(sketch + (kept << 3), value, DATA);
      store<u32>(sketch, kept + 1, KEPT);
      store<u32>(sketch, 0, NEEDS);
      return 0;
    }
  }
  const bin = binOf(value);
  const window = sketch + (value > 0 ? POSITIVE : NEGATIVE);
  // Below the window is either room to make or room that there is not; above it is always room to make.
  if (<u32>(bin - load<i32>(window)) >= load<u32>(window, LENGTH)) {
    const needs =
      value > 0 ? reserve(sketch, bin, bin, NO_LOW, NO_HIGH) : reserve(sketch, NO_LOW, NO_HIGH, bin, bin);
    if (needs != 0) return needs;
  }
  count(sketch, window, bin, 1);
  return 0;
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
 * Counts a piece of positive normal numbers; false, and nothing done, when there are others, when the sketch has no bins yet, or
 * when its window would have to change and cannot.
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
  // Also false when one of them is NaN.
  if (!(low >= SMALLEST_NORMAL && high < Infinity)) return false;
  if (isFloat<T>() && f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1) != 0) return false;

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
  // Counting into one place waits for its own last store, five cycles a value; a constant column needs no counting.
  if (lowest == highest) bump(data, (lowest - base) << 2, n);
  else countPiece<T>(values, n, data - (base << 2));
  bump(sketch, COUNT, n);
  if (low < load<f64>(sketch, MIN)) store<f64>(sketch, low, MIN);
  if (high > load<f64>(sketch, MAX)) store<f64>(sketch, high, MAX);
  return true;
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

/** Merges what is neither zero nor infinite. Returns 0, or the block size this takes, having changed nothing. */
function mergeNumbers(into: usize, from: usize): u32 {
  const fromKept = load<u32>(from, KEPT);
  const fromBinned = load<u32>(from, BINNED) != 0;
  if (!fromBinned && fromKept == 0) return 0;
  const intoKept = load<u32>(into, KEPT);
  if (load<u32>(into, BINNED) == 0 && !fromBinned && intoKept + fromKept <= EXACT) {
    const bytes = <u32>DATA + ((intoKept + fromKept) << 3);
    if (bytes > load<u32>(into)) {
      const needs = blockFor(bytes);
      store<u32>(into, needs, NEEDS);
      return needs;
    }
    memory.copy(into + DATA + (intoKept << 3), from + DATA, fromKept << 3);
    store<u32>(into, intoKept + fromKept, KEPT);
    store<u32>(into, 0, NEEDS);
    return 0;
  }

  let positiveLow = NO_LOW;
  let positiveHigh = NO_HIGH;
  let negativeLow = NO_LOW;
  let negativeHigh = NO_HIGH;
  if (fromBinned) {
    const positive = from + POSITIVE;
    const negative = from + NEGATIVE;
    if (load<u32>(positive, LENGTH) != 0) {
      positiveLow = load<i32>(positive);
      positiveHigh = positiveLow + load<i32>(positive, LENGTH) - 1;
    }
    if (load<u32>(negative, LENGTH) != 0) {
      negativeLow = load<i32>(negative);
      negativeHigh = negativeLow + load<i32>(negative, LENGTH) - 1;
    }
  } else {
    for (let i: u32 = 0; i < fromKept; i++) {
      const value = load<f64>(from + (i << 3), DATA);
      const bin = binOf(value);
      if (value > 0) {
        positiveLow = min(positiveLow, bin);
        positiveHigh = max(positiveHigh, bin);
      } else {
        negativeLow = min(negativeLow, bin);
        negativeHigh = max(negativeHigh, bin);
      }
    }
  }
  const needs = reserve(into, positiveLow, positiveHigh, negativeLow, negativeHigh);
  if (needs != 0) return needs;

  if (fromBinned) {
    mergeWindow(into, from, POSITIVE);
    mergeWindow(into, from, NEGATIVE);
  } else {
    for (let i: u32 = 0; i < fromKept; i++) {
      const value = load<f64>(from + (i << 3), DATA);
      count(into, into + (value > 0 ? POSITIVE : NEGATIVE), binOf(value), 1);
    }
  }
  return 0;
}

function mergeWindow(into: usize, from: usize, which: usize): void {
  const at = counters(from, from + which);
  const base = load<i32>(from + which);
  const length = load<i32>(from + which, LENGTH);
  for (let i = 0; i < length; i++) {
    const times = load<u32>(at + (i << 2));
    if (times != 0) count(into, into + which, base + i, times);
  }
  const collapsed = load<u32>(from + which, COLLAPSED);
  // When `into` reaches no lower, they were counted as collapsed just now.
  if (load<i32>(into + which, BASE) <= base) bump(into, which + COLLAPSED, collapsed);
}

/** The value at a rank, 0 … count − 1: −∞, negatives by falling magnitude, zeros, positives, +∞. */
function atRank(sketch: usize, rank: u32): f64 {
  let before = load<u32>(sketch, NEGATIVE_INFINITIES);
  if (rank < before) return -Infinity;
  if (load<u32>(sketch, BINNED) == 0) return keptAtRank(sketch, rank - before);

  const negative = counters(sketch, sketch + NEGATIVE);
  for (let i = load<i32>(sketch + NEGATIVE, LENGTH) - 1; i >= 0; i--) {
    before += load<u32>(negative + (i << 2));
    if (rank < before) return -valueOf(load<i32>(sketch + NEGATIVE) + i);
  }
  before += load<u32>(sketch, ZEROS);
  if (rank < before) return 0;
  const positive = counters(sketch, sketch + POSITIVE);
  const length = load<i32>(sketch + POSITIVE, LENGTH);
  for (let i = 0; i < length; i++) {
    before += load<u32>(positive + (i << 2));
    if (rank < before) return valueOf(load<i32>(sketch + POSITIVE) + i);
  }
  return Infinity;
}

/** The same among the kept values and the zeros, infinities below being passed. Sorts what is kept, in place. */
function keptAtRank(sketch: usize, rank: u32): f64 {
  const kept = load<u32>(sketch, KEPT);
  const zeros = load<u32>(sketch, ZEROS);
  const data = sketch + DATA;
  let negatives: u32 = 0;
  for (let i: u32 = 0; i < kept; i++) {
    const value = load<f64>(data + (i << 3));
    let at = i;
    for (; at > 0; at--) {
      const lower = load<f64>(data + ((at - 1) << 3));
      if (lower <= value) break;
      store<f64>(data + (at << 3), lower);
    }
    store<f64>(data + (at << 3), value);
    negatives += <u32>(value < 0);
  }
  if (rank < negatives) return load<f64>(data + (rank << 3));
  if (rank < negatives + zeros) return 0;
  return rank < kept + zeros ? load<f64>(data + ((rank - zeros) << 3)) : Infinity;
}

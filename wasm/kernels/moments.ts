/**
 * Count, sum, squares, minimum and maximum of columns, in one pass, without the cancellation of Σx² − (Σx)²/n.
 *
 * A column is taken in pieces of PIECE rows. Within a piece, sums are of d = x − s, where s is one of its own values: the
 * squared distance of s from the mean is part of M2, so Σd² − (Σd)²/n loses at most a factor of n, which is at most 2048:
 * relative error below 1e-12 wherever the values lie. Pieces and states are put together by Chan, Golub, LeVeque (1979):
 *   M2 = M2a + M2b + δ² · na · nb / (na + nb),  δ the difference of the means.
 * The state keeps its sum relative to one of its values too, so the means' difference does not cancel, and sums of whole
 * numbers stay exact (while count times span is below 2^53). That is the first value, or of two states the one of the larger; and whenever
 * the count reaches a power of two by single values, the last one when it is nearer to the mean: an outlier in first place would
 * make the sum of what comes after it one of large differences.
 *
 * NaN and null become s itself: they add nothing, move neither minimum nor maximum, and are left out of the count. A first
 * try at a piece assumes there are none, and is thrown away when its sum is not finite: the loop that looks at each value
 * and bit is three times slower (1300 against 370 M values/s on V8).
 *
 * Squares of distances below 1e-154 underflow, above 1e154 overflow.
 *
 * State, eight f64: count, NaN count, shift, Σ(x − shift), M2 = Σ(x − mean)², minimum, maximum, and 8 bytes that nothing here
 * looks at (cells.ts keeps its own there; only momentsInit wipes them).
 */

import { pairAt, valueAt } from "./column";
import { allValid, isValid } from "./validity";

const NANS: usize = 8;
const SHIFT: usize = 16;
const SUM: usize = 24;
const M2: usize = 32;
export const MIN: usize = 40;
export const MAX: usize = 48;

/** Of a double's bits; 0 in powers of two. */
const MANTISSA: u64 = 0x000fffffffffffff;
/** Rows of a piece; a multiple of 8, so that pieces begin on whole bytes of validity. */
const PIECE = 2048;

export function momentsInit(state: usize): void {
  memory.fill(state, 0, 64);
  store<f64>(state, Infinity, MIN);
  store<f64>(state, -Infinity, MAX);
}

export function momentsAdd(state: usize, value: f64): void {
  if (value != value) {
    store<f64>(state, load<f64>(state, NANS) + 1, NANS);
  } else if (value - value != 0) {
    join(state, 1, 0, value, NaN, value, value);
  } else if (load<f64>(state) == 0) {
    join(state, 1, value, 0, 0, value, value);
  } else {
    addNext(state, value);
    if (value < load<f64>(state, MIN)) store<f64>(state, value, MIN);
    if (value > load<f64>(state, MAX)) store<f64>(state, value, MAX);
  }
}

/**
 * Adds a finite value to a state that is not empty, but for the extremes. With one value, δ² · n / (n + 1) is g² / (n · (n + 1)), with
 * g = n · δ = n · (x − s) − Σ(x − s): one division instead of two. As s is one of the values, its squared distance from the mean is
 * within M2, so what g lacks by rounding does not grow with the distance of the values from zero.
 */
// @ts-expect-error: decorator
@inline
export function addNext(state: usize, value: f64): void {
  const count = load<f64>(state);
  const before = load<f64>(state, SUM);
  const distance = value - load<f64>(state, SHIFT);
  const gap = distance * count - before;
  const next = count + 1;
  store<f64>(state, before + distance, SUM);
  store<f64>(state, load<f64>(state, M2) + (gap / (count * next)) * gap, M2);
  store<f64>(state, next);
  // A power of two.
  if ((reinterpret<u64>(next) & MANTISSA) == 0) recentre(state, value);
}

/** Makes `value`, the last one added, the shift when it is nearer to the mean. */
function recentre(state: usize, value: f64): void {
  const count = load<f64>(state);
  const sum = load<f64>(state, SUM);
  const distance = value - load<f64>(state, SHIFT);
  const mean = sum / count;
  if (abs(distance - mean) < abs(mean)) {
    store<f64>(state, value, SHIFT);
    store<f64>(state, sum - count * distance, SUM);
  }
}

export function momentsAddF64(state: usize, values: usize, validity: usize, rows: i32): void {
  addColumn<f64>(state, values, validity, rows);
}

export function momentsAddF32(state: usize, values: usize, validity: usize, rows: i32): void {
  addColumn<f32>(state, values, validity, rows);
}

export function momentsAddI32(state: usize, values: usize, validity: usize, rows: i32): void {
  addColumn<i32>(state, values, validity, rows);
}

export function momentsAddU32(state: usize, values: usize, validity: usize, rows: i32): void {
  addColumn<u32>(state, values, validity, rows);
}

export function momentsAddU64(state: usize, values: usize, validity: usize, rows: i32): void {
  addColumn<u64>(state, values, validity, rows);
}

export function momentsMerge(into: usize, from: usize): void {
  store<f64>(into, load<f64>(into, NANS) + load<f64>(from, NANS), NANS);
  const count = load<f64>(from);
  if (count == 0) return;
  join(into, count, load<f64>(from, SHIFT), load<f64>(from, SUM), load<f64>(from, M2), load<f64>(from, MIN), load<f64>(from, MAX));
}

export function momentsCount(state: usize): f64 {
  return load<f64>(state);
}

export function momentsNanCount(state: usize): f64 {
  return load<f64>(state, NANS);
}

/** Adding 0 makes −0 into 0: which of the two a minimum found would depend on the order of lanes. */
export function momentsMin(state: usize): f64 {
  return load<f64>(state) == 0 ? NaN : load<f64>(state, MIN) + 0;
}

export function momentsMax(state: usize): f64 {
  return load<f64>(state) == 0 ? NaN : load<f64>(state, MAX) + 0;
}

export function momentsSum(state: usize): f64 {
  return load<f64>(state) * load<f64>(state, SHIFT) + load<f64>(state, SUM);
}

export function momentsSumOfSquares(state: usize): f64 {
  const count = load<f64>(state);
  const sum = momentsSum(state);
  return count == 0 ? 0 : load<f64>(state, M2) + (sum / count) * sum;
}

export function momentsMean(state: usize): f64 {
  return load<f64>(state, SHIFT) + load<f64>(state, SUM) / load<f64>(state);
}

export function momentsVariance(state: usize, ddof: f64): f64 {
  const degrees = load<f64>(state) - ddof;
  return degrees > 0 ? load<f64>(state, M2) / degrees : NaN;
}

// @ts-expect-error: decorator
@inline
function addColumn<T>(state: usize, values: usize, validity: usize, rows: i32): void {
  for (let row = 0; row < rows; row += PIECE) {
    const n = min(rows - row, PIECE);
    const piece = values + (<usize>row) * sizeof<T>();
    if (!allValid(validity, row, n) || !addDense<T>(state, piece, n)) {
      addSparse<T>(state, piece, validity == 0 ? 0 : validity + (row >>> 3), n);
    }
  }
}

/** A piece without nulls and, it is hoped, without NaN and infinities; false (and nothing done) when there are some. */
function addDense<T>(state: usize, values: usize, n: i32): bool {
  const shift = valueAt<T>(values);
  const s = f64x2.splat(shift);
  let sum0 = f64x2.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let squares0 = sum0;
  let squares1 = sum0;
  let squares2 = sum0;
  let squares3 = sum0;
  let low0 = s;
  let low1 = s;
  let high0 = s;
  let high1 = s;
  let ptr = values;
  for (let i = n >> 3; i > 0; i--) {
    const a = pairAt<T>(ptr);
    const b = pairAt<T>(ptr + 2 * sizeof<T>());
    const c = pairAt<T>(ptr + 4 * sizeof<T>());
    const d = pairAt<T>(ptr + 6 * sizeof<T>());
    ptr += 8 * sizeof<T>();
    const da = f64x2.sub(a, s);
    const db = f64x2.sub(b, s);
    const dc = f64x2.sub(c, s);
    const dd = f64x2.sub(d, s);
    sum0 = f64x2.add(sum0, da);
    sum1 = f64x2.add(sum1, db);
    sum2 = f64x2.add(sum2, dc);
    sum3 = f64x2.add(sum3, dd);
    squares0 = f64x2.add(squares0, f64x2.mul(da, da));
    squares1 = f64x2.add(squares1, f64x2.mul(db, db));
    squares2 = f64x2.add(squares2, f64x2.mul(dc, dc));
    squares3 = f64x2.add(squares3, f64x2.mul(dd, dd));
    low0 = f64x2.pmin(f64x2.pmin(low0, a), c);
    low1 = f64x2.pmin(f64x2.pmin(low1, b), d);
    high0 = f64x2.pmax(f64x2.pmax(high0, a), c);
    high1 = f64x2.pmax(f64x2.pmax(high1, b), d);
  }
  let sum = lanesSum(f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3)));
  let squares = lanesSum(f64x2.add(f64x2.add(squares0, squares1), f64x2.add(squares2, squares3)));
  let low = lanesLow(f64x2.pmin(low0, low1));
  let high = lanesHigh(f64x2.pmax(high0, high1));
  for (let i = n & 7; i > 0; i--) {
    const x = valueAt<T>(ptr);
    ptr += sizeof<T>();
    const d = x - shift;
    sum += d;
    squares += d * d;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (isFloat<T>() && !(sum - sum == 0)) return false;
  join(state, n, shift, sum, fromSums(n, sum, squares), low, high);
  return true;
}

/** Any piece: nulls, NaN, infinities. `validity` 0: no nulls. */
function addSparse<T>(state: usize, values: usize, validity: usize, n: i32): void {
  // A finite value to stand in for what is passed over. Without one, what is left is infinite or nothing.
  let first = 0;
  while (first < n && !(valid(validity, first) && isFinite(valueAt<T>(values + (<usize>first) * sizeof<T>())))) first++;
  if (first == n) {
    for (let i = 0; i < n; i++) if (valid(validity, i)) momentsAdd(state, valueAt<T>(values + (<usize>i) * sizeof<T>()));
    return;
  }
  const shift = valueAt<T>(values + (<usize>first) * sizeof<T>());
  const s = f64x2.splat(shift);
  let sums = f64x2.splat(0);
  let squaresOf = sums;
  let lows = s;
  let highs = s;
  let taken = i64x2.splat(0);
  let present = 0;
  let row = 0;
  for (; row + 8 <= n; row += 8) {
    const bits = validity == 0 ? 255 : <i32>load<u8>(validity + (row >>> 3));
    present += popcnt(bits);
    for (let pair = 0; pair < 8; pair += 2) {
      const x = pairAt<T>(values + (<usize>(row + pair)) * sizeof<T>());
      const wanted = v128.and(f64x2.eq(x, x), i64x2(-((bits >> pair) & 1), -((bits >> (pair + 1)) & 1)));
      const kept = v128.bitselect(x, s, wanted);
      const d = f64x2.sub(kept, s);
      sums = f64x2.add(sums, d);
      squaresOf = f64x2.add(squaresOf, f64x2.mul(d, d));
      lows = f64x2.pmin(lows, kept);
      highs = f64x2.pmax(highs, kept);
      taken = i64x2.sub(taken, wanted);
    }
  }
  let count = <i32>(i64x2.extract_lane(taken, 0) + i64x2.extract_lane(taken, 1));
  let sum = lanesSum(sums);
  let squares = lanesSum(squaresOf);
  let low = lanesLow(lows);
  let high = lanesHigh(highs);
  for (; row < n; row++) {
    if (!valid(validity, row)) continue;
    const x = valueAt<T>(values + (<usize>row) * sizeof<T>());
    present++;
    if (x != x) continue;
    count++;
    const d = x - shift;
    sum += d;
    squares += d * d;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (present > count) store<f64>(state, load<f64>(state, NANS) + <f64>(present - count), NANS);
  join(state, count, shift, sum, fromSums(count, sum, squares), low, high);
}

/** Takes into `state` n > 0 values given by their own shift, sum relative to it, M2, minimum and maximum. */
function join(state: usize, n: f64, shift: f64, sum: f64, m2: f64, low: f64, high: f64): void {
  const count = load<f64>(state);
  if (count == 0) {
    store<f64>(state, shift, SHIFT);
    store<f64>(state, sum, SUM);
    store<f64>(state, m2, M2);
  } else {
    const shifts = shift - load<f64>(state, SHIFT);
    const before = load<f64>(state, SUM);
    const delta = shifts + sum / n - before / count;
    if (n > count) {
      store<f64>(state, shift, SHIFT);
      store<f64>(state, sum + (before - count * shifts), SUM);
    } else {
      store<f64>(state, before + (sum + n * shifts), SUM);
    }
    store<f64>(state, load<f64>(state, M2) + m2 + delta * delta * (count * (n / (count + n))), M2);
  }
  store<f64>(state, count + n);
  if (low < load<f64>(state, MIN)) store<f64>(state, low, MIN);
  if (high > load<f64>(state, MAX)) store<f64>(state, high, MAX);
}

// @ts-expect-error: decorator
@inline
function fromSums(n: f64, sum: f64, squares: f64): f64 {
  return max<f64>(0, squares - (sum * sum) / n);
}

// @ts-expect-error: decorator
@inline
function valid(validity: usize, row: i32): bool {
  return validity == 0 || isValid(validity, row);
}

// @ts-expect-error: decorator
@inline
function lanesSum(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

// @ts-expect-error: decorator
@inline
function lanesLow(x: v128): f64 {
  return min(f64x2.extract_lane(x, 0), f64x2.extract_lane(x, 1));
}

// @ts-expect-error: decorator
@inline
function lanesHigh(x: v128): f64 {
  return max(f64x2.extract_lane(x, 0), f64x2.extract_lane(x, 1));
}

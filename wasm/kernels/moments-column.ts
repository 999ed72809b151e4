/**
 * The moments of a column, two values at a time.
 *
 * A column is taken in pieces of PIECE rows. Within a piece, sums are of d = x − s, where s is one of its own values: the
 * squared distance of s from the mean is part of M2, so Σd² − (Σd)²/n loses at most a factor of n, which is at most 2048:
 * relative error below 1e-12 wherever the values lie. moments.ts puts the pieces together.
 *
 * NaN and null become s itself: they add nothing, move neither minimum nor maximum, and are left out of the count. A first
 * try at a piece assumes there are none, and is thrown away when its sum is not finite: the loop that looks at each value
 * and bit is three times slower (1300 against 370 M values/s on V8).
 */

import { pairAt, valueAt } from "./column";
import { join, momentsAdd, NANS } from "./moments";
import { allValid, isValid } from "./validity";

/** Rows of a piece; a multiple of 8, so that pieces begin on whole bytes of validity. */
const PIECE = 2048;

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

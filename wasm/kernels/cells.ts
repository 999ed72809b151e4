/**
 * Scatter-add: the values of a column, each into the cell of its row's record.
 *
 * A **cell** is a block of moments (moments.ts) whose last eight bytes lead to the sketch beside it: u32 where it lies (0: there is none
 * yet) and u32 the **mark** (below). A **record** is the cells of a group, one a measure. The host makes sketches and lets them grow;
 * a cell whose sketch the host had no room for is frozen: what would need more room goes into the moments alone.
 *
 * A value changes a cell as momentsAdd and sketchAdd do, bit by bit, one value after the other: where a column is cut into calls does
 * not show. NaN is counted in the moments alone.
 *
 * What costs is memory: with a thousand groups of eight measures nearly every access misses the second-level cache (200 M values/s into
 * 10 groups, 30 to 75 M, by how far they spread, into 1000, on a busy Xeon with 2 MiB of it). So a value that is as nearly all are
 * touches two lines, the cell and a counter; with the sketch's header as a third one it took 1.2 to 2 times as long. Touching lines ahead
 * of use gained nothing.
 * - the mark tells which bins the sketch has, as its header does: of positive numbers or, when it has none of those, of negative ones;
 * - count, minimum and maximum are the moments' while the cell is not frozen; the sketch's own are written (`settle`) before anybody
 *   reads them.
 * What no mark covers goes by the functions: other values (zeros, subnormals, infinities, negatives among positives), sketches that
 * are exact yet or have bins of subnormals, frozen cells.
 *
 * Mark: bit 0 frozen (then nothing else); bits 1-8 length and bits 9-22 key of the lowest bin, in units of STEP. A key is a bin, plus
 * NEGATIVE_KEYS for negative numbers.
 */

import { valueAt } from "./column";
import { addNext, MAX, MIN, momentsAdd, momentsMerge } from "./moments";
import { sketchAdd } from "./sketch";
import { BASE, COUNT, DATA, LENGTH, MAX as SKETCH_MAX, MIN as SKETCH_MIN, NEGATIVE, POSITIVE, STEP } from "./sketch-layout";
import { sketchMerge } from "./sketch-merge";
import { isValid } from "./validity";

const SKETCH: usize = 56;
const MARK: usize = 60;
const CELL: usize = 64;

const FROZEN: u32 = 1;
/** Bins that zero and the subnormals have: a window with some of them has no mark, so that a mark's bins are of normal numbers alone. */
const SUBNORMAL_BINS: i32 = 64;
/** Twice the bins that there are: what lies between is in no window. */
const NEGATIVE_KEYS: u32 = 1 << 18;
const FULL: f64 = 4294967295;

export function cellsAddF64(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<f64>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddF32(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<f32>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddI64(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<i64>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddI32(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<i32>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddU64(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<u64>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddU32(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<u32>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddU16(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<u16>(values, validity, records, offset, from, to, truncated);
}

export function cellsAddU8(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  return addColumn<u8>(values, validity, records, offset, from, to, truncated);
}

/** Makes a sketch that the host has just made, moved or loaded the cell's. */
export function cellAttach(cell: usize, sketch: u32): void {
  store<u32>(cell, sketch, SKETCH);
  if (load<u32>(cell, MARK) != FROZEN) store<u32>(cell, markOf(sketch), MARK);
}

/** The cell's sketch, fit to be read; 0: there is none. (As f64: an offset from 2^31 on would come out negative.) */
export function cellSketch(cell: usize): f64 {
  const sketch = load<u32>(cell, SKETCH);
  if (sketch != 0) settle(cell, sketch);
  return <f64>sketch;
}

export function cellFreeze(cell: usize): void {
  const sketch = load<u32>(cell, SKETCH);
  if (sketch != 0) settle(cell, sketch);
  store<u32>(cell, FROZEN, MARK);
}

/** Returns 1 or 0. */
export function cellIsFrozen(cell: usize): u32 {
  return load<u32>(cell, MARK) & FROZEN;
}

/** Merges cells one by one; returns the first that was not, for want of room in `into`'s sketch: `count` when all were. */
export function cellsMerge(into: usize, from: usize, first: i32, count: i32, truncated: usize): i32 {
  for (let i = first; i < count; i++) {
    const target = into + <usize>i * CELL;
    const source = from + <usize>i * CELL;
    if (!mergeSketch(target, source, truncated)) return i;
    momentsMerge(target, source);
    const sketch = load<u32>(target, SKETCH);
    if (load<u32>(target, MARK) != FROZEN && sketch != 0) store<u32>(target, markOf(sketch), MARK);
  }
  return count;
}

/** False, and nothing done, when `into`'s sketch has to be made or to grow. */
function mergeSketch(into: usize, from: usize, truncated: usize): bool {
  const sketch = load<u32>(into, SKETCH);
  const source = load<u32>(from, SKETCH);
  if (sketch != 0) settle(into, sketch);
  if (source != 0) {
    settle(from, source);
    const isFull = load<f64>(into) + <f64>load<u32>(source, COUNT) > FULL;
    if (sketch == 0 || isFull || sketchMerge(sketch, source) != 0) {
      if (isFull) store<u32>(into, FROZEN, MARK);
      if (load<u32>(into, MARK) != FROZEN) return false;
      store<f64>(truncated, load<f64>(truncated) + <f64>load<u32>(source, COUNT));
    }
  }
  if (load<u32>(from, MARK) == FROZEN) store<u32>(into, FROZEN, MARK);
  return true;
}

// @ts-expect-error: decorator
@inline
function addColumn<T>(values: usize, validity: usize, records: usize, offset: usize, from: i32, to: i32, truncated: usize): i32 {
  for (let row = from; row < to; row++) {
    const record = <usize>load<u32>(records + ((<usize>row) << 2));
    if (record == 0) continue;
    if (validity != 0 && !isValid(validity, row)) continue;
    const value = valueAt<T>(values + (<usize>row) * sizeof<T>());
    const cell = record + offset;
    if (!addUsual(cell, value) && !addAny(cell, value, truncated)) return row;
  }
  return to;
}

/** Adds a value as nearly all are; false, and nothing done, when it is another, or the cell is. */
// @ts-expect-error: decorator
@inline
function addUsual(cell: usize, value: f64): bool {
  const bits = reinterpret<u64>(value);
  const link = load<u64>(cell, SKETCH);
  const mark = <u32>(link >> 32);
  const key = <u32>((bits & 0x7fffffffffffffff) >> 46) + (<u32>(bits >> 63) << 18);
  const place = key - ((mark >> 4) & 0x7ffe0);
  // Nothing is below the length of a cell without sketch, or frozen: it is 0.
  if (place >= ((mark << 4) & 0x1fe0)) return false;
  if (load<f64>(cell) >= FULL) return false;
  const counter = <usize>(<u32>link) + (place << 2);
  store<u32>(counter, load<u32>(counter, DATA) + 1, DATA);
  addNext(cell, value);
  if (value < load<f64>(cell, MIN)) store<f64>(cell, value, MIN);
  if (value > load<f64>(cell, MAX)) store<f64>(cell, value, MAX);
  return true;
}

/** Adds any value; false, and nothing done, when the sketch has to be made or to grow. */
function addAny(cell: usize, value: f64, truncated: usize): bool {
  if (value == value) {
    // A sketch counts to 2^32.
    if (load<f64>(cell) >= FULL) cellFreeze(cell);
    const sketch = load<u32>(cell, SKETCH);
    const isFrozen = load<u32>(cell, MARK) == FROZEN;
    if (sketch == 0 || load<u32>(sketch, COUNT) == u32.MAX_VALUE || sketchAdd(sketch, value) != 0) {
      if (!isFrozen) return false;
      store<f64>(truncated, load<f64>(truncated) + 1);
    } else if (!isFrozen) {
      store<u32>(cell, markOf(sketch), MARK);
    }
  }
  momentsAdd(cell, value);
  return true;
}

/** Writes the sketch's count and extremes: the moments', as both have seen the same while the cell is not frozen. */
function settle(cell: usize, sketch: usize): void {
  if (load<u32>(cell, MARK) == FROZEN) return;
  store<u32>(sketch, <u32>load<f64>(cell), COUNT);
  store<f64>(sketch, load<f64>(cell, MIN), SKETCH_MIN);
  store<f64>(sketch, load<f64>(cell, MAX), SKETCH_MAX);
}

/** Of a cell that is not frozen. */
function markOf(sketch: usize): u32 {
  const isNegative = load<u32>(sketch + POSITIVE, LENGTH) == 0;
  const window = sketch + (isNegative ? NEGATIVE : POSITIVE);
  const base = load<i32>(window, BASE);
  if (base < SUBNORMAL_BINS) return 0;
  const key = <u32>base + (isNegative ? NEGATIVE_KEYS : 0);
  return ((load<u32>(window, LENGTH) / STEP) << 1) | ((key / STEP) << 9);
}

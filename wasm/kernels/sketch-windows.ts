/** Makes room in a sketch: from exact values to bins, wider windows, narrower ones when the largest block is full. */

import {
  BASE,
  BINNED,
  BYTES,
  binOf,
  blockFor,
  COLLAPSED,
  DATA,
  KEPT,
  LENGTH,
  MAX_BINS,
  NEEDS,
  NEGATIVE,
  POSITIVE,
  positiveShare,
  STEP,
} from "./sketch-layout";

/** An empty range of bins: low above high. */
export const NO_LOW: i32 = i32.MAX_VALUE;
export const NO_HIGH: i32 = i32.MIN_VALUE;

/**
 * Sees to it that the sketch has bins, and that its windows hold what they hold now and the bins asked for (those too low for the
 * largest block excepted). Returns 0, or the block size this takes, having changed nothing.
 */
export function reserve(sketch: usize, positiveLow: i32, positiveHigh: i32, negativeLow: i32, negativeHigh: i32): u32 {
  const binned = load<u32>(sketch, BINNED) != 0;
  const kept = load<u32>(sketch, KEPT);
  if (binned) {
    const positive = sketch + POSITIVE;
    const negative = sketch + NEGATIVE;
    if (load<u32>(positive, LENGTH) != 0) {
      positiveLow = min(positiveLow, load<i32>(positive));
      positiveHigh = max(positiveHigh, load<i32>(positive) + load<i32>(positive, LENGTH) - 1);
    }
    if (load<u32>(negative, LENGTH) != 0) {
      negativeLow = min(negativeLow, load<i32>(negative));
      negativeHigh = max(negativeHigh, load<i32>(negative) + load<i32>(negative, LENGTH) - 1);
    }
  }
  for (let i: u32 = 0; i < kept; i++) {
    const value = load<f64>(sketch + (i << 3), DATA);
    const bin = binOf(value);
    if (value > 0) {
      positiveLow = min(positiveLow, bin);
      positiveHigh = max(positiveHigh, bin);
    } else {
      negativeLow = min(negativeLow, bin);
      negativeHigh = max(negativeHigh, bin);
    }
  }

  let positiveBins = span(positiveLow, positiveHigh);
  let negativeBins = span(negativeLow, negativeHigh);
  positiveBins = positiveShare(positiveBins, negativeBins);
  negativeBins = min(negativeBins, MAX_BINS - positiveBins);
  // While values turn into bins, both are there: the values as they lie, and their copy (half as long) behind the bins.
  const bytes = max(<u32>DATA + (<u32>(positiveBins + negativeBins) << 2) + (kept << 2), <u32>DATA + kept * 12);
  if (bytes > load<u32>(sketch, BYTES)) {
    const needs = blockFor(bytes);
    store<u32>(sketch, needs, NEEDS);
    return needs;
  }

  const positiveBase = positiveBins == 0 ? 0 : top(positiveHigh) - positiveBins;
  const negativeBase = negativeBins == 0 ? 0 : top(negativeHigh) - negativeBins;
  if (binned) {
    if (isWindow(sketch + POSITIVE, positiveBase, positiveBins) && isWindow(sketch + NEGATIVE, negativeBase, negativeBins)) return 0;
    trim(sketch, positiveBase, negativeBase);
    widen(sketch, positiveBase, positiveBins, negativeBase, negativeBins);
  } else {
    convert(sketch, kept, positiveBase, positiveBins, negativeBase, negativeBins);
  }
  store<u32>(sketch, 0, NEEDS);
  return 0;
}

/** Adds `times` to a bin of a window; a bin below the window goes to its lowest one. The window must reach high enough. */
// @ts-expect-error: decorator
@inline
export function count(sketch: usize, window: usize, bin: i32, times: u32): void {
  const place = bin - load<i32>(window, BASE);
  if (place < 0) store<u32>(window, load<u32>(window, COLLAPSED) + times, COLLAPSED);
  const counter = counters(sketch, window) + (max(place, 0) << 2);
  store<u32>(counter, load<u32>(counter) + times);
}

/** Where a window's counters begin. */
// @ts-expect-error: decorator
@inline
export function counters(sketch: usize, window: usize): usize {
  return window == sketch + POSITIVE ? sketch + DATA : sketch + DATA + (load<u32>(sketch + POSITIVE, LENGTH) << 2);
}

/** Bins from low to high, both rounded outwards to STEP. */
function span(low: i32, high: i32): i32 {
  return low > high ? 0 : top(high) - (low & -STEP);
}

function top(high: i32): i32 {
  return (high & -STEP) + STEP;
}

/** Merges what lies below the new bases into the lowest bins kept. */
function trim(sketch: usize, positiveBase: i32, negativeBase: i32): void {
  trimWindow(sketch, sketch + POSITIVE, positiveBase);
  trimWindow(sketch, sketch + NEGATIVE, negativeBase);
}

function trimWindow(sketch: usize, window: usize, newBase: i32): void {
  const length = load<i32>(window, LENGTH);
  const drop = min(newBase - load<i32>(window), length);
  if (length == 0 || drop <= 0) return;
  const at = counters(sketch, window);
  let below: u32 = 0;
  for (let i = 0; i < drop; i++) below += load<u32>(at + (i << 2));
  // At least one bin stays, so that what was below has a place: the new base's own.
  const left = max(length - drop, STEP);
  const end = sketch + DATA + (<usize>(load<i32>(sketch + POSITIVE, LENGTH) + load<i32>(sketch + NEGATIVE, LENGTH)) << 2);
  if (length > drop) {
    memory.copy(at, at + (drop << 2), end - at - (drop << 2));
  } else {
    memory.fill(at, 0, <usize>STEP << 2);
    memory.copy(at + (STEP << 2), at + (length << 2), end - at - (length << 2));
  }
  store<i32>(window, newBase);
  store<i32>(window, left, LENGTH);
  store<u32>(at, load<u32>(at) + below);
  // What was collapsed before lay in the old lowest bin, so it is among those.
  if (below > 0) store<u32>(window, below, COLLAPSED);
}

/** Widens both windows in place; the new ones contain the old. */
function widen(sketch: usize, positiveBase: i32, positiveBins: i32, negativeBase: i32, negativeBins: i32): void {
  const positive = sketch + POSITIVE;
  const negative = sketch + NEGATIVE;
  const data = sketch + DATA;
  const newNegative = data + (positiveBins << 2);
  place(counters(sketch, negative), load<i32>(negative, LENGTH), newNegative, negativeBins, load<i32>(negative) - negativeBase);
  place(data, load<i32>(positive, LENGTH), data, positiveBins, load<i32>(positive) - positiveBase);
  setWindow(positive, positiveBase, positiveBins);
  setWindow(negative, negativeBase, negativeBins);
}

/** Moves `length` counters to place `lead` of `newLength`, the rest zero. Never to a lower address. */
function place(from: usize, length: i32, to: usize, newLength: i32, lead: i32): void {
  if (length == 0) {
    memory.fill(to, 0, newLength << 2);
    return;
  }
  const start = to + (lead << 2);
  memory.copy(start, from, length << 2);
  memory.fill(to, 0, lead << 2);
  memory.fill(start + (length << 2), 0, (newLength - lead - length) << 2);
}

/** Turns `kept` values into counts. They wait at the end of the block as signed bins, out of the counters' way. */
function convert(sketch: usize, kept: u32, positiveBase: i32, positiveBins: i32, negativeBase: i32, negativeBins: i32): void {
  const waiting = sketch + load<u32>(sketch, BYTES) - (kept << 2);
  for (let i: u32 = 0; i < kept; i++) {
    const value = load<f64>(sketch + (i << 3), DATA);
    // Bins of subnormals are negative numbers: a sign bit of its own at the bottom.
    store<i32>(waiting + (i << 2), (binOf(value) << 1) | <i32>(value < 0));
  }
  memory.fill(sketch + DATA, 0, (positiveBins + negativeBins) << 2);
  setWindow(sketch + POSITIVE, positiveBase, positiveBins);
  setWindow(sketch + NEGATIVE, negativeBase, negativeBins);
  for (let i: u32 = 0; i < kept; i++) {
    const coded = load<i32>(waiting + (i << 2));
    count(sketch, sketch + ((coded & 1) != 0 ? NEGATIVE : POSITIVE), coded >> 1, 1);
  }
  store<u32>(sketch, 1, BINNED);
  store<u32>(sketch, 0, KEPT);
}

function isWindow(window: usize, base: i32, length: i32): bool {
  return load<i32>(window) == base && load<i32>(window, LENGTH) == length;
}

function setWindow(window: usize, base: i32, length: i32): void {
  store<i32>(window, base);
  store<i32>(window, length, LENGTH);
}

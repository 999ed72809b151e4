/** Puts one sketch into another: what comes out is what adding all values to one would have made. */

import {
  BASE,
  BINNED,
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
  POSITIVE,
  POSITIVE_INFINITIES,
  ZEROS,
  bump,
} from "./sketch-layout";
import { count, counters, NO_HIGH, NO_LOW, reserve } from "./sketch-windows";

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
  const base = load<i32>(from + which);
  const length = load<i32>(from + which, LENGTH);
  const lead = base - load<i32>(into + which, BASE);
  const at = counters(from, from + which);
  if (lead >= 0) {
    addCounters(counters(into, into + which) + (lead << 2), at, length);
    bump(into, which + COLLAPSED, load<u32>(from + which, COLLAPSED));
    return;
  }
  // `into` reaches no lower: what lies below, and what had collapsed there, collapses now.
  for (let i = 0; i < length; i++) {
    const times = load<u32>(at + (i << 2));
    if (times != 0) count(into, into + which, base + i, times);
  }
}

/** Windows are whole STEPs long, so eight counters at a time are never too many. */
function addCounters(to: usize, from: usize, length: i32): void {
  const end = from + (<usize>length << 2);
  for (; from < end; from += 32) {
    v128.store(to, i32x4.add(v128.load(to), v128.load(from)));
    v128.store(to, i32x4.add(v128.load(to, 16), v128.load(from, 16)), 16);
    to += 32;
  }
}

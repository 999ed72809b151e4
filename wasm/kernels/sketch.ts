/** A sketch's life: made, added to, moved to a larger block, read. The block and its mapping are told in sketch-layout.ts. */

import {
  BINNED,
  binOf,
  blockFor,
  BYTES,
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
import { count, NO_HIGH, NO_LOW, reserve } from "./sketch-windows";

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

export function sketchNeeds(sketch: usize): u32 {
  return load<u32>(sketch, NEEDS);
}

export function sketchBytes(sketch: usize): u32 {
  return load<u32>(sketch, BYTES);
}

export function sketchUsed(sketch: usize): u32 {
  const windows = load<u32>(sketch + POSITIVE, LENGTH) + load<u32>(sketch + NEGATIVE, LENGTH);
  return <u32>DATA + (load<u32>(sketch, KEPT) << 3) + (windows << 2);
}

export function sketchGrow(from: usize, to: usize, bytes: u32): void {
  memory.copy(to, from, sketchUsed(from));
  store<u32>(to, bytes);
  store<u32>(to, 0, NEEDS);
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

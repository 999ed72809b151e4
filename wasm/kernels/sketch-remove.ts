/** Takes a value out of a sketch that it was added to. The extremes stay as they are: who takes out must know them otherwise. */

import {
  BINNED,
  binOf,
  BYTES,
  COLLAPSED,
  COUNT,
  DATA,
  EXACT,
  KEPT,
  LENGTH,
  NEGATIVE,
  NEGATIVE_INFINITIES,
  POSITIVE,
  POSITIVE_INFINITIES,
  ZEROS,
  bump,
} from "./sketch-layout";
import { sketchInit } from "./sketch";
import { counters } from "./sketch-windows";

/** Returns 0, and has done nothing, when it is not there (NaN never is). */
export function sketchRemove(sketch: usize, value: f64): u32 {
  if (value != value) return 0;
  let counter = sketch + ZEROS;
  if (value == 0) {
    if (load<u32>(counter) == 0) return 0;
  } else if (abs(value) == Infinity) {
    counter = sketch + (value > 0 ? POSITIVE_INFINITIES : NEGATIVE_INFINITIES);
    if (load<u32>(counter) == 0) return 0;
  } else if (load<u32>(sketch, BINNED) == 0) {
    if (!removeKept(sketch, value)) return 0;
    bump(sketch, COUNT, -1);
    return 1;
  } else {
    const window = sketch + (value > 0 ? POSITIVE : NEGATIVE);
    if (load<u32>(window, LENGTH) == 0) return 0;
    const place = binOf(value) - load<i32>(window);
    if (place >= load<i32>(window, LENGTH)) return 0;
    const collapsed = load<u32>(window, COLLAPSED);
    if (place < 0 && collapsed == 0) return 0;
    counter = counters(sketch, window) + (max(place, 0) << 2);
    if (load<u32>(counter) == 0) return 0;
    if (place < 0) store<u32>(window, collapsed - 1, COLLAPSED);
  }
  bump(counter, 0, -1);
  bump(sketch, COUNT, -1);
  return 1;
}

/**
 * Whether a sketch that values were taken out of may answer otherwise than one that they were never in: it has bins for what would be kept
 * exactly, or has merged bins.
 */
export function sketchIsWorn(sketch: usize): u32 {
  if (load<u32>(sketch, BINNED) == 0) return 0;
  if ((load<u32>(sketch + POSITIVE, COLLAPSED) | load<u32>(sketch + NEGATIVE, COLLAPSED)) != 0) return 1;
  const others = load<u32>(sketch, ZEROS) + load<u32>(sketch, POSITIVE_INFINITIES) + load<u32>(sketch, NEGATIVE_INFINITIES);
  return <u32>(load<u32>(sketch, COUNT) - others <= EXACT);
}

export function sketchClear(sketch: usize): void {
  sketchInit(sketch, load<u32>(sketch, BYTES));
}

/** What follows moves up, so that what a quantile has sorted stays so. */
function removeKept(sketch: usize, value: f64): bool {
  const kept = load<u32>(sketch, KEPT);
  const end = sketch + DATA + (kept << 3);
  let at = sketch + DATA;
  while (at < end && load<f64>(at) != value) at += 8;
  if (at == end) return false;
  memory.copy(at, at + 8, end - at - 8);
  store<u32>(sketch, kept - 1, KEPT);
  return true;
}

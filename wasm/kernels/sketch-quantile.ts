/** Asks a sketch for the value at a rank. */

import {
  BINNED,
  COUNT,
  DATA,
  KEPT,
  LENGTH,
  MAX,
  MIN,
  NEGATIVE,
  NEGATIVE_INFINITIES,
  POSITIVE,
  valueOf,
  ZEROS,
} from "./sketch-layout";
import { counters } from "./sketch-windows";

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

/**
 * Figures of sorted numbers. Quantiles are those of numpy's method `linear` (R's type 7), which pandas has too: the value at place
 * q (n − 1), by a straight line between its neighbours, with numpy's own way of rounding (`_lerp`). Outliers are those of Tukey's
 * fences: below q1 − 1.5 (q3 − q1), or above q3 + 1.5 (q3 − q1).
 */

import type { ColumnQuality } from "./report.ts";

/** How far beyond the quartiles a value is an outlier, in interquartile ranges. */
const FENCE = 1.5;

/** @param sorted ascending, without NaN. Undefined: there are none */
export function figuresOf(sorted: Float64Array): ColumnQuality["figures"] {
  if (sorted.length === 0) return undefined;
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share)) as [
    number,
    number,
    number,
  ];
  const below = lowerBound(sorted, q1 - FENCE * (q3 - q1));
  const above = sorted.length - upperBound(sorted, q3 + FENCE * (q3 - q1));
  return {
    values: sorted.length,
    mean: meanOf(sorted),
    min: sorted[0]!,
    q1,
    median,
    q3,
    max: sorted.at(-1)!,
    outliers: below + above,
  };
}

/** @param sorted ascending, not empty @param share from 0 to 1 */
export function quantile(sorted: Float64Array, share: number): number {
  const place = (sorted.length - 1) * share;
  const before = Math.floor(place);
  const low = sorted[before]!;
  const high = sorted[Math.min(sorted.length - 1, before + 1)]!;
  const part = place - before;
  const range = high - low;
  // Of the two largest numbers that there are.
  if (!Number.isFinite(range)) return low * (1 - part) + high * part;
  return part >= 0.5 ? high - range * (1 - part) : low + range * part;
}

/** The first place that is not below `value`: how many numbers are below it. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** How many numbers are not above `value`. */
export function upperBound(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** With Neumaier's compensation: the error does not grow with the count. */
function meanOf(values: Float64Array): number {
  let sum = 0;
  let lost = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  if (Number.isFinite(sum)) return (sum + lost) / values.length;
  // The sum is beyond all numbers, the mean is not.
  return values.reduce((mean, value) => mean + value / values.length, 0);
}

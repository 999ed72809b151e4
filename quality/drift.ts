/**
 * How far the values of a range are from those of an earlier one.
 *
 * - **Population stability index**: the sum over bins of (now − then) · ln(now / then), where now and then are the shares of values in
 *   the bin (N. Siddiqi, Credit Risk Scorecards, 2006; it is Jeffreys' divergence of the two). Bins of numbers are the deciles of the
 *   earlier values, the outer two open to their ends, those that fall together once; a decile belongs to the bin below it. Bins of
 *   categories are their values. A share below PSI_FLOOR counts as PSI_FLOOR, else a bin that one side has nothing in would be
 *   infinite. By usage, below 0.1 is no change, and above 0.2 or 0.25 one to be looked into.
 * - **Kolmogorov-Smirnov distance**: the largest difference between the two distribution functions, from 0 to 1. Exact.
 *
 * Only values that are there are compared: how many are missing is told beside.
 */

import { quantile, upperBound } from "./figures.ts";

/** The least share of a bin. */
export const PSI_FLOOR = 1e-4;
const BINS = 10;

/** Of numbers, both sorted ascending and not empty. */
export function psiOfNumbers(now: Float64Array, then: Float64Array): number {
  const edges: number[] = [];
  for (let bin = 1; bin < BINS; bin++) {
    const edge = quantile(then, bin / BINS);
    if (edge !== edges.at(-1)) edges.push(edge);
  }
  const counts = (sorted: Float64Array): readonly number[] => {
    const upTo = [...edges.map((edge) => upperBound(sorted, edge)), sorted.length];
    return upTo.map((count, bin) => count - (upTo[bin - 1] ?? 0));
  };
  return psiOfCounts(counts(now), counts(then));
}

/** Of values by bin: in both the same bins in the same order, and in neither all empty. */
export function psiOfCounts(now: ArrayLike<number>, then: ArrayLike<number>): number {
  const [allNow, allThen] = [total(now), total(then)];
  let psi = 0;
  for (let bin = 0; bin < now.length; bin++) {
    // A value that neither has is no bin.
    if (now[bin] === 0 && then[bin] === 0) continue;
    const share = Math.max(PSI_FLOOR, now[bin]! / allNow);
    const earlier = Math.max(PSI_FLOOR, then[bin]! / allThen);
    psi += (share - earlier) * Math.log(share / earlier);
  }
  return psi;
}

/** Of numbers, both sorted ascending and not empty. */
export function ksDistance(one: Float64Array, other: Float64Array): number {
  let farthest = 0;
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    const value = Math.min(one[i]!, other[j]!);
    // Both functions step at a value before they are compared.
    while (i < one.length && one[i]! <= value) i++;
    while (j < other.length && other[j]! <= value) j++;
    farthest = Math.max(farthest, Math.abs(i / one.length - j / other.length));
  }
  return farthest;
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let bin = 0; bin < counts.length; bin++) sum += counts[bin]!;
  return sum;
}

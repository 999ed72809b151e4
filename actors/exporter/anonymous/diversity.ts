/**
 * How well a sensitive column is hidden in the classes of a file.
 *
 * - **l**, distinct l-diversity: the fewest distinct values in a class (Machanavajjhala et al., "l-diversity: privacy beyond
 *   k-anonymity", ACM TKDD 1 (1), 2007).
 * - **t**, t-closeness: the largest earth mover's distance between a class's distribution and the whole file's (Li, Li,
 *   Venkatasubramanian, "t-closeness: privacy beyond k-anonymity and l-diversity", ICDE 2007). Between categories each two
 *   values are equally far apart: half the sum of |q - p|. Between numbers their ranks count: the sum of the absolute
 *   cumulative differences over the m distinct values, divided by m - 1.
 *
 * The formulas are those of pyCANON, against which they are tested. It takes time in proportion to the pairs of class and
 * value and the logarithm of the values: within a class the cumulative share only changes at its own values, and between two
 * of them the sum is found by bisection in sums made beforehand.
 */

import type { TupleTable } from "./tuple-table.ts";

export interface Diversity {
  readonly l: number;
  readonly t: number;
}

/**
 * @param values tuples of class number, high word, low word, null mask, and how often each was there
 * @param sizes rows of each class; classes of 0 rows are not in the file
 */
export function diversityOf(values: TupleTable, sizes: Uint32Array, isOrdered: boolean): Diversity {
  const pairs = sortedPairs(values, sizes);
  if (pairs.count === 0) return { l: 0, t: 0 };
  return { l: fewestDistinct(pairs), t: isOrdered ? largestOrdered(pairs) : largestEqual(pairs) };
}

/** Pairs of class and value that are in the file, by class and then by value. */
interface Pairs {
  readonly count: number;
  readonly classes: Uint32Array;
  /** Rank of the value among all of the file, from 0. */
  readonly ranks: Uint32Array;
  /** Share of the class's rows that have the value. */
  readonly shares: Float64Array;
  /** Share of the file's rows that have the value, by rank. */
  readonly whole: Float64Array;
}

function sortedPairs({ words, width, size, counts }: TupleTable, sizes: Uint32Array): Pairs {
  const kept: number[] = [];
  for (let index = 0; index < size; index++) if (sizes[words[index * width]!]! > 0) kept.push(index);
  const word = (index: number, part: number) => words[index * width + part]!;
  // A missing value, whose words are 0, is the lowest.
  const byValue = (a: number, b: number) =>
    word(b, 3) - word(a, 3) || word(a, 1) - word(b, 1) || word(a, 2) - word(b, 2);
  const order = Uint32Array.from(kept).sort(byValue);
  const ranks = new Uint32Array(size);
  let distinct = 0;
  for (const [place, index] of order.entries()) {
    if (place === 0 || byValue(order[place - 1]!, index) !== 0) distinct++;
    ranks[index] = distinct - 1;
  }
  order.sort((a, b) => word(a, 0) - word(b, 0) || ranks[a]! - ranks[b]!);
  const rows = counts[0]!;
  const total = order.reduce((sum, index) => sum + rows[index]!, 0);
  const whole = new Float64Array(distinct);
  for (const index of order) whole[ranks[index]!] = whole[ranks[index]!]! + rows[index]!;
  return {
    count: order.length,
    classes: order.map((index) => word(index, 0)),
    ranks: order.map((index) => ranks[index]!),
    shares: Float64Array.from(order, (index) => rows[index]! / sizes[word(index, 0)]!),
    whole: whole.map((count) => count / total),
  };
}

/** The places where a class begins, and the end. */
function* classRuns({ count, classes }: Pairs): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (let place = 1; place <= count; place++) {
    if (place < count && classes[place] === classes[from]) continue;
    yield [from, place];
    from = place;
  }
}

function fewestDistinct(pairs: Pairs): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (const [from, to] of classRuns(pairs)) fewest = Math.min(fewest, to - from);
  return fewest;
}

/** Values that a class lacks differ by all of p, whose sum is what is left of 1. */
function largestEqual(pairs: Pairs): number {
  let largest = 0;
  for (const [from, to] of classRuns(pairs)) {
    let [difference, lacking] = [0, 1];
    for (let place = from; place < to; place++) {
      const p = pairs.whole[pairs.ranks[place]!]!;
      difference += Math.abs(pairs.shares[place]! - p);
      lacking -= p;
    }
    largest = Math.max(largest, (difference + Math.max(0, lacking)) / 2);
  }
  return largest;
}

function largestOrdered(pairs: Pairs): number {
  const { whole } = pairs;
  const last = whole.length - 1;
  if (last === 0) return 0;
  // P of rank i: share of the file up to and with it. sums[i]: P of all ranks before i.
  const cumulative = new Float64Array(whole.length);
  const sums = new Float64Array(whole.length + 1);
  for (let rank = 0; rank <= last; rank++) {
    cumulative[rank] = (cumulative[rank - 1] ?? 0) + whole[rank]!;
    sums[rank + 1] = sums[rank]! + cumulative[rank]!;
  }
  /** Sum of |q - P| over the ranks `from` to `to`, the latter not included. */
  const distance = (q: number, from: number, to: number) => {
    const above = firstAbove(cumulative, q, from, to);
    const below = q * (above - from) - (sums[above]! - sums[from]!);
    return below + (sums[to]! - sums[above]!) - q * (to - above);
  };
  let largest = 0;
  for (const [from, to] of classRuns(pairs)) {
    let [q, rank, moved] = [0, 0, 0];
    for (let place = from; place < to; place++) {
      moved += distance(q, rank, pairs.ranks[place]!);
      rank = pairs.ranks[place]!;
      q += pairs.shares[place]!;
    }
    largest = Math.max(largest, (moved + distance(q, rank, last + 1)) / last);
  }
  return largest;
}

/** The first place from `from` to `to` whose value is above `limit`; `to` when there is none. */
function firstAbove(ascending: Float64Array, limit: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A set of whole numbers as ranges, sorted, that neither touch nor overlap: [from, to, from, to, …], each `to` exclusive. */

export type RowRanges = readonly number[];

export const NO_ROWS_YET: RowRanges = [];

/** The set with `from` to `to` (exclusive) in it. */
export function withRange(ranges: RowRanges, from: number, to: number): RowRanges {
  if (from >= to) return ranges;
  const result: number[] = [];
  let [start, end] = [from, to];
  let isPlaced = false;
  for (let at = 0; at < ranges.length; at += 2) {
    const [low, high] = [ranges[at]!, ranges[at + 1]!];
    if (high < start) result.push(low, high);
    else if (low > end) {
      if (!isPlaced) result.push(start, end);
      isPlaced = true;
      result.push(low, high);
    } else {
      start = Math.min(start, low);
      end = Math.max(end, high);
    }
  }
  if (!isPlaced) result.push(start, end);
  return result;
}

/** How many numbers are in the set. */
export function rowsIn(ranges: RowRanges): number {
  let rows = 0;
  for (let at = 0; at < ranges.length; at += 2) rows += ranges[at + 1]! - ranges[at]!;
  return rows;
}

/** Whether a number is in the set. */
export function hasRow(ranges: RowRanges, row: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (row < ranges[at]!) return false;
    if (row < ranges[at + 1]!) return true;
  }
  return false;
}

/** The next number from `row` on at which being in the set changes; Infinity where it does not any more. */
export function nextEdge(ranges: RowRanges, row: number): number {
  return ranges.find((edge) => edge > row) ?? Number.POSITIVE_INFINITY;
}

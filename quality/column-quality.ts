/** What is told of one column, of its tally and, where drift was asked for, that of the earlier range. */

import { ksDistance, psiOfCounts, psiOfNumbers } from "./drift.ts";
import { figuresOf } from "./figures.ts";
import type { ColumnQuality, Drift } from "./report.ts";
import type { ColumnTally } from "./tally.ts";

/** A column that was counted up, and its numbers, sorted; none for what is no measure. */
export interface Counted {
  readonly tally: ColumnTally;
  readonly sorted: Float64Array;
}

/** What is told of a column by itself: duplicates are found among all of them (`withDuplicates`). */
export interface Examined {
  readonly quality: ColumnQuality;
  readonly hash: string;
  readonly everyNth: number;
}

export function examined({ tally, sorted }: Counted, earlier: Counted | undefined): Examined {
  const { column, rows, missing, distinct, hash, sample, form } = tally;
  const figures = figuresOf(sorted);
  const quality: ColumnQuality = {
    name: column.name,
    missing,
    distinct,
    ...(figures === undefined ? {} : { figures }),
    ...(form === "codes" ? { values: valuesOf(tally) } : {}),
    // One row says nothing of others. A column that is nowhere there has one value too: none.
    isConstant: rows > 1 && distinct + Math.min(1, missing) === 1,
    duplicateOf: null,
    drift: earlier === undefined ? null : driftOf({ tally, sorted }, earlier),
  };
  return { quality, hash, everyNth: sample?.everyNth ?? 1 };
}

/** The columns in their order, each that has the values of an earlier one marked as its duplicate. */
export function withDuplicates(columns: readonly Examined[], rows: number): readonly ColumnQuality[] {
  const first = new Map<string, string>();
  return columns.map(({ quality, hash }) => {
    const duplicateOf = first.get(hash) ?? null;
    if (duplicateOf === null) first.set(hash, quality.name);
    return rows > 1 ? { ...quality, duplicateOf } : quality;
  });
}

/** Rows by value, the most frequent first; those of the same number in the order of the list, and those of none left out. */
export function valuesOf({
  values,
  counts,
}: ColumnTally): { readonly value: string; readonly rows: number }[] {
  return values
    .map((value, code) => ({ value, rows: counts[code]! }))
    .filter(({ rows }) => rows > 0)
    .sort((one, other) => other.rows - one.rows);
}

/** Null for what is neither a measure nor a category, and where one side has no values. */
function driftOf(now: Counted, then: Counted): Drift | null {
  if (now.tally.form === "numbers") {
    const [values, earlier] = [now.sorted.length, then.sorted.length];
    if (values === 0 || earlier === 0) return null;
    const psi = psiOfNumbers(now.sorted, then.sorted);
    return { psi, ks: ksDistance(now.sorted, then.sorted), values, earlier };
  }
  if (now.tally.form !== "codes") return null;
  const values = now.tally.rows - now.tally.missing;
  const earlier = then.tally.rows - then.tally.missing;
  if (values === 0 || earlier === 0) return null;
  return { psi: psiOfCounts(now.tally.counts, then.tally.counts), ks: null, values, earlier };
}

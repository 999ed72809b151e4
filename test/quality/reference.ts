/** What is told of columns, by plain sets, maps and sorts over plain rows. */

import type { Dataset } from "../../datasets/define.ts";
import type { PlainRow, Value } from "../actors/store/log/rows.ts";

export interface PlainColumn {
  readonly name: string;
  readonly missing: number;
  readonly distinct: number;
  /** Numbers that are there, of every n-th row, ascending; of a measure. */
  readonly numbers: readonly number[] | undefined;
  readonly values: readonly { readonly value: string; readonly rows: number }[] | undefined;
}

export function plainColumns(
  dataset: Dataset,
  rows: readonly PlainRow[],
  everyNth = 1,
): readonly PlainColumn[] {
  return dataset.publicColumns.map(({ name, spec, field }) => {
    const there = rows.map((row) => row[name]!).filter((value) => value !== null);
    const isCounted = field.type === "category" || field.type === "bool";
    const sampled = rows.filter((_, row) => row % everyNth === 0).map((row) => row[name]!);
    return {
      name,
      missing: rows.length - there.length,
      distinct: new Set(there).size,
      numbers:
        spec.class === "measure" && !isCounted
          ? sampled
              .filter((value) => value !== null)
              .map(Number)
              .sort((one, other) => one - other)
          : undefined,
      values: isCounted ? countsOf(there, field.values ?? ["false", "true"]) : undefined,
    };
  });
}

function countsOf(values: readonly Value[], list: readonly string[]) {
  return list
    .map((value) => ({ value, rows: values.filter((other) => String(other) === value).length }))
    .filter(({ rows }) => rows > 0)
    .sort((one, other) => other.rows - one.rows);
}

/** As numpy's method `linear`. */
export function plainQuantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}

/** Windows in plain TypeScript: all values kept and sorted. Rows are taken one by one, in the order they came. */

import type { Dataset } from "../../../datasets/define.ts";
import type { PlainRow } from "../store/log/rows.ts";

export const MINUTE_MS = 60_000;

export interface ReferenceWindow {
  readonly window_start: number;
  readonly window_end: number;
  readonly group: bigint | undefined;
  readonly measure: string;
  /** Sorted. */
  readonly values: readonly number[];
}

export interface Reference {
  /** Of closed windows, in the order their rows are stored in. */
  readonly windows: readonly ReferenceWindow[];
  readonly late: number;
}

export function referenceWindows(dataset: Dataset, rows: readonly PlainRow[], disorderMs: number): Reference {
  const by = dataset.windows?.[0];
  const groupBy = by?.groupBy;
  const measures = by?.kind === "figures" ? by.measures : [];
  const open = new Map<number, Map<bigint | undefined, Map<string, number[]>>>();
  let latestMs = Number.NEGATIVE_INFINITY;
  let late = 0;
  for (const row of rows) {
    const timeMs = row[dataset.time] as number;
    latestMs = Math.max(latestMs, timeMs);
    const startMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
    if (startMs + MINUTE_MS <= latestMs - disorderMs) {
      late++;
      continue;
    }
    const groups = at(open, startMs, () => new Map<bigint | undefined, Map<string, number[]>>());
    const group = groupBy === undefined ? undefined : (row[groupBy] as bigint);
    const columns = at(groups, group, () => new Map<string, number[]>());
    for (const measure of measures) {
      const value = row[measure] ?? null;
      if (value === null) continue;
      // Plus 0, as zeros of either sign come out as 0.
      const isFloat = dataset.plan.public(measure).type === "f32";
      at(columns, measure, (): number[] => []).push(
        (isFloat ? Math.fround(Number(value)) : Number(value)) + 0,
      );
    }
  }
  const windows = [...open]
    .sort(([a], [b]) => a - b)
    .filter(([start]) => start + MINUTE_MS <= latestMs - disorderMs);
  return {
    late,
    windows: windows.flatMap(([window_start, groups]) =>
      [...groups]
        .sort(([a = 0n], [b = 0n]) => (a < b ? -1 : a > b ? 1 : 0))
        .flatMap(([group, columns]) =>
          measures.flatMap((measure): ReferenceWindow[] => {
            const values = columns.get(measure) ?? [];
            if (values.length === 0) return [];
            const window_end = window_start + MINUTE_MS;
            return [{ window_start, window_end, group, measure, values: values.sort((a, b) => a - b) }];
          }),
        ),
    ),
  };
}

export function meanOf(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Of the population, in two passes. */
export function stddevOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
}

/** The lower order statistic. @param values sorted */
export function quantileOf(values: readonly number[], q: number): number {
  return values[Math.floor(q * (values.length - 1))]!;
}

/** Neumaier's sum: what it rounds off is far below what the tests tolerate. */
function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** A closed window of one group, as callbacks get it: plain values, good for as long as anybody keeps them. */

import type { StateReader, StateWriter } from "../../windowing/state.ts";
import { type Key, readKey, writeKey } from "./key-dictionary.ts";

/** Of a measure in a window. Without any value: 0 for count, sum and rate, null for the others. */
export interface MeasureFigures {
  /** Values that are neither missing nor NaN. */
  readonly count: number;
  readonly sum: number;
  readonly mean: number | null;
  /** Of the values themselves: divided by their count. Null when one of them is infinite. */
  readonly variance: number | null;
  readonly stddev: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The value at rank ⌊q × (count − 1)⌋, within 0.8 % of it. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Values per second of the window's length. */
  readonly rate: number;
}

export interface WindowResult<K extends Key = Key, M extends string = string> {
  /** Number of this result since the engine began, from 0: the same again when a checkpoint is gone on from. */
  readonly sequence: number;
  /** [startMs, endMs), milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0: it is out for the first time. More: late items have changed it, and this replaces what was out before. */
  readonly revision: number;
  /** It was out before, and late items have made it part of another window: it is none any more. */
  readonly withdrawn: boolean;
  /** Null: all items (there is no `key`), or those of all groups that there was no room for. */
  readonly key: K | null;
  /** The group of all groups that there was no room for. */
  readonly isOther: boolean;
  /** Items in it, whether their measures have values or not. */
  readonly count: number;
  readonly measures: Readonly<Record<M, MeasureFigures>>;
}

const NUMBERS = [
  "count",
  "sum",
  "mean",
  "variance",
  "stddev",
  "min",
  "max",
  "p50",
  "p90",
  "p95",
  "p99",
  "rate",
] as const satisfies readonly (keyof MeasureFigures)[];

export function saveResult(result: WindowResult, measures: readonly string[], out: StateWriter): void {
  out.f64(result.sequence);
  out.f64(result.startMs);
  out.f64(result.endMs);
  out.u32(result.revision);
  out.u8((result.withdrawn ? 1 : 0) | (result.isOther ? 2 : 0) | (result.key === null ? 0 : 4));
  if (result.key !== null) writeKey(out, result.key);
  out.f64(result.count);
  for (const name of measures) {
    const figures = result.measures[name];
    for (const figure of NUMBERS) out.f64(figures?.[figure] ?? Number.NaN);
  }
}

export function loadResult(from: StateReader, measures: readonly string[]): WindowResult {
  const [sequence, startMs, endMs] = [from.f64(), from.f64(), from.f64()];
  const revision = from.u32();
  const flags = from.u8();
  const key = (flags & 4) === 0 ? null : readKey(from);
  const count = from.f64();
  const figuresOf: Record<string, MeasureFigures> = {};
  for (const name of measures) {
    const figures = NUMBERS.map((figure) => [figure, orNull(from.f64())] as const);
    figuresOf[name] = Object.fromEntries(figures) as unknown as MeasureFigures;
  }
  return {
    ...{ sequence, startMs, endMs, revision, key, count, measures: figuresOf },
    withdrawn: (flags & 1) !== 0,
    isOther: (flags & 2) !== 0,
  };
}

/** NaN, which says that there is no such value, as null. */
export function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

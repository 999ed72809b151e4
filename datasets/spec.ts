/** What a dataset's declaration says. Plain data: define.ts checks it and derives the rest. */

import type { WindowShape } from "../windowing/shape.ts";
import type { ColumnSpec } from "./column.ts";

/** Days that rows are kept for where a dataset does not say. */
export const DEFAULT_KEEP_DAYS = 365;
/** The longest, and how far back a named export may go: a hundred years. */
export const MAX_KEEP_DAYS = 36_525;

export type Columns = Readonly<Record<string, ColumnSpec>>;

/** What is told of a measure in a window. `rate`: values per second of the window's length. */
export const FIGURES = [
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
  "trend",
] as const;
export type Figure = (typeof FIGURES)[number];

/** What `trend` says. */
export const TRENDS = ["increasing", "decreasing", "stable", "volatile"] as const;

/** Ranks of a window of the kind `top`, at the most. */
export const MAX_RANKS = 1000;
/** Windows datasets of one dataset, at the most. */
export const MAX_WINDOWS = 16;

interface WindowFacts {
  /** `[a-z0-9]+`, such as `1m`: the windows are the dataset `<dataset>_<label>`. */
  readonly label: string;
  readonly shape: WindowShape;
  /** A public pseudonym or category that splits the rows into groups; never null. Absent: all rows are one group. */
  readonly groupBy?: string;
}

/** How a dataset's rows are windowed, and what its windows hold. A windows dataset comes of each. */
export type WindowSpec =
  /** A row for each window, group and measure. */
  | (WindowFacts & {
      readonly kind: "figures";
      /** Numeric columns. */
      readonly measures: readonly string[];
      /** Beside the count; default all. */
      readonly figures?: readonly Figure[];
    })
  /** A row for each window, group and column: how many different values it has (HyperLogLog). */
  | (WindowFacts & { readonly kind: "distinct"; readonly of: readonly string[] })
  /** Rows by rank: the values of `item` that are the most frequent, or weigh the most (Space-Saving). */
  | (WindowFacts & {
      readonly kind: "top";
      /** A pseudonym or a category. */
      readonly item: string;
      /** A numeric column, never negative; absent: rows are counted. */
      readonly weight?: string;
      /** Ranks, from 1 to 1000. */
      readonly count: number;
    });

/** The values of one column of rows that are being derived from: numbers, codes of a category, 0 and 1. */
export interface Cells {
  /** Whether there was a value in every row when it was asked for first: nothing has to be filled in. */
  readonly isWhole: boolean;
  isThere(row: number): boolean;
  /** Means nothing where it is not there. */
  get(row: number): number;
  /** Makes it be there. */
  set(row: number, value: number): void;
}

/** Rows that were pushed, within their bounds, on their way in. */
export interface DerivingRows {
  readonly rows: number;
  /** When they came, wall time in milliseconds. */
  readonly arrivedMs: number;
  /** Milliseconds of a clock that only goes forward: for what a derivation says of its own time. */
  elapsedMs(): number;
  /** Whether it was refused already. */
  isBad(row: number): boolean;
  cells(column: string): Cells;
  /** Refuses a row for what its sender said of a column. */
  refuse(row: number, column: string, expected: string, got: string): void;
}

/** Columns that follow from others: filled where a sender left them out, and checked where he gave them. */
export interface Derivation {
  /** Columns that may be left out for it. */
  readonly fills: readonly string[];
  derive(rows: DerivingRows): void;
}

/** An export that a dataset has by name: which rows and columns, in which order. */
export interface NamedExport {
  readonly title: string;
  /** Public columns, in order. */
  readonly columns: readonly string[];
  /** A predicate of predicate.ts. */
  readonly where: string;
  /** Days back from now. */
  readonly days: number;
  /** Only the newest rows, so many at the most, the latest first. */
  readonly newest: number;
  readonly format: "csv";
}

/** A choice that is made in one way and would be made in another: how often the two agree is told. */
export interface Shadow {
  /** Columns of what was chosen, what would have been, what it is told by, and what a share of the traffic is chosen by: a pseudonym of 64 bits. */
  readonly actual: string;
  readonly oracle: string;
  readonly by: string;
  readonly unit: string;
}

export interface DatasetFacts<C extends Columns> {
  /** `[a-z][a-z0-9_]*`: it stands in addresses, file names and topics. */
  readonly name: string;
  /** One line for a reader who meets it for the first time. */
  readonly title: string;
  readonly columns: C;
  /** Rows that one batch holds at the most, from 1 to 65536. */
  readonly batchRows: number;
  /** Batches that may be in flight; a power of two. */
  readonly slots: number;
  /** Whether other programs may push rows of it. Default false. */
  readonly pushed?: boolean;
  /** Bytes of text that one slot has room for; longer ones take more slots. At least one row's longest. Default: the longest of `batchRows`. */
  readonly slotTextBytes?: number;
  /** Columns that follow from others, in the order they are derived in. */
  readonly derivations?: readonly Derivation[];
  /** The column that a model is to learn: a category. */
  readonly label?: string;
  /** By name, such as `training`. */
  readonly exports?: Readonly<Record<string, NamedExport>>;
  readonly shadow?: Shadow;
  /** How its rows are windowed; absent: they are not. */
  readonly windows?: readonly WindowSpec[];
  /** Days that its rows are kept for when no setting says otherwise; whole, at least 1. Default 365. */
  readonly keepDays?: number;
  /** For a windows dataset: what it is derived from, and how. */
  readonly derived?: { readonly from: string; readonly by: WindowSpec };
}

export interface DatasetSpec<C extends Columns> extends DatasetFacts<C> {
  /** The moment column that is the event time. */
  readonly time: keyof C & string;
}

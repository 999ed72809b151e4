/** What a dataset's declaration says. Plain data: define.ts checks it and derives the rest. */

import type { ColumnSpec } from "./column.ts";

/** Days that rows are kept for where a dataset does not say. */
export const DEFAULT_KEEP_DAYS = 365;

export type Columns = Readonly<Record<string, ColumnSpec>>;

/** Where a dataset's rows come from, which decides how its windows are made. */
export interface WindowSpec {
  /** Public columns, at most one so far, that split the rows into groups. */
  readonly groupBy?: string;
  /** Numeric columns that are summed up. */
  readonly measures: readonly string[];
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
  /** How its rows are windowed; absent: they are not. */
  readonly windows?: WindowSpec;
  /** Days that its rows are kept for when no setting says otherwise; whole, at least 1. Default 365. */
  readonly keepDays?: number;
  /** For a windows dataset: the dataset it is derived from. */
  readonly derivedFrom?: string;
}

export interface DatasetSpec<C extends Columns> extends DatasetFacts<C> {
  /** The moment column that is the event time. */
  readonly time: keyof C & string;
}

/**
 * What reading the store gives, part by part: rows of the log, which lie in memory, and row groups of the lake, which are not
 * read before somebody wants them, because a Parquet export may copy them as they are.
 */

import type { RowRun } from "../../datasets/row-run.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { ParquetFile } from "./parquet/parquet-file.ts";

/** Rows that are wanted. The batch is reused: it is there until the next part is asked for. */
export interface StoredRows {
  readonly kind: "rows";
  readonly batch: PublicBatch;
  /** Ascending, none empty, at least one. */
  readonly runs: readonly RowRun[];
}

/** A row group of the lake that holds rows that are wanted. */
export interface StoredGroup {
  readonly kind: "group";
  readonly file: ParquetFile;
  /** Index within the file. */
  readonly group: number;
  readonly rows: number;
  /** Whether all its rows are wanted. */
  readonly isWhole: boolean;
  /** Decodes it. Undefined: none of its rows is wanted after all. */
  read(): StoredRows | undefined;
}

/** Undefined: much had to be passed over, and others may have their turn. */
export type StoredPart = StoredRows | StoredGroup | undefined;

/** Which rows are wanted. */
export interface StoreRange {
  /** Event times in milliseconds: from inclusive, to exclusive. ±Infinity: no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Sequence number after the last row of the snapshot. */
  readonly endSequence: number;
  /** Rows of the dataset that are known to be stored: a log that ends before them is damaged. */
  readonly storedRows: number;
  /** Public names of the columns that are wanted; the others may be missing from the batches. Default: all. */
  readonly columns?: readonly string[];
}

/**
 * What an export is asked to be: a dataset, a time range, a format, and what is done to its rows on the way. Every door
 * (TypeScript, HTTP, command line) makes one of these, and `checkOrder` says the same of it to all of them.
 */

import type { Refused } from "../refused.ts";

export const EXPORT_FORMATS = ["csv", "json", "jsonl", "parquet", "sqlite", "arrow", "arrows"] as const;
/** `arrow` is the IPC file format (also known as Feather 2), `arrows` the IPC stream; `jsonl` a JSON object a line. */
export type ExportFormatName = (typeof EXPORT_FORMATS)[number];

export const COMPRESSIONS = ["none", "gzip", "zstd"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** `pseudonymous`: keyed hashes, exact times. `anonymous`: k-anonymous over the quasi-identifiers, times to the hour. */
export const PROFILES = ["pseudonymous", "anonymous"] as const;
export type Profile = (typeof PROFILES)[number];

/** Rows that can be put in order: they are held in memory. */
export const MAX_NEWEST = 1_000_000;

/** Strings where a name is expected: what is no name is refused, by name. */
export interface ExportOrder {
  readonly dataset: string;
  /** One of EXPORT_FORMATS. */
  readonly format: string;
  /** Event times in milliseconds since the epoch: from inclusive, to exclusive. ±Infinity: no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Public columns, in the order they are to have. Default: all. */
  readonly columns?: readonly string[];
  /** Which rows: a predicate of datasets/predicate.ts, such as `cpu_percent > 50 and pid = 12`. Default: all. */
  readonly where?: string;
  /** Only the newest rows by event time, so many at the most, the latest first; of those of one time any. From 1 to MAX_NEWEST. Default: all, as they are stored. */
  readonly newest?: number;
  /** One of COMPRESSIONS that the format allows. Default: zstd for Parquet, none for the others. */
  readonly compression?: string;
  /** One of PROFILES. Default: pseudonymous. */
  readonly profile?: string;
  /** Anonymous profile: rows that nobody may be told apart among. From 2 to 1000, default 5. */
  readonly k?: number;
  /** Anonymous profile: share of the rows that may be left out to reach k, from 0 to 1; default 0.1. */
  readonly maxSuppressed?: number;
}

/** What came of it. Also in the file's own metadata where the format has some, without what differs from run to run. */
export interface ExportStats {
  readonly dataset: string;
  readonly format: ExportFormatName;
  readonly compression: Compression;
  readonly profile: Profile;
  readonly rows: number;
  readonly bytes: number;
  /** From the first step to the last. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  /** Rows that were left out to reach k. */
  readonly suppressedRows: number;
  /** Rows that were copied from the lake as they lie. */
  readonly copiedRows: number;
}

export type OrderRefusal =
  | "unknown-dataset"
  | "unknown-format"
  | "unknown-column"
  | "bad-range"
  | "bad-filter"
  | "bad-option"
  /** The anonymous profile cannot be reached: nothing was written. */
  | "below-policy";

export type OrderRefused = Refused<OrderRefusal>;

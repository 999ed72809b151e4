/**
 * What a program can ask of a store, the same whether it is a folder of a stopped Millrace (local.ts) or a running one behind
 * an address (remote.ts). Nothing throws for what may be expected: the answer says `ok: false`, why, and what to do.
 *
 *     const opened = openLocalStore({ dataFolder: "data" });
 *     if (!opened.ok) throw new Error(opened.message);
 *     const exported = await opened.client.exportRecent({ dataset: "process", format: "parquet", hours: 24, output: "process.parquet" });
 *     await opened.client.close();
 */

import type { QueryFormat, QueryParam } from "../actors/analyst/protocol.ts";
import type { PrivacyReport } from "../actors/exporter/anonymous/report.ts";
import type {
  Compression,
  ExportFormatName,
  ExportStats,
  OrderRefusal,
  Profile,
} from "../actors/exporter/order.ts";
import type { Refused } from "../actors/refused.ts";
import type { StoreStats } from "../actors/store/stats.ts";
import type { Moment } from "./moment.ts";
import type { QualityClient } from "./quality-client.ts";

export interface ExportProgress {
  /** Rows that were looked at so far, of at most `mostRows`. */
  readonly seenRows: number;
  readonly mostRows: number;
  /** Of the file, so far. */
  readonly bytes: number;
}

export interface ExportOptions {
  /** Such as `process`, or `memory_1m`. */
  readonly dataset: string;
  readonly format: ExportFormatName;
  /** Path of the file to write, mode 0600. It gets its name when all of it is there. */
  readonly output: string;
  /** Public columns in the order they are to have. Default: all. */
  readonly columns?: readonly string[];
  /** Which rows, such as `cpu_percent > 50`. Default: all. */
  readonly where?: string;
  /** Only the newest rows, so many at the most, the latest first. From 1 to 1 000 000. Default: all, as they are stored. */
  readonly newest?: number;
  /** Default: zstd for Parquet, none for the others. */
  readonly compression?: Compression;
  /** Default: pseudonymous. */
  readonly profile?: Profile;
  /** Anonymous profile: rows that nobody may be told apart among, from 2 to 1000; default 5. */
  readonly k?: number;
  /** Anonymous profile: share of the rows that may be left out to reach k, from 0 to 1; default 0.1. */
  readonly maxSuppressed?: number;
  /** Replaces a file that is there. Default false. */
  readonly force?: boolean;
  /** Called while the file is made. What it throws ends the export and is thrown. */
  readonly onProgress?: (progress: ExportProgress) => void;
  /** Ends the export; nothing of it is left. */
  readonly signal?: AbortSignal;
}

/** Event times: from inclusive, to exclusive. Defaults: no bound. */
export interface ExportRangeOptions extends ExportOptions {
  readonly from?: Moment;
  readonly to?: Moment;
}

/** The last `hours` until now; default 24. */
export interface ExportRecentOptions extends ExportOptions {
  readonly hours?: number;
}

/** An export that the dataset has by name: its rows, its columns, its time. */
export interface ExportNamedOptions extends Omit<ExportRangeOptions, "columns" | "where"> {
  /** Such as `training`. */
  readonly name: string;
}

export interface Exported {
  readonly ok: true;
  readonly path: string;
  readonly stats: ExportStats;
  /** Of the anonymous profile; also beside the file, as `.privacy.json` and `.privacy.html`. */
  readonly privacy?: PrivacyReport;
}

/**
 * `exists`: the file is there, and `force` was not given. `unwritable`: no file can be made there. `disk`: full, or failing.
 * `damaged`: the store cannot be read on. `below-policy`: the anonymous profile cannot be reached. `too-many`: try again later.
 * `unreachable`: nobody answers, or the connection broke. `denied`: the token. In none of these cases there is a new file.
 */
export type ExportRefusal =
  | OrderRefusal
  | "exists"
  | "unwritable"
  | "disk"
  | "damaged"
  | "cancelled"
  | "closed"
  | "too-many"
  | "unreachable"
  | "denied";

export interface QueryOptions {
  /** For `?` or `$1` in the text, in order. */
  readonly params?: readonly QueryParam[];
  /** Default 10 000, at most 1 000 000. */
  readonly maxRows?: number;
  /** Default 30 000, at most 600 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** 64-bit integers are strings of digits where a number could not hold them; moments are RFC 3339 text. */
export type QueryValue = string | number | boolean | null;

export interface QueryRows {
  readonly ok: true;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, QueryValue>>[];
  /** There were more rows than `maxRows`. */
  readonly truncated: boolean;
}

export interface QueryBytes {
  readonly ok: true;
  readonly contentType: string;
  /** As they come. Who stops reading ends the query. @throws Error when they end before the answer does */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export type QueryRefusal =
  | "refused"
  | "needs-extension"
  | "too-large"
  | "timed-out"
  | "too-many"
  | "damaged"
  | "cancelled"
  | "closed"
  | "unavailable"
  | "unreachable"
  | "denied";

export type StatsRefusal = "damaged" | "disk" | "closed" | "unreachable" | "denied";

export interface StoreClient extends QualityClient {
  exportRange(options: ExportRangeOptions): Promise<Exported | Refused<ExportRefusal>>;
  exportRecent(options: ExportRecentOptions): Promise<Exported | Refused<ExportRefusal>>;
  /** As the dataset declares it: `compression_telemetry` has `training`. `from`, `to` and `newest` may be other ones. */
  exportNamed(options: ExportNamedOptions): Promise<Exported | Refused<ExportRefusal>>;
  /** Read-only SQL, as DuckDB speaks it; every dataset is a table. */
  query(sql: string, options?: QueryOptions): Promise<QueryRows | Refused<QueryRefusal>>;
  /** As `query`, with the answer as a document of that format. */
  queryBytes(
    sql: string,
    format: QueryFormat,
    options?: QueryOptions,
  ): Promise<QueryBytes | Refused<QueryRefusal>>;
  stats(): Promise<{ readonly ok: true; readonly stats: StoreStats } | Refused<StatsRefusal>>;
  /** Lets go of the store, or of the connection. May be called again; the others then answer `closed`. */
  close(): Promise<void>;
}

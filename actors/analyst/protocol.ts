/**
 * What the analyst is asked, and what it answers. A query is opened, pulled chunk by chunk, and closed.
 *
 *     query.open  → id, at once; the query runs when those before it are done
 *     query.pull  → bytes when there are some, or why there are none; `done` with the last of them, after which the query is closed
 *                   by itself
 *     query.close → when it is not wanted to its end, in line, running or done: it is over at once, and DuckDB is
 *                   free for the next some tenths of a second later
 *
 * SQL is DuckDB's. Every dataset is a table of its public columns; moments are TIMESTAMP in UTC, and so is `now()`. Nothing can be
 * written, no file and no extension can be loaded.
 */

import type { Refused } from "../refused.ts";

export const ANALYST = "analyst";
export const QUERY_FORMATS = ["json", "csv", "arrow"] as const;
export type QueryFormat = (typeof QUERY_FORMATS)[number];

/** Here and not with the encoder, which only the thread that makes results loads. */
export const CONTENT_TYPES: Readonly<Record<QueryFormat, string>> = {
  json: "application/json",
  csv: "text/csv; charset=utf-8",
  arrow: "application/vnd.apache.arrow.stream",
};

export const MAX_SQL_CHARACTERS = 100_000;
export const MAX_PARAMS = 100;
/** Queries that may be open at once; one runs, the others wait. */
export const MAX_QUERIES = 8;
/** Rows of a result when the query does not say; and the most it may say. */
export const DEFAULT_RESULT_ROWS = 10_000;
export const MAX_RESULT_ROWS = 1_000_000;
/** How long a query may work, when it does not say; and the most it may say. Waiting in line, for DuckDB to start or to be pulled is not counted. */
export const DEFAULT_QUERY_MS = 30_000;
export const MAX_QUERY_MS = 600_000;
/** A query that nobody has pulled for this long is closed. */
export const QUERY_IDLE_MS = 60_000;

export type QueryParam = string | number | boolean | null;

export interface OpenQuery {
  readonly kind: "query.open";
  readonly sql: string;
  /** For `?` or `$1` in the text, in order. */
  readonly params: readonly QueryParam[];
  readonly format: QueryFormat;
  readonly maxRows?: number;
  readonly timeoutMs?: number;
}

export interface PullQuery {
  readonly kind: "query.pull";
  readonly id: number;
}

export interface CloseQuery {
  readonly kind: "query.close";
  readonly id: number;
}

export type AnalystMessage = OpenQuery | PullQuery | CloseQuery;

/**
 * `refused`: the text is no SQL, names what is not there, or wants to write. `needs-extension`: DuckDB would have to load
 * one, which it may not. `too-large`: the rows it needs do not fit; narrow the time. `timed-out`: the limit. `damaged`: the store.
 */
export type QueryRefusal =
  | "refused"
  | "needs-extension"
  | "too-large"
  | "timed-out"
  | "too-many"
  | "unknown-query"
  | "damaged";

export interface OpenedQuery {
  readonly ok: true;
  readonly id: number;
  readonly contentType: string;
}

export interface QueryChunk {
  readonly ok: true;
  /** At most 1 MiB. The receiver's own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly done: boolean;
  /** With the last bytes. JSON has them inside too. */
  readonly facts?: QueryFacts;
}

export interface QueryFacts {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rowCount: number;
  /** There were more rows than were wanted. */
  readonly truncated: boolean;
  /** That it worked. */
  readonly seconds: number;
  readonly read: ReadFacts;
}

/** What was read of the store for a query: no other column, and no row of another time, was. */
export interface ReadFacts {
  readonly rows: number;
  readonly bytes: number;
  /** Row groups of the lake that were decoded. */
  readonly groups: number;
  readonly tables: readonly {
    readonly table: string;
    readonly columns: readonly string[];
    /** RFC 3339: from inclusive, to exclusive. Null: no bound. */
    readonly from: string | null;
    readonly to: string | null;
    readonly rows: number;
  }[];
}

export interface AnalystReplies {
  readonly "query.open": OpenedQuery | Refused<QueryRefusal>;
  readonly "query.pull": QueryChunk | Refused<QueryRefusal>;
  readonly "query.close": { readonly closed: boolean };
}

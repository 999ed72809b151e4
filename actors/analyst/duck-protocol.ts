/** What the thread that DuckDB runs on is asked, and what it answers: one question at a time. Plain data. */

import type { QueryFormat, QueryParam } from "./protocol.ts";

/** A table of the database: its columns in order, with their types in SQL. */
export interface TableSpec {
  readonly name: string;
  /** Name of the column that is the event time. */
  readonly time: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** What a query reads of a table. */
export interface TableNeed {
  readonly table: string;
  /** In the table's order; at least one. */
  readonly columns: readonly string[];
  /** Event times in milliseconds: from inclusive, to exclusive; ±Infinity for no bound. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Looks at a query without running it: one statement, that reads only, and what it reads. */
export interface PlanQuery {
  readonly op: "plan";
  readonly sql: string;
  readonly params: readonly QueryParam[];
  readonly tables: readonly TableSpec[];
  /** What `now()` is. */
  readonly nowMs: number;
  readonly maxRows: number;
}

/** Appends rows to a table of those that the plan needs. */
export interface InsertRows {
  readonly op: "insert";
  readonly table: string;
  /** An Arrow IPC stream of the needed columns. Not a view of it: Deno takes 400 ms a megabyte to send one to a worker. */
  readonly stream: ArrayBuffer;
}

/** Runs the planned query to its last row. */
export interface RunQuery {
  readonly op: "run";
  readonly format: QueryFormat;
}

/** The next bytes of the result; `end` goes into the result's end where the format has room for it. */
export interface PullResult {
  readonly op: "pull";
}

/** The end of the result, once `pull` has said that all rows are there. */
export interface EndResult {
  readonly op: "end";
  /** Members of the JSON document that come after the rows. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type DuckRequest = PlanQuery | InsertRows | RunQuery | PullResult | EndResult;

export interface DuckReplies {
  readonly plan: { readonly needs: readonly TableNeed[] };
  readonly insert: Record<string, never>;
  readonly run: { readonly columns: readonly { readonly name: string; readonly type: string }[] };
  readonly pull: {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly isLast: boolean;
    /** Rows so far, and whether there were more than were wanted. */
    readonly rows: number;
    readonly isTruncated: boolean;
  };
  readonly end: { readonly bytes: Uint8Array<ArrayBuffer> };
}

export type DuckRefusal = "refused" | "needs-extension" | "too-large" | "stopped";

export type DuckAnswer =
  | { readonly ok: true; readonly value: DuckReplies[keyof DuckReplies] }
  | {
      readonly ok: false;
      readonly reason: DuckRefusal;
      readonly message: string;
      /** DuckDB did not survive: this thread is to be ended, and another one made. */
      readonly isBroken: boolean;
    };

/** What a worker is started with. */
export interface DuckWorkerData {
  /** One word: not 0 while the question under way is to end. */
  readonly stop: SharedArrayBuffer;
  readonly memoryBytes: number;
}

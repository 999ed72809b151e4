/**
 * What the exporter is asked, and what it answers. There are two ways to have a file made:
 *
 *     export.open   → id, or why not            a file that is sent while it is made, and kept nowhere
 *     export.pull   → bytes; `done` with the last of them, after which the export is closed by itself
 *     export.close  → when it is not wanted to its end
 *
 *     export.start  → a job, or why not         a file that is made in the data folder, and fetched when it is done
 *     export.job    → how far it is; after its end its stats and, for the anonymous profile, its privacy report
 *     export.jobs   → all of them, newest first
 *     export.read   → bytes of the finished file
 *     export.cancel → ends a job, or removes what it made
 *
 * An export is a snapshot: the rows that were stored when it was opened, and none that came later.
 */

import type { Refused } from "../refused.ts";
import type { PrivacyReport } from "./anonymous/report.ts";
import type { ExportOrder, ExportStats, OrderRefusal } from "./order.ts";

export const EXPORTER = "exporter";
/** Exports that may be open at once, jobs that run included. */
export const MAX_EXPORTS = 8;
/** An export that nobody has pulled for this long is closed. */
export const EXPORT_IDLE_MS = 60_000;
/** Bytes of one chunk at the most. */
export const MAX_CHUNK_BYTES = 2 ** 20;
/** Jobs that are remembered; with one more, the oldest that has ended is removed with its file. */
export const MAX_JOBS = 32;

export interface OpenExport {
  readonly kind: "export.open";
  readonly order: ExportOrder;
}

export interface PullExport {
  readonly kind: "export.pull";
  readonly id: number;
}

export interface CloseExport {
  readonly kind: "export.close";
  readonly id: number;
}

export interface StartJob {
  readonly kind: "export.start";
  readonly order: ExportOrder;
}

export interface AskJob {
  readonly kind: "export.job";
  readonly job: string;
}

export interface AskJobs {
  readonly kind: "export.jobs";
}

export interface ReadJob {
  readonly kind: "export.read";
  readonly job: string;
  readonly offset: number;
}

export interface CancelJob {
  readonly kind: "export.cancel";
  readonly job: string;
}

export type ExporterMessage =
  | OpenExport
  | PullExport
  | CloseExport
  | StartJob
  | AskJob
  | AskJobs
  | ReadJob
  | CancelJob;

/** Why an export was not opened. `too-many` may be tried again later; the others are the asker's to mend. */
export type ExportRefusal = OrderRefusal | "too-many" | "disk";

export interface OpenedExport {
  readonly ok: true;
  /** Names the export in `export.pull` and `export.close`. Never given twice while the process runs. */
  readonly id: number;
  /** For a Content-Disposition header: letters, digits, `-`, `_` and `.` only. */
  readonly fileName: string;
  readonly contentType: string;
  /** Rows that may be in it at the most, for who shows progress. */
  readonly mostRows: number;
  /** Anonymous profile: what it was found to be. */
  readonly privacy?: PrivacyReport;
}

export interface ExportChunk {
  readonly ok: true;
  /** At most MAX_CHUNK_BYTES; may be empty when a step found no row, which is no end. The receiver's own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Rows that were looked at so far, of `mostRows`. */
  readonly seenRows: number;
  /** Nothing comes after these bytes, and the export is closed. */
  readonly done: boolean;
  /** With the last bytes. */
  readonly stats?: ExportStats;
}

/**
 * `unknown-export`: closed, finished, expired, or lost with a crash of the exporter. `damaged`: the store cannot be read on;
 * what was sent so far is no whole file, and the export is closed. `disk`: its own file could not be written or read.
 */
export type PullRefusal = "unknown-export" | "damaged" | "disk";

export type JobState = "running" | "done" | "failed" | "cancelled";

export interface ExportJob {
  /** 32 hex digits. */
  readonly job: string;
  readonly order: ExportOrder;
  readonly state: JobState;
  readonly fileName: string;
  readonly contentType: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly seenRows: number;
  readonly mostRows: number;
  /** Of the file, so far. */
  readonly bytes: number;
  /** When it is done. */
  readonly stats: ExportStats | null;
  readonly privacy: PrivacyReport | null;
  /** When it failed: what to tell. */
  readonly failure: Refused<PullRefusal | ExportRefusal> | null;
}

/** `unknown-job`: never was, or was removed. `not-done`: its file is not there yet, or never will be. */
export type JobRefusal = "unknown-job" | "not-done" | "disk";

/** What each message is answered with, as the value of `ask`. */
export interface ExporterReplies {
  readonly "export.open": OpenedExport | Refused<ExportRefusal>;
  readonly "export.pull": ExportChunk | Refused<PullRefusal>;
  /** False when there was no such export, which is no error. */
  readonly "export.close": { readonly closed: boolean };
  readonly "export.start": { readonly ok: true; readonly job: ExportJob } | Refused<ExportRefusal>;
  readonly "export.job": { readonly ok: true; readonly job: ExportJob } | Refused<JobRefusal>;
  readonly "export.jobs": { readonly ok: true; readonly jobs: readonly ExportJob[] };
  readonly "export.read":
    | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer>; readonly fileBytes: number }
    | Refused<JobRefusal>;
  readonly "export.cancel": { readonly ok: true; readonly job: ExportJob } | Refused<JobRefusal>;
}

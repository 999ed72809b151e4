/**
 * What the exporter is asked, and what it answers. An export is opened, pulled chunk by chunk, and closed: who pulls slowly
 * holds up nothing but its own export.
 *
 *     export.open  → id, or why not
 *     export.pull  → bytes; `done` with the last of them, after which the export is closed by itself
 *     export.close → when it is not wanted to its end
 *
 * An export is a snapshot: the rows that were stored when it was opened, and none that came later.
 */

import type { Refused } from "../refused.ts";

export const EXPORT_FORMATS = ["csv", "parquet"] as const;
export type ExportFormatName = (typeof EXPORT_FORMATS)[number];

/** Exports that may be open at once. */
export const MAX_EXPORTS = 8;
/** An export that nobody has pulled for this long is closed. */
export const EXPORT_IDLE_MS = 60_000;
/** Bytes of one chunk at the most. */
export const MAX_CHUNK_BYTES = 2 ** 20;

export interface OpenExport {
  readonly kind: "export.open";
  readonly dataset: string;
  /** One of EXPORT_FORMATS; any other is refused. */
  readonly format: string;
  /** Event times in milliseconds since the epoch: from inclusive, to exclusive. ±Infinity: no bound. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PullExport {
  readonly kind: "export.pull";
  readonly id: number;
}

export interface CloseExport {
  readonly kind: "export.close";
  readonly id: number;
}

export type ExporterMessage = OpenExport | PullExport | CloseExport;

/** Why an export was not opened. `too-many` may be tried again later; the others are the asker's to mend. */
export type ExportRefusal = "unknown-dataset" | "unknown-format" | "bad-range" | "too-many";

export interface OpenedExport {
  readonly ok: true;
  /** Names the export in `export.pull` and `export.close`. Never given twice while the process runs. */
  readonly id: number;
  /** For a Content-Disposition header: letters, digits, `-`, `_` and `.` only. */
  readonly fileName: string;
  readonly contentType: string;
}

export interface ExportChunk {
  readonly ok: true;
  /** At most MAX_CHUNK_BYTES; may be empty when a step found no row, which is no end. The receiver's own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Nothing comes after these bytes, and the export is closed. */
  readonly done: boolean;
}

/**
 * `unknown-export`: closed, finished, expired, or lost with a crash of the exporter. `damaged`: the log cannot be read on;
 * what was sent so far is no whole file, and the export is closed.
 */
export type PullRefusal = "unknown-export" | "damaged";

/** What each message is answered with, as the value of `ask`. */
export interface ExporterReplies {
  readonly "export.open": OpenedExport | Refused<ExportRefusal>;
  readonly "export.pull": ExportChunk | Refused<PullRefusal>;
  /** False when there was no such export, which is no error. */
  readonly "export.close": { readonly closed: boolean };
}

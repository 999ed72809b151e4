/** An export into a file of the asker's, in the asker's process: the run, step by step, between a macrotask and the next. */

import { setImmediate } from "node:timers/promises";
import { type Refused, refuse } from "../refused.ts";
import { unreadable } from "../store/unreadable.ts";
import { type PrivacyReport, renderPrivacyPage } from "./anonymous/index.ts";
import { type Companion, ExportFile, type FileDisk, type FileRefusal } from "./export-file.ts";
import type { ExportRun } from "./export-run.ts";
import type { ExportStats, OrderRefusal } from "./order.ts";

export interface ExportProgress {
  /** Rows that were looked at so far, of at most `mostRows`. */
  readonly seenRows: number;
  readonly mostRows: number;
  /** Of the file, so far. */
  readonly bytes: number;
}

export interface ToFileOptions {
  /** Replaces a file that is there. Default false. */
  readonly force?: boolean;
  /** Called after each step: some hundred times a second at the most. */
  readonly onProgress?: (progress: ExportProgress) => void;
  /** Ends the export between two steps; nothing of it is left. */
  readonly signal?: AbortSignal;
  readonly disk?: FileDisk;
}

export type ToFileRefusal = FileRefusal | OrderRefusal | "damaged" | "cancelled";

export interface ExportedFile {
  readonly ok: true;
  readonly path: string;
  readonly stats: ExportStats;
  /** Of the anonymous profile; also beside the file, as `.privacy.json` and `.privacy.html`. */
  readonly privacy?: PrivacyReport;
}

/** Bytes of one step: written in one go, so more than a chunk that is sent. */
const FILE_STEP_BYTES = 2 ** 23;

/**
 * Makes the file at `path`, mode 0600, and closes the run, whatever comes of it. Until all of it is on the disk no file has
 * that name, or the one that had it has it still.
 */
export async function exportToFile(
  run: ExportRun,
  path: string,
  options: ToFileOptions = {},
): Promise<ExportedFile | Refused<ToFileRefusal>> {
  const { force = false, disk } = options;
  try {
    const begun = ExportFile.begin(path, { force, ...(disk === undefined ? {} : { disk }) });
    if (!begun.ok) return begun;
    try {
      return (await fill(run, begun.file, options)) ?? exported(run, path);
    } catch (error) {
      return unreadable(error);
    } finally {
      begun.file.abandon();
    }
  } finally {
    run.close();
  }
}

/** The privacy report of an anonymous export, as it stands beside its file. */
export function companionsOf({ privacy }: Pick<ExportRun, "privacy">): readonly Companion[] {
  if (privacy === undefined) return [];
  return [
    { suffix: ".privacy.json", text: `${JSON.stringify(privacy, undefined, 2)}\n` },
    { suffix: ".privacy.html", text: renderPrivacyPage(privacy) },
  ];
}

/** @returns why it cannot be; undefined when the file is there */
async function fill(
  run: ExportRun,
  file: ExportFile,
  { onProgress, signal }: ToFileOptions,
): Promise<Refused<ToFileRefusal> | undefined> {
  for (let isReady = false; !run.isEnded; await setImmediate()) {
    if (signal?.aborted === true) {
      return refuse("cancelled", "the export was cancelled; nothing of it is left");
    }
    if (isReady) {
      await run.step(FILE_STEP_BYTES);
      const fault = file.write(run.bytes.takeAll());
      if (fault !== undefined) return fault;
    } else {
      const prepared = await run.prepare();
      if (typeof prepared !== "string") return prepared;
      isReady = prepared === "ready";
    }
    onProgress?.({ seenRows: run.seenRows, mostRows: run.mostRows, bytes: run.madeBytes });
  }
  return file.finish(companionsOf(run));
}

function exported(run: ExportRun, path: string): ExportedFile {
  const { privacy } = run;
  return { ok: true, path, stats: run.stats(), ...(privacy === undefined ? {} : { privacy }) };
}

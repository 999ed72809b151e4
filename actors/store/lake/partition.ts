/**
 * Where a file of the lake lies, in the layout that Hive began and that DuckDB, pandas and Spark read as columns:
 *
 *     <dataset>/date=YYYY-MM-DD/hour=HH/<end sequence, 16 digits>.parquet       UTC
 *     <dataset>/date=YYYY-MM-DD/hour=HH/<end sequence, 16 digits>-2.parquet     files of the hour, put together a second time
 *
 * The end sequence is the number after the file's last row. No two files of a dataset have it in common, but for one that took
 * others in and ends with the last of them: that one counts how often.
 */

import { parseMoment } from "../../../datasets/moment-text.ts";
import { HOUR_MS } from "./manifest.ts";

/** What tells a file of a dataset from the others. */
export interface FileName {
  /** The hour, ms since the epoch. */
  readonly hourMs: number;
  readonly endSequence: number;
  /** How often files were put together to make it; 0 for one that was written from the log. */
  readonly generation: number;
}

const PATH = /^[a-z0-9_]+\/date=(\d{4}-\d\d-\d\d)\/hour=(\d\d)\/(\d{16})(?:-(\d+))?\.parquet$/;

/** The hour that a moment is of, ms since the epoch. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

/** The folder of an hour, under the lake's. */
export function hourFolder(dataset: string, hourMs: number): string {
  const text = new Date(hourMs).toISOString();
  return `${dataset}/date=${text.slice(0, 10)}/hour=${text.slice(11, 13)}`;
}

/** A file's path under the lake's folder. */
export function lakePath(dataset: string, { hourMs, endSequence, generation }: FileName): string {
  const again = generation === 0 ? "" : `-${generation}`;
  return `${hourFolder(dataset, hourMs)}/${String(endSequence).padStart(16, "0")}${again}.parquet`;
}

/** What a path says; undefined when it is no path of the lake. */
export function parseLakePath(path: string): FileName | undefined {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const [, date, hour, end, generation = "0"] = match;
  const hourMs = parseMoment(`${date}T${hour}:00:00Z`);
  if (Number.isNaN(hourMs)) return undefined;
  return { hourMs, endSequence: Number(end), generation: Number(generation) };
}

/**
 * What the lake holds, in one file that is replaced whole: `data/lake/manifest.json`.
 *
 *     data/lake/<dataset>/date=YYYY-MM-DD/hour=HH/<end sequence, 16 digits>.parquet      see partition.ts
 *
 * The manifest alone decides which files count. A file that it does not list is left over from a crash: the keeper removes it.
 * In the same step as it lists new files it says which rows of the log they hold, so that a row is read from the one or
 * from the other and never from both:
 *
 *     a row of the log is in the lake (or its time there is over) when
 *       its sequence number is below `before`, or
 *       its event time is before `hourMs` and its sequence number is below `hourBefore`
 *
 * What they cover only ever grows. `before` lets whole segments go; the other lets an hour be written as soon as it is over, while
 * the segment that ends with it begins the next.
 */

/** One Parquet file of one hour of one dataset. */
export interface LakeFile {
  /** Under the lake's folder, with `/`. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Event times of its first and last row in time, ms. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** The hour that all its rows are of, ms since the epoch. */
  readonly hourMs: number;
}

/** Which rows of the log are in the lake; see above. */
export interface Compacted {
  readonly before: number;
  readonly hourMs: number;
  readonly hourBefore: number;
}

export interface LakeDataset {
  readonly compacted: Compacted;
  /** By hour, then in the order they were written. */
  readonly files: readonly LakeFile[];
  /** Rows whose time was over, since the first. */
  readonly expired: number;
  /** Rows that were left out when their hour was written, because only the leading groups of a window are kept. */
  readonly thinned: number;
  /** Rows that the log said it has and that could not be read when their time to be compacted had come. Default 0. */
  readonly lost?: number;
}

export interface Manifest {
  readonly format: "millrace-lake";
  readonly version: 1;
  /** Grows with every change. */
  readonly revision: number;
  readonly datasets: Readonly<Record<string, LakeDataset>>;
}

export const HOUR_MS = 3_600_000;
export const NOTHING_COMPACTED: Compacted = { before: 0, hourMs: 0, hourBefore: 0 };
export const NOTHING_IN_LAKE: LakeDataset = {
  compacted: NOTHING_COMPACTED,
  files: [],
  expired: 0,
  thinned: 0,
};

/** Whether a row of the log is in the lake, or was. */
export function isCompacted({ before, hourMs, hourBefore }: Compacted, timeMs: number, sequence: number) {
  return sequence < before || (timeMs < hourMs && sequence < hourBefore);
}

/** Where a data folder keeps its lake. */
export function lakeFolder(dataFolder: string): string {
  return `${dataFolder}/lake`;
}

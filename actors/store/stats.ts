/**
 * What the store holds, by dataset: rows, bytes, and how fast it grows. From the manifest and from what the headers of the
 * log's frames say; only a frame that the lake has in part is read, for its rows' times.
 *
 * What is damaged is passed over: its rows are not counted. Whether anything is, `verifyStore` tells.
 */

import { statSync } from "node:fs";
import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import { HOUR_MS, type LakeDataset, lakeFolder, type Manifest, NOTHING_IN_LAKE } from "./lake/manifest.ts";
import { MANIFEST_NAME } from "./lake/manifest-file.ts";
import { segmentName } from "./log/log-format.ts";
import { listSegments, openSegment } from "./log/log-reader.ts";
import { type LogRows, noRows, tallySegment } from "./log-tally.ts";
import type { StoreSource } from "./store-source.ts";

const MINUTES_PER_HOUR = 60;

export interface DatasetStats {
  readonly dataset: string;
  /** Rows that can be read: in the lake, and in the log and not in the lake. */
  readonly rows: number;
  readonly lakeRows: number;
  readonly logRows: number;
  /** Bytes of its files in the lake. */
  readonly lakeBytes: number;
  readonly lakeFiles: number;
  /** Bytes of its frames in the log. */
  readonly logBytes: number;
  /** Event times of the first and the last row, ms; null when there is none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Bytes in the lake by minute of the hours that they are of; null when it has none. */
  readonly bytesPerMinute: number | null;
  readonly expired: number;
  readonly thinned: number;
}

export interface StoreStats {
  readonly datasets: readonly DatasetStats[];
  /** Bytes of all files of the store. */
  readonly totalBytes: number;
  /** Of all datasets together, for those hours. */
  readonly bytesPerMinute: number | null;
  readonly segments: number;
}

export function readStats(
  source: StoreSource,
  manifest: Manifest,
  datasets: readonly Dataset[] = allDatasets,
): StoreStats {
  const steps = stepStats(source, manifest, datasets);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * As `readStats`, step by step. Datasets that this program does not know, but the store does, come last.
 * @throws the file system's error when the log cannot be read
 */
export function* stepStats(
  source: StoreSource,
  manifest: Manifest,
  datasets: readonly Dataset[] = allDatasets,
): Generator<undefined, StoreStats, void> {
  const log = new Map<string, LogRows>();
  let logBytes = 0;
  const segments = listSegments(source.dataFolder);
  for (const number of segments) {
    const reader = openSegment(source, number);
    if (reader === undefined) continue;
    try {
      yield* tallySegment(reader, segmentName(number), source, manifest, datasets, log);
      logBytes += reader.end().fileBytes;
    } finally {
      reader.close();
    }
  }
  const names = new Set([
    ...datasets.map(({ name }) => name),
    ...Object.keys(manifest.datasets),
    ...log.keys(),
  ]);
  const all = [...names].map((name) => ({ name, lake: manifest.datasets[name] ?? NOTHING_IN_LAKE }));
  const lakes = all.map(({ lake }) => lake);
  return {
    datasets: all.map(({ name, lake }) => statsOf(name, lake, log.get(name) ?? noRows())),
    totalBytes: logBytes + lakes.reduce((bytes, lake) => bytes + bytesOf(lake), 0) + manifestBytes(source),
    bytesPerMinute: perMinute(lakes),
    segments: segments.length,
  };
}

function statsOf(dataset: string, lake: LakeDataset, log: LogRows): DatasetStats {
  const lakeRows = lake.files.reduce((rows, file) => rows + file.rows, 0);
  const rows = lakeRows + log.rows;
  const firstMs = lake.files.reduce((first, { minTimeMs }) => Math.min(first, minTimeMs), log.firstMs);
  const lastMs = lake.files.reduce((last, { maxTimeMs }) => Math.max(last, maxTimeMs), log.lastMs);
  return {
    dataset,
    rows,
    lakeRows,
    logRows: log.rows,
    lakeBytes: bytesOf(lake),
    lakeFiles: lake.files.length,
    logBytes: log.bytes,
    firstMs: rows === 0 ? null : firstMs,
    lastMs: rows === 0 ? null : lastMs,
    bytesPerMinute: perMinute([lake]),
    expired: lake.expired,
    thinned: lake.thinned,
  };
}

/** Bytes of these lakes together by minute of the hours that any of them has. */
function perMinute(lakes: readonly LakeDataset[]): number | null {
  const hours = new Set(lakes.flatMap(({ files }) => files.map(({ hourMs }) => hourMs / HOUR_MS)));
  const bytes = lakes.reduce((sum, lake) => sum + bytesOf(lake), 0);
  return hours.size === 0 ? null : bytes / (hours.size * MINUTES_PER_HOUR);
}

function bytesOf({ files }: LakeDataset): number {
  return files.reduce((bytes, file) => bytes + file.bytes, 0);
}

function manifestBytes({ dataFolder }: StoreSource): number {
  const path = `${lakeFolder(dataFolder)}/${MANIFEST_NAME}`;
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * The store as one: rows of a dataset and time range, from the lake and then from what the lake does not have yet. Which row is
 * read from where is decided by the manifest alone (lake/manifest.ts), so each comes once, whatever is compacted meanwhile.
 *
 * Files of the lake come by hour, then in the order of the manifest; rows of the log as they were stored. Nothing is opened
 * before it is asked for, one file at a time, and nothing is held when the parts have ended or were returned.
 *
 * Who reads while the keeper works holds the store before reading the manifest, and only then asks for the end of the snapshot:
 * rows that are compacted before the manifest is read are below that end, and so is every row of the lake.
 */

import type { Dataset } from "../../datasets/define.ts";
import { chooseColumns } from "../../datasets/shape.ts";
import {
  type LakeDataset,
  type LakeFile,
  lakeFolder,
  type Manifest,
  NOTHING_IN_LAKE,
} from "./lake/manifest.ts";
import { stepLog } from "./log/log-reader.ts";
import { openParquet } from "./parquet/open-parquet.ts";
import type { ParquetFile } from "./parquet/parquet-file.ts";
import { rowRuns } from "./row-runs.ts";
import { StoreDamaged } from "./store-damaged.ts";
import type { StoreSource } from "./store-source.ts";
import type { StoredGroup, StoredPart, StoredRows, StoreRange } from "./stored-rows.ts";

export interface OpenStore {
  /** No more rows than this are wanted; how many it is known when all are read. Costs nothing. */
  readonly mostRows: number;
  /**
   * The parts, each there until the next is asked for; undefined now and then.
   * @throws StoreDamaged (also LogDamaged, which is one) for what cannot be read; the file system's error
   */
  readonly parts: Generator<StoredPart, void, void>;
}

/** Rows of `dataset` within `range`, as `manifest` divides them between lake and log. */
export function openStore(
  source: StoreSource,
  manifest: Manifest,
  dataset: Dataset,
  range: StoreRange,
): OpenStore {
  const lake = manifest.datasets[dataset.name] ?? NOTHING_IN_LAKE;
  const files = lake.files.filter(
    ({ minTimeMs, maxTimeMs }) => maxTimeMs >= range.fromMs && minTimeMs < range.toMs,
  );
  return {
    mostRows: files.reduce((rows, file) => rows + file.rows, 0) + mostLogRows(lake, range),
    parts: readParts(source, files, lake, dataset, range),
  };
}

function* readParts(
  source: StoreSource,
  files: readonly LakeFile[],
  lake: LakeDataset,
  dataset: Dataset,
  range: StoreRange,
): Generator<StoredPart, void, void> {
  if (!(range.fromMs < range.toMs)) return;
  for (const file of files) yield* readFile(source, file, dataset, range);
  yield* readLogRows(source, lake, dataset, range);
}

function* readFile(
  source: StoreSource,
  listed: LakeFile,
  dataset: Dataset,
  range: StoreRange,
): Generator<StoredGroup, void, void> {
  const { path, rows, bytes } = listed;
  const wanted = range.columns ?? dataset.publicColumns.map(({ name }) => name);
  const whole = chooseColumns(dataset, wanted);
  // The time of every row is looked at only where a row group is wanted in part.
  const inPart = wanted.includes(dataset.time) ? whole : chooseColumns(dataset, [...wanted, dataset.time]);
  const file = openLakeFile(source, path);
  try {
    if (file.rows !== rows || file.bytes !== bytes) {
      throw new StoreDamaged(
        `lake file ${path} has ${file.rows} rows in ${file.bytes} bytes; the manifest says ${rows} in ${bytes}`,
      );
    }
    for (const [group, { rows }] of file.groups.entries()) {
      const { minMs, maxMs } = file.times?.(dataset, group) ?? {
        minMs: listed.minTimeMs,
        maxMs: listed.maxTimeMs,
      };
      if (maxMs < range.fromMs || minMs >= range.toMs) continue;
      const isWhole = minMs >= range.fromMs && maxMs < range.toMs;
      const read = (): StoredRows | undefined => {
        const batch = file.readGroup(isWhole ? whole : inPart, group);
        const { fromMs, toMs } = range;
        const runs = isWhole
          ? [{ from: 0, to: rows }]
          : rowRuns(dataset, batch, { fromMs, toMs, endSequence: Number.POSITIVE_INFINITY });
        return runs.length === 0 ? undefined : { kind: "rows", batch, runs };
      };
      yield { kind: "group", file, group, rows, isWhole, read };
    }
  } finally {
    file.close();
  }
}

function* readLogRows(
  source: StoreSource,
  { compacted }: LakeDataset,
  dataset: Dataset,
  { fromMs, toMs, endSequence, storedRows, columns }: StoreRange,
): Generator<StoredRows | undefined, void, void> {
  const batches = stepLog(source, dataset, {
    fromMs,
    toMs,
    toSequence: endSequence,
    storedRows,
    compacted,
    ...(columns === undefined ? {} : { columns }),
  });
  const bounds = { fromMs, toMs, endSequence, compacted };
  for (const batch of batches) {
    if (batch === undefined) {
      yield undefined;
      continue;
    }
    const runs = rowRuns(dataset, batch, bounds);
    yield runs.length === 0 ? undefined : { kind: "rows", batch, runs };
  }
}

/** Opens a file that the manifest lists. @throws StoreDamaged when there is none, or it is none */
export function openLakeFile(source: StoreSource, path: string): ParquetFile {
  try {
    return (source.openParquet ?? openParquet)(`${lakeFolder(source.dataFolder)}/${path}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new StoreDamaged(
      `lake file ${path} is missing; bring it back from a copy, or ask for a time without its hour`,
    );
  }
}

/** Sequence numbers of the snapshot that a row of the log which is not in the lake can have. */
function mostLogRows({ compacted }: LakeDataset, { toMs, endSequence }: StoreRange): number {
  const { before, hourMs, hourBefore } = compacted;
  const from = toMs <= hourMs ? Math.max(before, hourBefore) : before;
  return Math.max(0, endSequence - from);
}

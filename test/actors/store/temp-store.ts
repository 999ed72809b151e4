/**
 * A store in a folder of its own, and beside it a plain list of every row that it was given: where each is, and what it says.
 * Compaction is done here in the plainest way, with files written as the keeper writes them.
 */

import { ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { withDataset } from "../../../actors/store/lake/change-manifest.ts";
import { hostLakeDisk } from "../../../actors/store/lake/lake-disk.ts";
import {
  type Compacted,
  isCompacted,
  type LakeFile,
  lakeFolder,
  type Manifest,
  NOTHING_IN_LAKE,
} from "../../../actors/store/lake/manifest.ts";
import { readManifest, writeManifest } from "../../../actors/store/lake/manifest-file.ts";
import { hourOf, lakePath } from "../../../actors/store/lake/partition.ts";
import type { LogDisk } from "../../../actors/store/log/log-disk.ts";
import { segmentName, segmentNumbers } from "../../../actors/store/log/log-format.ts";
import { readLog } from "../../../actors/store/log/log-reader.ts";
import type { LogWriter, LogWriterOptions } from "../../../actors/store/log/log-writer.ts";
import { lakeOptions, ParquetWriter } from "../../../actors/store/parquet/parquet-writer.ts";
import { openStore } from "../../../actors/store/store-reader.ts";
import type { StoreSource } from "../../../actors/store/store-source.ts";
import type { StoredPart, StoreRange } from "../../../actors/store/stored-rows.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { concatBytes } from "../../../runtime/batch/index.ts";
import { type PlainRow, readRows } from "./log/rows.ts";
import { TempLog } from "./log/temp-log.ts";

/** Does not wait for the disk. */
export const hastyDisk: LogDisk = { openSync, writeSync, ftruncateSync, fdatasyncSync: () => {} };
const hastyLakeDisk = { ...hostLakeDisk, fsyncSync: () => {}, syncFolder: () => {} };

export interface ModelRow {
  readonly sequence: number;
  readonly timeMs: number;
  readonly row: PlainRow;
  /** The file that it is in; undefined: it is in the log. */
  file: LakeFile | undefined;
}

export const EVERYTHING: StoreRange = {
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
  endSequence: Number.POSITIVE_INFINITY,
  storedRows: 0,
};

export class TempStore {
  readonly at: TempLog;
  readonly source: StoreSource;
  readonly log: LogWriter;
  readonly rows = new Map<string, ModelRow[]>();

  constructor(datasets: readonly Dataset[], seed = 1, options: Partial<LogWriterOptions> = {}) {
    this.at = new TempLog(seed);
    this.source = this.at.source;
    this.log = this.at.open(datasets, { disk: hastyDisk, ...options });
    for (const { name } of datasets) this.rows.set(name, []);
  }

  get manifest(): Manifest {
    return readManifest(this.at.dataFolder);
  }

  rowsOf(dataset: Dataset): ModelRow[] {
    return this.rows.get(dataset.name)!;
  }

  /** Stores one batch with rows of these times. */
  append(dataset: Dataset, times: readonly number[]): void {
    const first = this.log.nextSequence(dataset.name);
    const batch = this.at.batch(dataset, times.length, first, (row) => times[row]!);
    if (!this.log.append(dataset.name, batch)) throw new Error("the staging area is full");
    this.log.sync();
    readRows(batch).forEach((row, index) => {
      this.rowsOf(dataset).push({ sequence: first + index, timeMs: times[index]!, row, file: undefined });
    });
  }

  /** Leaves out numbers, as of rows that were dropped on their way. */
  skip(dataset: Dataset, count: number): void {
    const nextSequence = this.log.nextSequence(dataset.name) + count;
    this.log.appendCounts({ [dataset.name]: { rejected: {}, dropped: { poison: count }, nextSequence } });
    this.log.sync();
  }

  /** Moves the rows that are compacted now, and were not before, to files of their hours. */
  compact(dataset: Dataset, compacted: Compacted): void {
    const due = this.rowsOf(dataset).filter(
      ({ file, timeMs, sequence }) => file === undefined && isCompacted(compacted, timeMs, sequence),
    );
    const files = [...Map.groupBy(due, ({ timeMs }) => hourOf(timeMs))].map(([hourMs, rows]) => {
      const file = this.#writeFile(dataset, hourMs, rows);
      for (const row of rows) row.file = file;
      return file;
    });
    const before = this.manifest.datasets[dataset.name] ?? NOTHING_IN_LAKE;
    this.replace(withDataset(this.manifest, dataset.name, { compacted, files: [...before.files, ...files] }));
  }

  replace(manifest: Manifest): void {
    writeManifest(this.at.dataFolder, manifest, hastyLakeDisk);
  }

  /** Removes the oldest segments as long as all of their rows are compacted. @returns how many */
  dropSegments(datasets: readonly Dataset[]): number {
    let removed = 0;
    for (const number of segmentNumbers(this.at.names()).slice(0, -1)) {
      const next = segmentNumbers(this.at.names())[1]!;
      const isNeeded = datasets.some((dataset) =>
        this.rowsOf(dataset).some(
          (row) => row.file === undefined && row.sequence < this.#firstOf(next, dataset),
        ),
      );
      if (isNeeded) break;
      rmSync(this.at.path(segmentName(number)));
      removed++;
    }
    return removed;
  }

  /** Parts of the store, as rows. */
  read(dataset: Dataset, range: Partial<StoreRange> = {}): PlainRow[] {
    const { parts } = openStore(this.source, this.manifest, dataset, { ...EVERYTHING, ...range });
    const rows: PlainRow[] = [];
    for (const part of parts) rows.push(...rowsOf(dataset, part, range.columns));
    return rows;
  }

  /** The rows that are wanted, in the order that the store is to give them. */
  expect(dataset: Dataset, range: Partial<StoreRange> = {}): PlainRow[] {
    const { fromMs, toMs, endSequence, columns } = { columns: undefined, ...EVERYTHING, ...range };
    const files = this.manifest.datasets[dataset.name]?.files ?? [];
    const place = ({ file }: ModelRow) =>
      file === undefined ? files.length : files.findIndex(({ path }) => path === file.path);
    return this.rowsOf(dataset)
      .filter(({ timeMs, sequence }) => timeMs >= fromMs && timeMs < toMs && sequence < endSequence)
      .sort((one, other) => place(one) - place(other) || one.sequence - other.sequence)
      .map(({ row }) => (columns === undefined ? row : chosen(row, columns)));
  }

  lakePath(file: LakeFile): string {
    return join(lakeFolder(this.at.dataFolder), file.path);
  }

  remove(): void {
    this.log.close();
    this.at.remove();
  }

  /** The first row of a dataset in segment `number`, by the frames of the segments before it. */
  #firstOf(number: number, dataset: Dataset): number {
    const text = this.at.bytes(segmentName(number));
    const head = JSON.parse(text.subarray(48, 48 + text.readUInt32LE(4)).toString()) as {
      datasets: { name: string; nextSequence: number }[];
    };
    return head.datasets.find(({ name }) => name === dataset.name)?.nextSequence ?? 0;
  }

  #writeFile(dataset: Dataset, hourMs: number, rows: readonly ModelRow[]): LakeFile {
    const parts: Uint8Array[] = [];
    const writer = new ParquetWriter(dataset, (bytes) => parts.push(bytes.slice()), lakeOptions(dataset));
    const sequences = new Set(rows.map(({ sequence }) => sequence));
    for (const batch of readLog(this.source, dataset)) {
      for (let row = 0; row < batch.rows; row++) {
        if (sequences.has(batch.firstSequence + row)) writer.append(batch, { from: row, to: row + 1 });
      }
    }
    writer.end();
    const bytes = concatBytes(parts);
    const times = rows.map(({ timeMs }) => timeMs);
    const file: LakeFile = {
      path: lakePath(dataset.name, { hourMs, endSequence: rows.at(-1)!.sequence + 1, generation: 0 }),
      rows: rows.length,
      bytes: bytes.byteLength,
      minTimeMs: Math.min(...times),
      maxTimeMs: Math.max(...times),
      hourMs,
    };
    mkdirSync(dirname(this.lakePath(file)), { recursive: true });
    writeFileSync(this.lakePath(file), bytes);
    return file;
  }
}

/** Rows of a part: those of its runs, of the columns that were asked for. */
export function rowsOf(dataset: Dataset, part: StoredPart, columns?: readonly string[]): PlainRow[] {
  const rows = part?.kind === "group" ? part.read() : part;
  if (rows === undefined) return [];
  const all = readRows(
    rows.batch,
    columns?.map((name) => dataset.plan.public(name)),
  );
  return rows.runs.flatMap(({ from, to }) => all.slice(from, to));
}

function chosen(row: PlainRow, columns: readonly string[]): PlainRow {
  return Object.fromEntries(columns.map((name) => [name, row[name]!]));
}

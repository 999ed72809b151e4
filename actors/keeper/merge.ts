/**
 * Late rows make one more file for their hour each time. When an hour has many, they are put together into one, in the order
 * they were written, and the manifest has that one in place of the others in one step.
 */

import type { Dataset } from "../../datasets/define.ts";
import { lakeDataset, withDataset } from "../store/lake/change-manifest.ts";
import { HourFile } from "../store/lake/hour-file.ts";
import { type LakeFile, lakeFolder } from "../store/lake/manifest.ts";
import { readManifest, writeManifest } from "../store/lake/manifest-file.ts";
import { parseLakePath } from "../store/lake/partition.ts";
import { StoreDamaged } from "../store/store-damaged.ts";
import type { LakeTools, Steps } from "./compaction.ts";

/** An hour of as many files is put together. */
const MERGE_FILES = 8;

/** The hours of a dataset that have many files, each with its files. Pure. */
export function hoursToMerge(files: readonly LakeFile[]): readonly (readonly LakeFile[])[] {
  const byHour = new Map<number, LakeFile[]>();
  for (const file of files) {
    const hour = byHour.get(file.hourMs);
    if (hour === undefined) byHour.set(file.hourMs, [file]);
    else hour.push(file);
  }
  return [...byHour.values()].filter(({ length }) => length >= MERGE_FILES);
}

/**
 * Puts the files of one hour together.
 * @returns the new file
 * @throws StoreDamaged when one of them cannot be read: all stay as they are; and what the disk says
 */
export function* mergeHour(tools: LakeTools, dataset: Dataset, files: readonly LakeFile[]): Steps<LakeFile> {
  const { source, disk, codec } = tools;
  const { dataFolder } = source;
  const [first] = files;
  if (first === undefined) throw new RangeError("an hour without files cannot be put together");
  const mostRows = files.reduce((sum, { rows }) => sum + rows, 0);
  const merged = new HourFile({ dataFolder, disk, codec, shape: dataset, hourMs: first.hourMs, mostRows });
  try {
    for (const { path, rows } of files) yield* addFile(tools, dataset, merged, path, rows);
    const names = files.map(({ path }) => parseLakePath(path));
    const done = merged.finish({
      endSequence: Math.max(...names.map((name) => name?.endSequence ?? 0)),
      generation: 1 + Math.max(...names.map((name) => name?.generation ?? 0)),
    });
    if (done === undefined) throw new StoreDamaged(`${first.path} and its neighbours hold no rows`);
    const manifest = readManifest(dataFolder);
    const others = lakeDataset(manifest, dataset.name).files.filter(
      ({ path }) => !files.some((file) => file.path === path),
    );
    writeManifest(dataFolder, withDataset(manifest, dataset.name, { files: [...others, done] }), disk);
    return done;
  } finally {
    merged.abandon();
  }
}

function* addFile(
  { source, codec }: LakeTools,
  dataset: Dataset,
  merged: HourFile,
  path: string,
  rows: number,
): Steps<void> {
  const file = codec.open(`${lakeFolder(source.dataFolder)}/${path}`);
  try {
    if (file.rows !== rows) {
      throw new StoreDamaged(`lake file ${path} has ${file.rows} rows; the manifest says ${rows}`);
    }
    for (const group of file.groups.keys()) {
      const batch = file.readGroup(dataset, group);
      merged.add(batch, 0, batch.rows);
      yield;
    }
  } finally {
    file.close();
  }
}

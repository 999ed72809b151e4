/**
 * The manifest on the disk: `data/lake/manifest.json`, written beside, synced and renamed, so that it is the one or the other
 * whole, whatever happens.
 *
 * It is written anew every hour and lists every file there is, so a file is a short row of numbers in it: hour (since the
 * epoch), end sequence, generation, rows, bytes, first and last moment (ms within the hour). Its path follows (partition.ts).
 */

import { readFileSync, statSync } from "node:fs";
import { StoreDamaged } from "../store-damaged.ts";
import { hostLakeDisk, type LakeDisk, makeFolders, writeWhole } from "./lake-disk.ts";
import {
  HOUR_MS,
  type LakeDataset,
  type LakeFile,
  lakeFolder,
  type Manifest,
  NOTHING_COMPACTED,
} from "./manifest.ts";
import { lakePath, parseLakePath } from "./partition.ts";

export const MANIFEST_NAME = "manifest.json";
export const EMPTY_MANIFEST: Manifest = { format: "millrace-lake", version: 1, revision: 0, datasets: {} };

/** What `lake/manifest.json` looks like. */
interface Written {
  readonly format: string;
  readonly version: number;
  readonly revision: number;
  readonly datasets: Readonly<Record<string, WrittenDataset>>;
}

interface WrittenDataset {
  readonly before: number;
  readonly hourMs: number;
  readonly hourBefore: number;
  readonly expired: number;
  readonly thinned: number;
  readonly lost: number;
  readonly files: readonly (readonly number[])[];
}

const FILE_NUMBERS = 7;

interface Cached {
  readonly identity: string;
  readonly manifest: Manifest;
}

/** The manifest that was read last, by folder: every export and every query asks for it. */
const cache = new Map<string, Cached>();

/**
 * The manifest of a data folder; one of nothing when there is none.
 * @throws StoreDamaged when there is one that cannot be understood; the file system's error when it cannot be read
 */
export function readManifest(dataFolder: string): Manifest {
  const path = manifestPath(dataFolder);
  const identity = identityOf(path);
  if (identity === undefined) return EMPTY_MANIFEST;
  const known = cache.get(path);
  if (known?.identity === identity) return known.manifest;
  const manifest = parseManifest(readFileSync(path, "utf8"));
  // Only when it is the same file still: another may have taken its place between the two.
  if (identityOf(path) === identity) cache.set(path, { identity, manifest });
  return manifest;
}

/**
 * Replaces the manifest of a data folder. When it returns, the new one is on the disk; when it throws, either may be.
 * @throws what the disk says
 */
export function writeManifest(dataFolder: string, manifest: Manifest, disk: LakeDisk = hostLakeDisk): void {
  const folder = lakeFolder(dataFolder);
  makeFolders(disk, folder, dataFolder);
  const path = manifestPath(dataFolder);
  const beside = `${path}.part`;
  const fd = disk.create(beside);
  try {
    writeWhole(disk, fd, new TextEncoder().encode(manifestText(manifest)));
    disk.fsyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
  disk.renameSync(beside, path);
  disk.syncFolder(folder);
}

/** @throws StoreDamaged for what is no manifest */
export function parseManifest(text: string): Manifest {
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    throw damaged("it is no JSON");
  }
  if (!isObject(written) || written["format"] !== EMPTY_MANIFEST.format) throw damaged("it is no such file");
  if (written["version"] !== EMPTY_MANIFEST.version) {
    throw damaged(`its version is ${JSON.stringify(written["version"])}, and this program knows 1`);
  }
  const { revision, datasets } = written;
  if (!isCount(revision) || !isObject(datasets)) throw damaged("it lacks its revision or its datasets");
  return {
    ...EMPTY_MANIFEST,
    revision,
    datasets: Object.fromEntries(Object.entries(datasets).map(([name, of]) => [name, readDataset(name, of)])),
  };
}

/** What is written for it. */
function manifestText({ format, version, revision, datasets }: Manifest): string {
  const written: Written = {
    format,
    version,
    revision,
    datasets: Object.fromEntries(
      Object.entries(datasets).map(([name, { compacted, files, expired, thinned, lost = 0 }]) => [
        name,
        { ...compacted, expired, thinned, lost, files: files.map(writtenFile) },
      ]),
    ),
  };
  return JSON.stringify(written);
}

function manifestPath(dataFolder: string): string {
  return `${lakeFolder(dataFolder)}/${MANIFEST_NAME}`;
}

/** What a file that takes another's place does not have in common with it; undefined when there is none. */
function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
}

function writtenFile({ path, rows, bytes, minTimeMs, maxTimeMs, hourMs }: LakeFile): readonly number[] {
  const name = parseLakePath(path);
  if (name === undefined) throw new RangeError(`${path} is no path of the lake`);
  const { endSequence, generation } = name;
  return [hourMs / HOUR_MS, endSequence, generation, rows, bytes, minTimeMs - hourMs, maxTimeMs - hourMs];
}

function readDataset(name: string, of: unknown): LakeDataset {
  if (!isObject(of)) throw damaged(`what it says of ${name} is no object`);
  const { before, hourMs, hourBefore, expired, thinned, lost, files } = of;
  const counts = [before, hourBefore, expired, thinned, lost];
  if (!counts.every(isCount) || !Number.isSafeInteger(hourMs) || !Array.isArray(files)) {
    throw damaged(`what it says of ${name} is not whole`);
  }
  return {
    compacted: {
      ...NOTHING_COMPACTED,
      before: before as number,
      hourMs: hourMs as number,
      hourBefore: hourBefore as number,
    },
    files: files.map((file) => readFile(name, file)),
    expired: expired as number,
    thinned: thinned as number,
    lost: lost as number,
  };
}

function readFile(dataset: string, file: unknown): LakeFile {
  const isRow =
    Array.isArray(file) && file.length === FILE_NUMBERS && file.every((of) => Number.isSafeInteger(of));
  if (!isRow) throw damaged(`a file of ${dataset} is not described by ${FILE_NUMBERS} whole numbers`);
  const [hour, endSequence, generation, rows, bytes, minMs, maxMs] = file as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const hourMs = hour * HOUR_MS;
  const isRight =
    [endSequence, generation, rows, bytes].every(isCount) &&
    isCount(minMs) &&
    minMs <= maxMs &&
    maxMs < HOUR_MS &&
    Number.isFinite(new Date(hourMs).getTime());
  if (!isRight) throw damaged(`a file of ${dataset} is described by numbers that cannot be`);
  return {
    path: lakePath(dataset, { hourMs, endSequence, generation }),
    rows,
    bytes,
    minTimeMs: hourMs + minMs,
    maxTimeMs: hourMs + maxMs,
    hourMs,
  };
}

function damaged(what: string): StoreDamaged {
  return new StoreDamaged(
    `the lake's ${MANIFEST_NAME} cannot be used: ${what}; bring it back from a copy, or move the lake away to go on without it`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

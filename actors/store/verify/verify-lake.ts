/**
 * Reads the whole lake: the manifest, every file that it lists, by footer and row group, and what lies beside them. A row
 * group is decoded with every column, which is where its checksums are compared.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import type { Dataset } from "../../../datasets/define.ts";
import { chooseColumns } from "../../../datasets/shape.ts";
import { type LakeFile, lakeFolder, type Manifest } from "../lake/manifest.ts";
import { EMPTY_MANIFEST, MANIFEST_NAME, parseManifest } from "../lake/manifest-file.ts";
import type { ParquetFile } from "../parquet/parquet-file.ts";
import { StoreDamaged } from "../store-damaged.ts";
import { openLakeFile } from "../store-reader.ts";
import type { StoreSource } from "../store-source.ts";
import { timeSpan } from "./check-batch.ts";
import { BRING_BACK, type Findings } from "./findings.ts";
import type { Step } from "./verify-log.ts";

/** Folders below the lake's: dataset, date, hour. */
const DEPTH = 4;

/** The manifest as it lies on the disk; undefined when it cannot be used, which is then among the findings. */
export function verifyManifest(source: StoreSource, findings: Findings): Manifest | undefined {
  const where = `lake/${MANIFEST_NAME}`;
  try {
    return parseManifest(readFileSync(`${lakeFolder(source.dataFolder)}/${MANIFEST_NAME}`, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return EMPTY_MANIFEST;
    findings.problem(where, reasonOf(error), `${BRING_BACK}, or move the lake away to go on without it`);
    return undefined;
  }
}

export function* verifyLake(
  source: StoreSource,
  manifest: Manifest,
  datasets: readonly Dataset[],
  findings: Findings,
): Generator<Step, { readonly files: number }, void> {
  const listed = new Set<string>();
  for (const [name, { files }] of Object.entries(manifest.datasets)) {
    const dataset = datasets.find((known) => known.name === name);
    if (dataset === undefined && files.length > 0) {
      findings.note(
        `lake/${name}`,
        "is of no dataset that this program knows: the rows in it are not decoded",
      );
    }
    for (const file of files) {
      const where = `lake/${file.path}`;
      if (listed.has(file.path))
        findings.problem(`lake/${MANIFEST_NAME}`, `lists ${file.path} twice`, BRING_BACK);
      listed.add(file.path);
      yield* verifyFile(source, file, dataset, where, findings);
    }
  }
  noteLeftOvers(source, listed, findings);
  return { files: listed.size };
}

function* verifyFile(
  source: StoreSource,
  file: LakeFile,
  dataset: Dataset | undefined,
  where: string,
  findings: Findings,
): Generator<Step, void, void> {
  const remedy = `${BRING_BACK}, or go on without the ${file.rows} rows in it`;
  const path = `${lakeFolder(source.dataFolder)}/${file.path}`;
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === undefined) {
    findings.problem(where, "is missing, and the manifest lists it", remedy);
    return;
  }
  if (bytes !== file.bytes) {
    findings.problem(where, `has ${bytes} bytes, and ${file.bytes} by the manifest`, remedy);
  }
  let opened: ParquetFile | undefined;
  let at = where;
  try {
    opened = openLakeFile(source, file.path);
    if (opened.rows !== file.rows) {
      findings.problem(where, `has ${opened.rows} rows, and ${file.rows} by the manifest`, remedy);
    }
    // A file of an earlier declaration is checked by its checksums; of its columns only the time is decoded.
    const shape = dataset && (opened.holds(dataset) ? dataset : chooseColumns(dataset, [dataset.time]));
    let [minMs, maxMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [group, { bytes: groupBytes, rows }] of opened.groups.entries()) {
      at = `${where}, row group ${group}`;
      if (shape !== dataset || dataset === undefined) opened.checkGroup?.(group);
      if (shape !== undefined) {
        const batch = opened.readGroup(shape, group);
        if (batch.rows !== rows)
          findings.problem(at, `has ${batch.rows} rows, and ${rows} by its footer`, remedy);
        const span = timeSpan(batch, shape.plan.public(shape.time));
        minMs = Math.min(minMs, span.minMs);
        maxMs = Math.max(maxMs, span.maxMs);
      }
      yield { bytes: groupBytes, where };
    }
    // The manifest is known to have them within the hour.
    if (dataset !== undefined && (minMs !== file.minTimeMs || maxMs !== file.maxTimeMs)) {
      const said = `${file.minTimeMs} to ${file.maxTimeMs} by the manifest`;
      findings.problem(where, `has times from ${minMs} to ${maxMs} (ms), and ${said}`, remedy);
    }
  } catch (error) {
    findings.problem(at, reasonOf(error), remedy);
  } finally {
    opened?.close();
  }
}

/** Files that a crash left, or somebody put there. */
function noteLeftOvers(source: StoreSource, listed: ReadonlySet<string>, findings: Findings): void {
  const lake = lakeFolder(source.dataFolder);
  const walk = (folder: string, depth: number): void => {
    for (const entry of entriesOf(`${lake}/${folder}`)) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && depth < DEPTH) walk(path, depth + 1);
      else if (!listed.has(path) && path !== MANIFEST_NAME) {
        findings.note(`lake/${path}`, "is not in the manifest: left over, and no row of it counts");
      }
    }
  };
  walk("", 1);
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Why something cannot be read. The file system's own words name paths of this machine: only its code is told. */
function reasonOf(error: unknown): string {
  if (error instanceof StoreDamaged) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === "string") return `cannot be read: ${code}`;
  throw error;
}

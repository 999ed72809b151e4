/**
 * Whether the store is what it should be: every frame of the log, every file of the lake, and that each row that was ever
 * stored is in exactly one of them, or was let go. For a store that nobody writes meanwhile: whoever calls holds the folder's
 * lock. Memory does not grow with the store.
 */

import { readdirSync, statSync } from "node:fs";
import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import { type Manifest, NOTHING_IN_LAKE } from "./lake/manifest.ts";
import { EMPTY_MANIFEST, MANIFEST_NAME } from "./lake/manifest-file.ts";
import { logFolder, segmentName } from "./log/log-format.ts";
import { listSegments } from "./log/log-reader.ts";
import type { StoreSource } from "./store-source.ts";
import { Findings, type StoreNote, type StoreProblem } from "./verify/findings.ts";
import { verifyLake, verifyManifest } from "./verify/verify-lake.ts";
import { type LogVerified, type Step, verifyLog } from "./verify/verify-log.ts";

export type { StoreNote, StoreProblem } from "./verify/findings.ts";

export interface VerifyReport {
  /** Whether there is no problem. */
  readonly ok: boolean;
  readonly segments: number;
  readonly frames: number;
  readonly files: number;
  /** Rows that the store has, by what could be read of the log and by the manifest. */
  readonly rows: number;
  readonly problems: readonly StoreProblem[];
  readonly notes: readonly StoreNote[];
}

export interface VerifyProgress {
  /** Bytes that were read, and those that there are. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** The file that is read. */
  readonly where: string;
}

/**
 * Reads all of the store. Damage is reported, not thrown.
 * @throws the file system's error when a folder cannot be listed
 */
export function verifyStore(
  source: StoreSource,
  onProgress: (progress: VerifyProgress) => void = () => {},
  datasets: readonly Dataset[] = allDatasets,
): VerifyReport {
  const steps = stepVerify(source, datasets);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    onProgress(step.value);
  }
}

/** As `verifyStore`, step by step: a frame or a row group at a time. */
export function* stepVerify(
  source: StoreSource,
  datasets: readonly Dataset[] = allDatasets,
): Generator<VerifyProgress, VerifyReport, void> {
  const findings = new Findings();
  const manifest = verifyManifest(source, findings);
  const known = manifest ?? EMPTY_MANIFEST;
  const totalBytes = logBytes(source) + lakeBytes(known);
  let doneBytes = 0;
  const counted = ({ bytes, where }: Step): VerifyProgress => {
    doneBytes = Math.min(totalBytes, doneBytes + bytes);
    return { doneBytes, totalBytes, where };
  };
  const log = yield* mapped(verifyLog(source, known, datasets, findings), counted);
  const { files } = yield* mapped(verifyLake(source, known, datasets, findings), counted);
  noteOthers(source, findings);
  if (manifest !== undefined) checkConservation(manifest, log, findings);
  findings.close();
  return {
    ok: findings.problemCount === 0,
    segments: log.segments,
    frames: log.frames,
    files,
    rows: [...log.accounts.values()].reduce((sum, { rows }) => sum + rows, lakeRows(known)),
    problems: findings.problems,
    notes: findings.notes,
  };
}

/** Every row that was ever stored is in the log, in the lake, or was let go. */
function checkConservation(manifest: Manifest, log: LogVerified, findings: Findings): void {
  const where = `lake/${MANIFEST_NAME}`;
  for (const name of new Set([...log.accounts.keys(), ...Object.keys(manifest.datasets)])) {
    const { compacted, files, expired, thinned, lost = 0 } = manifest.datasets[name] ?? NOTHING_IN_LAKE;
    const { stored, nextSequence, rows } = log.accounts.get(name) ?? { stored: 0, nextSequence: 0, rows: 0 };
    if (lost > 0) findings.note(where, `${lost} rows of ${name} could not be read when they were compacted`);
    const { before, hourBefore } = compacted;
    const end = Math.max(before, hourBefore);
    if (end > nextSequence) {
      const what = `says that rows of ${name} up to number ${end - 1} are in the lake; the next row of the log gets ${nextSequence}`;
      findings.problem(where, what, "bring back the log and the lake of one time from a copy");
      continue;
    }
    const inLake = files.reduce((sum, file) => sum + file.rows, 0);
    const found = rows + inLake + expired + thinned + lost;
    // What of a damaged log is missing was told already.
    if (!log.isWhole || found === stored) continue;
    const parts = `${rows} in the log, ${inLake} in the lake, ${expired} expired, ${thinned} thinned, ${lost} lost`;
    const what = `${stored} rows of ${name} were stored, and there are ${found}: ${parts}`;
    findings.problem(where, what, "bring back the log and the lake of one time from a copy");
  }
}

/** What lies beside the segments: one that a crash left half made, and those that the keeper set aside. */
function noteOthers({ dataFolder }: StoreSource, findings: Findings): void {
  if (listSegments(dataFolder).length === 0) return;
  for (const entry of readdirSync(logFolder(dataFolder), { withFileTypes: true })) {
    const where = `log/${entry.name}`;
    if (entry.isDirectory()) {
      for (const name of readdirSync(`${logFolder(dataFolder)}/${entry.name}`)) {
        findings.note(
          `${where}/${name}`,
          "was set aside, as it could not be read whole: no row of it counts",
        );
      }
    } else if (entry.name.endsWith(".new")) {
      findings.note(where, "is a segment that was not finished: left over, and written over by the next one");
    }
  }
}

function* mapped<From, To, Result>(
  steps: Generator<From, Result, void>,
  map: (step: From) => To,
): Generator<To, Result, void> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    yield map(step.value);
  }
}

function lakeRows({ datasets }: Manifest): number {
  return Object.values(datasets).reduce(
    (sum, { files }) => files.reduce((all, { rows }) => all + rows, sum),
    0,
  );
}

function lakeBytes({ datasets }: Manifest): number {
  return Object.values(datasets).reduce(
    (sum, { files }) => files.reduce((all, { bytes }) => all + bytes, sum),
    0,
  );
}

function logBytes({ dataFolder }: StoreSource): number {
  const folder = logFolder(dataFolder);
  return listSegments(dataFolder).reduce(
    (sum, number) => sum + statSync(`${folder}/${segmentName(number)}`).size,
    0,
  );
}

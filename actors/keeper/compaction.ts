/**
 * One round for one dataset: rows go from the log into files of the lake, and the manifest says so, in one step.
 *
 *     1. look     at every row of the segments: which hours, how many rows each, what stays in the log
 *     2. write    the hours, some at a time, in as many readings of the segments as that takes
 *     3. replace  the manifest: new files, new bounds, and what was left out
 *
 * Until the third nothing counts, and after it everything does. What a crash leaves of the second is files that nobody lists.
 * Memory is bounded by what hour-groups.ts lets open, and by the number of distinct hours among the rows.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import { lakeDataset, rowsAccountedFor, withDataset } from "../store/lake/change-manifest.ts";
import { HourFile } from "../store/lake/hour-file.ts";
import type { LakeCodec } from "../store/lake/lake-codec.ts";
import type { LakeDisk } from "../store/lake/lake-disk.ts";
import { HOUR_MS, type LakeDataset, type LakeFile } from "../store/lake/manifest.ts";
import { readManifest, writeManifest } from "../store/lake/manifest-file.ts";
import type { LogSource } from "../store/log/log-reader.ts";
import { hourGroups } from "./hour-groups.ts";
import type { CompactionPlan } from "./plan.ts";
import { addToTally, type HourRun, type Move, plannedRuns, type Tally } from "./planned-rows.ts";
import { readSegments, type TimeRange } from "./segment-rows.ts";
import { GroupReader, GroupScores, groupColumns, leadingRuns } from "./thinning.ts";

export interface LakeTools {
  readonly source: LogSource;
  readonly disk: LakeDisk;
  readonly codec: LakeCodec;
}

export interface CompactionRules {
  /** Groups that an hour of windows keeps; 0 keeps all. */
  readonly windowGroups: number;
}

export interface Compaction {
  /** Files that were written, and the rows in them. */
  readonly files: number;
  readonly rows: number;
  /** Rows that the log should have had, and that were not found. */
  readonly lost: number;
}

/** What is done bit by bit, so that others have their turn. */
export type Steps<Result> = Generator<void, Result, void>;

interface Job extends LakeTools {
  readonly dataset: Dataset;
  readonly plan: CompactionPlan;
  readonly move: Move;
}

/** The rows of one hour on their way. */
interface OpenHour {
  readonly file: HourFile;
  endSequence: number;
  /** Undefined: all groups are kept. */
  readonly leaders: ReadonlySet<bigint> | undefined;
}

interface Written {
  readonly files: LakeFile[];
  thinned: number;
}

/**
 * Carries a plan out.
 * @throws what the disk says; then the manifest is the one or the other, and what is due is to be planned anew
 */
export function* compact(
  tools: LakeTools,
  dataset: Dataset,
  plan: CompactionPlan,
  { windowGroups }: CompactionRules,
): Steps<Compaction> {
  const { dataFolder } = tools.source;
  const from = lakeDataset(readManifest(dataFolder), dataset.name).compacted;
  const job: Job = { ...tools, dataset, plan, move: { from, to: plan.target } };
  const tally = yield* look(job);
  const written: Written = { files: [], thinned: 0 };
  for (const hours of hourGroups(tally.hours))
    yield* writeHours(job, hours, tally.hours, windowGroups, written);
  const manifest = readManifest(dataFolder);
  const known = manifest.datasets[dataset.name];
  const changed = datasetAfter(
    lakeDataset(manifest, dataset.name),
    known === undefined,
    plan,
    tally,
    written,
  );
  if (changed !== undefined) {
    writeManifest(dataFolder, withDataset(manifest, dataset.name, changed), tools.disk);
  }
  return {
    files: written.files.length,
    rows: written.files.reduce((sum, { rows }) => sum + rows, 0),
    lost: changed === undefined ? 0 : (changed.lost ?? 0) - (known?.lost ?? 0),
  };
}

function* look({ source, dataset, plan, move }: Job): Steps<Tally> {
  const tally: Tally = { hours: new Map(), uncompacted: 0, firstLeft: Number.POSITIVE_INFINITY };
  for (const batch of readSegments(source, plan.segments, dataset)) {
    if (batch !== undefined) addToTally(tally, dataset, batch, move);
    yield;
  }
  return tally;
}

/** Writes hours that follow each other. */
function* writeHours(
  job: Job,
  hours: readonly number[],
  rowsByHour: ReadonlyMap<number, number>,
  windowGroups: number,
  written: Written,
): Steps<void> {
  const { source, disk, codec, dataset } = job;
  const times = { fromMs: hours[0]!, toMs: hours.at(-1)! + HOUR_MS };
  const columns = windowGroups > 0 ? groupColumns(dataset) : undefined;
  const reader = columns && new GroupReader(dataset, columns);
  const scores = reader && (yield* scoreGroups(job, times, reader));
  const open = new Map(
    hours.map((hourMs): [number, OpenHour] => {
      const mostRows = rowsByHour.get(hourMs) ?? 0;
      const { dataFolder } = source;
      const file = new HourFile({ dataFolder, disk, codec, shape: dataset, hourMs, mostRows });
      return [hourMs, { file, endSequence: 0, leaders: scores?.get(hourMs)?.leaders(windowGroups) }];
    }),
  );
  try {
    yield* eachRun(job, times, (batch, run) => {
      const hour = open.get(run.hourMs)!;
      const kept = reader === undefined ? [run] : leadingRuns(reader, batch, run, hour.leaders);
      let rows = 0;
      for (const { from, to } of kept) {
        hour.file.add(batch, from, to);
        hour.endSequence = batch.firstSequence + to;
        rows += to - from;
      }
      written.thinned += run.to - run.from - rows;
    });
    for (const { file, endSequence } of open.values()) {
      const done = file.finish({ endSequence, generation: 0 });
      if (done !== undefined) written.files.push(done);
      yield;
    }
  } finally {
    for (const { file } of open.values()) file.abandon();
  }
}

function* scoreGroups(job: Job, times: TimeRange, reader: GroupReader): Steps<Map<number, GroupScores>> {
  const scores = new Map<number, GroupScores>();
  yield* eachRun(job, times, (batch, { from, to, hourMs }) => {
    const hour = scores.get(hourMs) ?? new GroupScores(reader.measures);
    scores.set(hourMs, hour);
    reader.bind(batch);
    for (let row = from; row < to; row++) reader.addTo(hour, row);
  });
  return scores;
}

/** Hands on every run of rows that the round takes and whose times are in the range. */
function* eachRun(
  { source, dataset, plan, move }: Job,
  times: TimeRange,
  take: (batch: PublicBatch, run: HourRun) => void,
): Steps<void> {
  for (const batch of readSegments(source, plan.segments, dataset, times)) {
    if (batch !== undefined) for (const run of plannedRuns(dataset, batch, move, times)) take(batch, run);
    yield;
  }
}

/** What the manifest is to say; undefined when that is what it says. */
function datasetAfter(
  lake: LakeDataset,
  isFirst: boolean,
  plan: CompactionPlan,
  { uncompacted, firstLeft }: Tally,
  { files, thinned }: Written,
): Partial<LakeDataset> | undefined {
  // All rows before the plan's end that the lake did not have were among those that were read, unless they cannot be read.
  const missing = Math.max(0, plan.stored - rowsAccountedFor(lake) - uncompacted);
  const { hourMs, hourBefore } = plan.target;
  const before = Math.max(plan.target.before, Math.min(plan.endSequence, firstLeft));
  const { compacted } = lake;
  const isMoved =
    before !== compacted.before || hourMs !== compacted.hourMs || hourBefore !== compacted.hourBefore;
  if (!isMoved && missing === 0) return undefined;
  // Before there was a lake, a log that had grown too large lost its oldest segments: their time was over.
  const overBefore = isFirst ? Math.min(missing, plan.storedBefore) : 0;
  return {
    compacted: { before, hourMs, hourBefore },
    files: [...lake.files, ...files],
    thinned: lake.thinned + thinned,
    expired: lake.expired + overBefore,
    lost: (lake.lost ?? 0) + missing - overBefore,
  };
}

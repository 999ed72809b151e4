/**
 * All that the keeper does to a store, and when. It knows nothing of messages; keeper.ts calls it.
 *
 * A round may come to its end anywhere, by a disk that refuses or by a crash, and be begun anew: what is to be done follows
 * from the manifest and the log alone. Nobody else changes either, but for the recorder, which adds to the log's end.
 */

import { statSync } from "node:fs";
import type { Dataset } from "../../datasets/define.ts";
import type { Log } from "../../runtime/log.ts";
import { lakeDataset, withDataset } from "../store/lake/change-manifest.ts";
import type { Manifest } from "../store/lake/manifest.ts";
import { readManifest, writeManifest } from "../store/lake/manifest-file.ts";
import { logFolder, segmentName, segmentNumbers } from "../store/log/log-format.ts";
import { StoreDamaged } from "../store/store-damaged.ts";
import { compact, type LakeTools, type Steps } from "./compaction.ts";
import { dropSegments } from "./drop-segments.ts";
import type { Holds } from "./holds.ts";
import { hoursToMerge, mergeHour } from "./merge.ts";
import { findOrphans } from "./orphans.ts";
import { dueHour, type PlanRules, planCompaction, segmentsTooMany, wholeSegments } from "./plan.ts";
import { ASIDE, Removals } from "./removals.ts";
import { expiredFiles, type Keep } from "./retention.ts";
import { listFolder, type Segment, SegmentList, storedUpTo } from "./segments.ts";

/** Bytes of log that one compaction reads: bounds what is done again when it does not come to its end. */
const ROUND_BYTES = 256 * 2 ** 20;

export interface KeepRules extends Pick<PlanRules, "settleMs" | "segmentMaxAgeMs" | "logBytes"> {
  /** Groups that an hour of windows keeps; 0 keeps all. */
  readonly windowGroups: number;
  /** By dataset name. */
  readonly keep: Readonly<Record<string, Keep>>;
}

/** What others know of the store. */
export interface StoreFacts {
  /** Sequence number after the last row that is stored. */
  recorded(dataset: string): number;
  /** Number of the first row of a dataset that a windower which starts again would read; Infinity: it would read none. */
  readFrom(dataset: string): number;
}

export interface HousekeepingOptions {
  readonly tools: LakeTools;
  readonly datasets: readonly Dataset[];
  /** Asked at each step: they may change while a round is under way, which follows the new ones from there on. */
  readonly rules: () => KeepRules;
  readonly facts: StoreFacts;
  readonly holds: Holds;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

export interface RoundDone {
  /** Files that were written from the log, and the rows in them. */
  readonly files: number;
  readonly rows: number;
}

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #list: SegmentList;
  readonly #removals: Removals;
  /** The hour up to which all was compacted that could be. */
  #doneHourMs: number | undefined;
  /** Whether there may be files in the lake that nobody lists. */
  #mayHaveOrphans = true;
  /** Files that could not be read when their hour was to be put together. */
  readonly #unreadable = new Set<string>();

  constructor(options: HousekeepingOptions) {
    const { datasets, holds, log, tools } = options;
    this.#options = options;
    this.#list = new SegmentList(tools.source);
    this.#removals = new Removals(tools, holds, datasets, log);
  }

  /** Start of the first hour that is not due yet, ms. */
  hour(): number {
    return dueHour(this.#options.nowMs(), this.#options.rules().settleMs);
  }

  /** Whether the open segment may hold rows that are due before `hourMs`: then it is to be rolled before the round. */
  needsRoll(hourMs: number): boolean {
    const { datasets, facts, tools } = this.#options;
    if (hourMs === this.#doneHourMs) return false;
    const manifest = readManifest(tools.source.dataFolder);
    return datasets.some(({ name }) => facts.recorded(name) > lakeDataset(manifest, name).compacted.before);
  }

  /**
   * Does what is due.
   * @param hourMs the hour that `needsRoll` was asked about
   * @param all also what is not due yet, of all segments that are closed
   * @throws StoreDamaged when the manifest cannot be used, and what the disk says: then it is to be tried again later
   */
  *round(hourMs: number, all: boolean): Steps<RoundDone> {
    const { monotonicMs, tools } = this.#options;
    const done = { files: 0, rows: 0 };
    try {
      if (this.#mayHaveOrphans) yield* findOrphans(tools, this.#removals);
      this.#mayHaveOrphans = false;
      yield* this.#removals.run(monotonicMs(), this.#list.read());
      const segments = this.#list.read();
      if (all || hourMs !== this.#doneHourMs || this.#hasOverdue(segments)) {
        yield* this.#compactAll(segments, all, done);
      }
      yield* this.#merge();
      this.#expire();
      this.#findSegmentsGone(segments);
      yield* this.#removals.run(monotonicMs(), segments);
      this.#boundAside(segments);
      this.#doneHourMs = hourMs;
      return done;
    } catch (error) {
      this.#mayHaveOrphans = true;
      throw error;
    }
  }

  /** After a round that the disk refused: a log that has grown beyond its bound loses its oldest segments. */
  *makeRoom(): Steps<void> {
    const { datasets, log, monotonicMs, rules, tools } = this.#options;
    const segments = this.#list.read();
    const count = segmentsTooMany(segments, rules().logBytes);
    if (count === 0) return;
    try {
      const rows = yield* dropSegments(tools, datasets, segments, count);
      log.error("the log is too large and cannot be compacted; its oldest {rows} rows were given up", {
        rows,
      });
    } catch (error) {
      const isDisk = typeof (error as NodeJS.ErrnoException).code === "string";
      if (!isDisk && !(error instanceof StoreDamaged)) throw error;
      // Not even that can be written down now. The rows will be found missing, and be counted then.
      log.error("the log is too large and cannot be compacted; its oldest segments are given up", { error });
    }
    for (const { number } of segments.slice(0, count)) this.#removals.addSegment(number);
    yield* this.#removals.run(monotonicMs(), segments);
  }

  *#compactAll(
    segments: readonly Segment[],
    all: boolean,
    done: { files: number; rows: number },
  ): Steps<void> {
    const { datasets, log, nowMs, rules, tools } = this.#options;
    const { dataFolder } = tools.source;
    for (const dataset of datasets) {
      const end = storedUpTo(segments, segments.length - 2, dataset.name)?.nextSequence ?? 0;
      for (let reached = -1; reached < end; ) {
        const state = lakeDataset(readManifest(dataFolder), dataset.name).compacted;
        const plan = planCompaction(dataset.name, state, segments, nowMs(), {
          ...rules(),
          roundBytes: ROUND_BYTES,
          all,
        });
        if (plan === undefined || plan.endSequence <= reached) break;
        const { files, rows, lost } = yield* compact(tools, dataset, plan, rules());
        reached = plan.endSequence;
        done.files += files;
        done.rows += rows;
        if (lost > 0) {
          log.error("{rows} rows of {dataset} are not in the log that should be, or cannot be read", {
            rows: lost,
            dataset: dataset.name,
          });
        }
      }
    }
  }

  /** Whether segments that are to be compacted whole hold rows that are not in the lake. */
  #hasOverdue(segments: readonly Segment[]): boolean {
    const { datasets, nowMs, rules, tools } = this.#options;
    const whole = wholeSegments(segments, nowMs(), { ...rules(), all: false });
    if (whole === 0) return false;
    const manifest = readManifest(tools.source.dataFolder);
    return !this.#isInLake(manifest, segments, whole - 1, datasets);
  }

  /** Whether no row up to the end of segment `index` is read from the log any more. */
  #isInLake(
    manifest: Manifest,
    segments: readonly Segment[],
    index: number,
    datasets: readonly Dataset[],
  ): boolean {
    return datasets.every(({ name }) => {
      const end = storedUpTo(segments, index, name);
      return end !== undefined && end.nextSequence <= lakeDataset(manifest, name).compacted.before;
    });
  }

  *#merge(): Steps<void> {
    const { datasets, log, tools } = this.#options;
    for (const dataset of datasets) {
      const { files } = lakeDataset(readManifest(tools.source.dataFolder), dataset.name);
      for (const hour of hoursToMerge(files.filter(({ path }) => !this.#unreadable.has(path)))) {
        try {
          yield* mergeHour(tools, dataset, hour);
          for (const { path } of hour) this.#removals.addFile(path);
        } catch (error) {
          if (!(error instanceof StoreDamaged)) throw error;
          log.error("files of an hour of {dataset} were not put together: {reason}", {
            dataset: dataset.name,
            reason: error.message,
          });
          for (const { path } of hour) this.#unreadable.add(path);
          this.#mayHaveOrphans = true;
        }
      }
    }
  }

  /** Takes out what is too old or too much. */
  #expire(): void {
    const { datasets, log, nowMs, rules, tools } = this.#options;
    const { dataFolder } = tools.source;
    for (const { name } of datasets) {
      const keep = rules().keep[name];
      if (keep === undefined) continue;
      const manifest = readManifest(dataFolder);
      const lake = lakeDataset(manifest, name);
      const gone = new Set(expiredFiles(lake.files, nowMs(), keep));
      if (gone.size === 0) continue;
      const rows = [...gone].reduce((sum, file) => sum + file.rows, 0);
      const files = lake.files.filter((file) => !gone.has(file));
      writeManifest(
        dataFolder,
        withDataset(manifest, name, { files, expired: lake.expired + rows }),
        tools.disk,
      );
      for (const { path } of gone) this.#removals.addFile(path);
      log.info("the time of {rows} rows of {dataset} was over", { rows, dataset: name });
    }
  }

  /** Segments from the oldest on of which nobody needs a row. */
  #findSegmentsGone(segments: readonly Segment[]): void {
    const { datasets, facts, rules, tools } = this.#options;
    const manifest = readManifest(tools.source.dataFolder);
    const tooMany = segmentsTooMany(segments, rules().logBytes);
    for (const [index, { number }] of segments.slice(0, -1).entries()) {
      if (!this.#isInLake(manifest, segments, index, datasets)) return;
      const isNeeded = datasets.some(({ name }) => {
        const end = storedUpTo(segments, index, name)?.nextSequence ?? 0;
        return end > facts.readFrom(name);
      });
      // A log that is too large goes before the windows of a windower that does not come on.
      if (isNeeded && index >= tooMany) return;
      this.#removals.addSegment(number);
    }
  }

  /** Segments that were set aside count to the log: the oldest go when it is too large. */
  #boundAside(segments: readonly Segment[]): void {
    const { rules, tools } = this.#options;
    const folder = `${logFolder(tools.source.dataFolder)}/${ASIDE}`;
    const aside = segmentNumbers(listFolder(folder)).map((number) => {
      const path = `${folder}/${segmentName(number)}`;
      return { path, bytes: statSync(path).size };
    });
    let excess = [...segments, ...aside].reduce((sum, { bytes }) => sum + bytes, 0) - rules().logBytes;
    for (const { path, bytes } of aside) {
      if (excess <= 0) break;
      tools.disk.unlinkSync(path);
      excess -= bytes;
    }
  }
}

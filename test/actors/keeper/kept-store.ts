/** A store, a plain list of every row that it was given, and the keeper's housekeeping on a clock and a disk that a test holds. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Steps } from "../../../actors/keeper/compaction.ts";
import { Holds } from "../../../actors/keeper/holds.ts";
import { Housekeeping, type KeepRules, type RoundDone } from "../../../actors/keeper/housekeeping.ts";
import { storedEver } from "../../../actors/store/lake/change-manifest.ts";
import type { LakeCodec } from "../../../actors/store/lake/lake-codec.ts";
import { hostLakeDisk, type LakeDisk } from "../../../actors/store/lake/lake-disk.ts";
import { type LakeDataset, lakeFolder, NOTHING_IN_LAKE } from "../../../actors/store/lake/manifest.ts";
import { readStats } from "../../../actors/store/stats.ts";
import { verifyStore } from "../../../actors/store/verify.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { Log } from "../../../runtime/log.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { TempStore } from "../store/temp-store.ts";
import { plainCodec } from "./plain-codec.ts";

export const HOUR = 3_600_000;
export const MINUTE = 60_000;
export const START = Date.UTC(2026, 0, 1);

export const hastyLakeDisk: LakeDisk = { ...hostLakeDisk, fsyncSync: () => {}, syncFolder: () => {} };

export const usualRules: KeepRules = {
  settleMs: 5 * MINUTE,
  segmentMaxAgeMs: 6 * HOUR,
  logBytes: 2 ** 30,
  windowGroups: 0,
  keep: {},
};

export interface KeptStoreOptions {
  readonly seed?: number;
  readonly rules?: Partial<KeepRules>;
  readonly disk?: LakeDisk;
  readonly segmentBytes?: number;
  /** Default: files that take less time than Parquet. */
  readonly codec?: LakeCodec;
}

export class KeptStore {
  readonly clock = new VirtualClock(START);
  readonly store: TempStore;
  readonly datasets: readonly Dataset[];
  readonly codec: LakeCodec;
  /** What was logged as an error. */
  readonly errors: string[] = [];
  /** Number of the first row that a windower would read again. */
  readFrom = Number.POSITIVE_INFINITY;
  rules: KeepRules;
  disk: LakeDisk;
  holds: Holds;
  housekeeping: Housekeeping;

  constructor(datasets: readonly Dataset[], options: KeptStoreOptions = {}) {
    const { disk = hastyLakeDisk, rules = {}, seed = 1, segmentBytes = 2 ** 20 } = options;
    this.datasets = datasets;
    this.codec = options.codec ?? plainCodec;
    this.rules = { ...usualRules, ...rules };
    this.disk = disk;
    this.store = new TempStore(datasets, seed, { segmentBytes, nowMs: () => this.clock.nowMs() });
    Object.assign(this.store.source, { openParquet: this.codec.open });
    this.holds = new Holds(0);
    this.housekeeping = this.#housekeeping();
  }

  /** As after a crash: what is known is what lies on the disk. */
  restart(disk: LakeDisk = hastyLakeDisk): void {
    this.disk = disk;
    this.holds = new Holds(this.clock.monotonicMs());
    this.housekeeping = this.#housekeeping();
  }

  append(dataset: Dataset, times: readonly number[]): void {
    this.store.append(dataset, times);
  }

  /** What the actor does when it wakes up. */
  round(all = false): RoundDone {
    const hourMs = this.housekeeping.hour();
    if (all || this.housekeeping.needsRoll(hourMs)) this.store.log.roll();
    return finish(this.housekeeping.round(hourMs, all));
  }

  /** What the actor does when a round came to nothing. */
  makeRoom(): void {
    finish(this.housekeeping.makeRoom());
  }

  /** Lets time pass until what nobody holds may be removed, and removes it. */
  settle(): void {
    this.clock.advance(2 * MINUTE);
    this.round();
  }

  lake(dataset: Dataset): LakeDataset {
    return this.store.manifest.datasets[dataset.name] ?? NOTHING_IN_LAKE;
  }

  /** Files of the lake that lie on the disk, listed or not. */
  filesOnDisk(): string[] {
    const lake = lakeFolder(this.store.at.dataFolder);
    if (!existsSync(lake)) return [];
    return readdirSync(lake, { recursive: true })
      .map(String)
      .filter((path) => statSync(join(lake, path)).isFile() && path !== "manifest.json")
      .sort();
  }

  foldersOnDisk(): string[] {
    const lake = lakeFolder(this.store.at.dataFolder);
    return readdirSync(lake, { recursive: true })
      .map(String)
      .filter((path) => statSync(join(lake, path)).isDirectory())
      .sort();
  }

  segments(): string[] {
    return this.store.at.names().filter((name) => name.endsWith(".log"));
  }

  /** Every row that was given is there once, and the store verifies. @param gone rows that are not to be there */
  assertWhole(gone: (dataset: Dataset, row: PlainRow) => boolean = () => false): void {
    for (const dataset of this.datasets) {
      const expected = this.store.rowsOf(dataset).filter(({ row }) => !gone(dataset, row));
      const found = this.store.read(dataset);
      assert.deepEqual(
        found.map(rowText).sort(),
        expected.map(({ row }) => rowText(row)).sort(),
        `rows of ${dataset.name}`,
      );
      this.assertConserved(dataset);
    }
    this.assertVerified();
  }

  /** Stored = log + lake + expired + thinned + lost. */
  assertConserved(dataset: Dataset): void {
    const { datasets } = readStats(this.store.source, this.store.manifest, this.datasets);
    const { logRows } = datasets.find((stats) => stats.dataset === dataset.name)!;
    const stored = this.store.log.counts().get(dataset.name)?.stored ?? 0;
    assert.equal(storedEver(this.lake(dataset), logRows), stored, `rows of ${dataset.name} ever stored`);
  }

  assertVerified(): void {
    const { problems } = verifyStore(this.store.source, () => {}, this.datasets);
    assert.deepEqual(problems, []);
  }

  remove(): void {
    this.store.remove();
  }

  #housekeeping(): Housekeeping {
    const say = (message: string) => this.errors.push(message);
    const silent = () => {};
    const log: Log = {
      trace: silent,
      debug: silent,
      info: silent,
      warning: silent,
      error: say,
      isEnabled: () => false,
    };
    return new Housekeeping({
      tools: { source: this.store.source, disk: this.disk, codec: this.codec },
      datasets: this.datasets,
      rules: () => this.rules,
      facts: {
        recorded: (dataset) => this.store.log.nextSequence(dataset),
        readFrom: () => this.readFrom,
      },
      holds: this.holds,
      log,
      nowMs: () => this.clock.nowMs(),
      monotonicMs: () => this.clock.monotonicMs(),
    });
  }
}

function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A row as text: equal rows have equal ones. */
export function rowText(row: PlainRow): string {
  return JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

/** Times that are `stepMs` apart. */
export function times(count: number, fromMs: number, stepMs: number): number[] {
  return Array.from({ length: count }, (_, index) => fromMs + index * stepMs);
}

/**
 * The house: which lanes there are, who stands at them, who runs where and who supervises whom. This is the picture of
 * ARCHITECTURE.md as data.
 *
 *     sampler ─┐                        ┌─▶ recorder ────┐
 *              ├─▶ lane ─▶ anonymizer ─▶┤                ├─▶ windower ─▶ derived lane ─▶ recorder, broadcaster
 *     intake  ─┘                        └─▶ broadcaster ─┘
 *
 * Beside the lanes: the keeper moves the log into the lake, and exporter and analyst read both.
 *
 * The windower stands behind the recorder: no window is ever made of a row that the log does not have.
 *
 * Groups start from the back to the front, so that nobody writes before somebody reads, and stop from the front to the back,
 * so that what came in goes all the way through.
 */

import type { Dataset } from "../datasets/define.ts";
import { datasets, derivedDatasets, pushedDatasets, sourceDatasets } from "../datasets/index.ts";
import { DEFAULT_KEEP_DAYS } from "../datasets/spec.ts";
import { STAGING_BYTES, type StagingSpec } from "../ingest/staging.ts";
import { USUAL_QUALITY } from "../quality/report.ts";
import type { ActorSpec } from "../runtime/actor/types.ts";
import type { Arena } from "../runtime/arena.ts";
import type { LaneShape } from "../runtime/lane/index.ts";
import type { GroupSpec, SystemSpec } from "../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../wasm/index.ts";
import { type AggregatorConfig, aggregatorScratchBytes } from "./aggregator/aggregator.ts";
import type { AnalystConfig } from "./analyst/analyst.ts";
import { type AnonymizerConfig, anonymizerScratchBytes } from "./anonymizer/anonymizer.ts";
import { broadcasterScratchBytes } from "./broadcaster/broadcaster.ts";
import { BROADCASTER_MAILBOX } from "./broadcaster/protocol.ts";
import { type DeadLettersConfig, USUAL_LETTERS } from "./dead-letters/dead-letters.ts";
import type { ExaminerConfig } from "./examiner/examiner.ts";
import type { ExporterConfig } from "./exporter/exporter.ts";
import { DEFAULT_QUEUE_BYTES } from "./feed/subscription.ts";
import { type IntakeConfig, intakeScratchBytes } from "./intake/intake.ts";
import { INTAKE_MAILBOX } from "./intake/protocol.ts";
import type { KeepRules } from "./keeper/housekeeping.ts";
import type { KeeperConfig } from "./keeper/keeper.ts";
import type { Keep } from "./keeper/retention.ts";
import { type LedgerSpec, placeLedger } from "./ledger.ts";
import type { OutletsConfig } from "./outlets/outlets.ts";
import type { OutletSpec } from "./outlets/protocol.ts";
import type { RecorderConfig } from "./recorder/recorder.ts";
import { REPLAYER_MAILBOX } from "./replayer/protocol.ts";
import type { ReplayerConfig } from "./replayer/replayer.ts";
import type { MetersSpec, WindowMetersSpec } from "./resources.ts";
import type { SamplerConfig } from "./sampler/sampler.ts";
import { placeMeters } from "./stage-meter.ts";
import { logWindowBytes, slotBytesOf } from "./store/log/window-bytes.ts";
import { placeWindowMeters } from "./window-meters.ts";
import { type WindowerConfig, windowerScratchBytes } from "./windower/windower.ts";

export const ACTORS = [
  "recorder",
  "exporter",
  "replayer",
  "anonymizer",
  "windower",
  "broadcaster",
  "outlets",
  "sampler",
  "intake",
  "keeper",
  "analyst",
  "examiner",
  "dead-letters",
  "aggregator",
] as const;
export type ActorName = (typeof ACTORS)[number];

export interface HouseOptions {
  readonly dataFolder: string;
  readonly sampler: SamplerConfig;
  /** How rows are taken into windows; USUAL_WINDOWS where it is not said. */
  readonly windows?: Partial<WindowOptions>;
  readonly segmentBytes: number;
  /** Size of the whole log; beyond it the oldest segments go, whether the lake has their rows or not. */
  readonly keepBytes: number;
  /** What is kept in the lake, and from when on, where not the usual. */
  readonly store?: Partial<StoreOptions>;
  /** Bytes that wait for one slow client of an outlet; DEFAULT_QUEUE_BYTES where it is not said. */
  readonly queueBytes?: number;
  /** What is kept of refused rows, where not the usual. */
  readonly deadLetters?: Partial<Omit<DeadLettersConfig, "dataFolder">>;
  /** Rows a second that may be pushed into a dataset, by its name; as many as come where it is not said. */
  readonly rowsPerSecond?: Readonly<Record<string, number>>;
  /** What the examiner goes by, where not the usual. */
  readonly quality?: Partial<QualityOptions>;
  /** What the aggregator keeps, where not the usual. */
  readonly aggregation?: Partial<AggregationOptions>;
  /** Outlets that are open from the start. */
  readonly outlets?: readonly OutletSpec[];
  /** Slots of a lane, by dataset name, where not what the dataset asks for. Powers of two. */
  readonly slots?: Readonly<Record<string, number>>;
  /** Thread of an actor, where not the usual one. */
  readonly threads?: Readonly<Partial<Record<ActorName, string>>>;
  /** Leaves actors out, as a test may that brings its own. */
  readonly without?: readonly ActorName[];
}

/** Thresholds of a dataset's quality, and the share of the traffic whose agreement is told. */
export type QualityOptions = Pick<ExaminerConfig, "rules" | "fraction">;

export const USUAL_EXAMINER: QualityOptions = { rules: USUAL_QUALITY, fraction: 1 };

/** How values that other programs send are aggregated. */
export type AggregationOptions = Omit<AggregatorConfig, "dataFolder">;

export const USUAL_AGGREGATION: AggregationOptions = {
  windowMs: 300_000,
  maxStreams: 10_000,
  whenFull: "other",
  // Pages that are not touched cost nothing.
  stateBytes: 128 * 2 ** 20,
};

/** How rows are taken into windows. */
export type WindowOptions = Omit<WindowerConfig, "dataFolder" | "windowBytes">;

/** How the store is kept. */
export interface StoreOptions {
  /** How long an hour must be over before it is moved into the lake. */
  readonly settleMs: number;
  /** A segment of the log that was begun longer ago is moved into the lake whole, whatever its rows' times. */
  readonly segmentMaxAgeMs: number;
  /** Groups that an hour of windows keeps; 0 keeps all. */
  readonly windowGroups: number;
  /** How long rows are kept, by dataset name; what the dataset declares where it is not said. */
  readonly keepMs: Readonly<Record<string, number>>;
  /** Size of a dataset's files, by dataset name; beyond it the oldest hours go. DATASET_BYTES where it is not said. */
  readonly maxBytes: Readonly<Record<string, number>>;
}

export const USUAL_WINDOWS: WindowOptions = {
  disorderMs: 5000,
  latenessMs: 60_000,
  aheadMs: 5 * 60_000,
  idleMs: 60_000,
  maxGroups: 10_000,
  whenFull: "other",
  stateBytes: 64 * 2 ** 20,
};

export const USUAL_STORE: StoreOptions = {
  settleMs: 5 * 60_000,
  segmentMaxAgeMs: 6 * 3_600_000,
  windowGroups: 6,
  keepMs: {},
  maxBytes: {},
};

/**
 * Who runs where: one thread for what happens to every batch, one for the disk that takes them, one for what reads them back,
 * the main one for what serves people. Nothing that takes long is on a thread that rows wait for.
 */
const USUAL_THREADS: Readonly<Record<ActorName, string>> = {
  sampler: "pipeline",
  intake: "ingest",
  anonymizer: "pipeline",
  windower: "pipeline",
  recorder: "storage",
  exporter: "archive",
  replayer: "archive",
  keeper: "archive",
  analyst: "archive",
  examiner: "archive",
  "dead-letters": "archive",
  broadcaster: "main",
  outlets: "main",
  aggregator: "main",
};

const MEBIBYTE = 2 ** 20;
const DAY_MS = 86_400_000;
/** Size of a dataset's files in the lake, where nothing else is said. */
export const DATASET_BYTES = 2 ** 30;
/** What a windower needs beyond disorder and lateness, to have made the windows of an hour that is over. */
const WINDOWER_SLACK_MS = 2 * 60_000;
/** Beside lanes and scratch: the ledger, mailboxes, words. */
const SMALL_THINGS_BYTES = 4 * MEBIBYTE;
/** Waiting for the recorder to catch up, before a windower can read back what it needs, may take as long as a slow disk does. */
const START_DEADLINE_MS = 60_000;

/** The declaration of the whole system. @throws when the kernels are not built */
export function houseSpec(
  options: HouseOptions,
): Pick<SystemSpec, "lanes" | "groups" | "memory" | "arenaFrom" | "resources"> {
  const kernels = compileKernels();
  const lanes = datasets.map((dataset) => laneShape(dataset, options));
  const groups = houseGroups(options);
  const laneBytes = lanes.reduce((bytes, { slots, slotBytes }) => bytes + slots * slotBytes, 0);
  const scratchBytes = groups
    .flatMap(({ actors }) => actors)
    .reduce((bytes, actor) => bytes + (actor.scratchBytes ?? 0), 0);
  const memory = createKernelMemory({
    bytes: KERNEL_STATIC_BYTES + laneBytes + scratchBytes + STAGING_BYTES + SMALL_THINGS_BYTES,
  });
  const names = datasets.map(({ name }) => name);
  const windowNames = derivedDatasets.map(({ name }) => name);
  return {
    lanes,
    groups,
    memory,
    arenaFrom: KERNEL_STATIC_BYTES,
    resources: (arena: Arena) => ({
      kernels,
      ledger: placeLedger(arena, names),
      meters: placeMeters(arena, lanes),
      staging: { offset: arena.allocate(STAGING_BYTES, "the staging area"), bytes: STAGING_BYTES },
      ...(options.without?.includes("windower")
        ? {}
        : { windowMeters: placeWindowMeters(arena, windowNames) }),
    }),
  };
}

/** Every actor that `houseSpec` declares with these options, in the order they start in. */
export function houseActors(options: HouseOptions): readonly ActorSpec[] {
  return houseGroups(options).flatMap(({ actors }) => actors);
}

/** Where the meters of a system that was built from `houseSpec` lie. */
export function metersOf(system: { readonly resources: Readonly<Record<string, unknown>> }): MetersSpec {
  return system.resources["meters"] as MetersSpec;
}

/** Where the meters of its windows datasets lie; undefined for one without a windower. */
export function windowMetersOf(system: {
  readonly resources: Readonly<Record<string, unknown>>;
}): WindowMetersSpec | undefined {
  return system.resources["windowMeters"] as WindowMetersSpec | undefined;
}

/** Where the bodies that the intake is asked about lie. */
export function stagingOf(system: { readonly resources: Readonly<Record<string, unknown>> }): StagingSpec {
  return system.resources["staging"] as StagingSpec;
}

/** Where the ledger of a system that was built from `houseSpec` lies. */
export function ledgerOf(system: { readonly resources: Readonly<Record<string, unknown>> }): LedgerSpec {
  return system.resources["ledger"] as LedgerSpec;
}

function laneShape(dataset: Dataset, { slots, without = [] }: HouseOptions): LaneShape {
  const present = (names: readonly ActorName[]) => names.filter((name) => !without.includes(name));
  const isSource = sourceDatasets.includes(dataset);
  const windowed = dataset.windows === undefined ? [] : present(["windower"]);
  const tiers = isSource
    ? [present(["anonymizer"]), present(["recorder", "broadcaster"]), windowed]
    : [present(["recorder", "broadcaster"])];
  return {
    name: dataset.name,
    slots: slots?.[dataset.name] ?? dataset.slots,
    slotBytes: slotBytesOf(dataset),
    tiers: tiers.filter((tier) => tier.length > 0),
  };
}

function houseGroups(options: HouseOptions): readonly GroupSpec[] {
  const { dataFolder, segmentBytes, sampler, threads, without = [] } = options;
  const stagingBytes = logWindowBytes();
  const actor = <Config>(name: ActorName, config: Config, more: Partial<ActorSpec> = {}): ActorSpec => ({
    name,
    module: new URL(`./${name}/${name}.ts`, import.meta.url).href,
    config,
    thread: threads?.[name] ?? USUAL_THREADS[name],
    ...more,
  });
  const windower: WindowerConfig = {
    ...{ ...USUAL_WINDOWS, ...options.windows },
    ...{ dataFolder, windowBytes: stagingBytes },
  };
  const aggregator: AggregatorConfig = { dataFolder, ...USUAL_AGGREGATION, ...options.aggregation };
  const intake: IntakeConfig = {
    dataFolder,
    deadLetters: !without.includes("dead-letters"),
    datasets: pushedDatasets.map(({ name }) => name),
    rowsPerSecond: options.rowsPerSecond ?? {},
  };
  const keeper: KeeperConfig = { dataFolder, windowBytes: stagingBytes, rules: keepRules(options) };
  const groups: readonly GroupSpec[] = [
    {
      name: "storage",
      actors: [
        actor<RecorderConfig>(
          "recorder",
          { dataFolder, segmentBytes, stagingBytes },
          { scratchBytes: stagingBytes },
        ),
        actor<ExporterConfig>(
          "exporter",
          { dataFolder, windowBytes: stagingBytes },
          { scratchBytes: stagingBytes },
        ),
        actor<ReplayerConfig>(
          "replayer",
          { dataFolder, windowBytes: stagingBytes },
          { scratchBytes: stagingBytes, mailboxSize: REPLAYER_MAILBOX },
        ),
        actor<AnalystConfig>(
          "analyst",
          { dataFolder, windowBytes: stagingBytes },
          { scratchBytes: stagingBytes },
        ),
        actor<ExaminerConfig>(
          "examiner",
          { dataFolder, windowBytes: stagingBytes, ...USUAL_EXAMINER, ...options.quality },
          { scratchBytes: stagingBytes },
        ),
      ],
    },
    {
      name: "live",
      actors: [
        actor<null>("broadcaster", null, {
          scratchBytes: broadcasterScratchBytes,
          mailboxSize: BROADCASTER_MAILBOX,
        }),
        actor<OutletsConfig>("outlets", {
          outlets: options.outlets ?? [],
          queueBytes: options.queueBytes ?? DEFAULT_QUEUE_BYTES,
        }),
        actor<AggregatorConfig>("aggregator", aggregator, {
          scratchBytes: aggregatorScratchBytes(aggregator),
        }),
      ],
    },
    {
      name: "pipeline",
      actors: [
        actor<WindowerConfig>("windower", windower, {
          writes: derivedDatasets.map(({ name }) => name),
          scratchBytes: windowerScratchBytes(windower),
        }),
        actor<AnonymizerConfig>("anonymizer", { dataFolder }, { scratchBytes: anonymizerScratchBytes }),
      ],
    },
    {
      name: "sources",
      actors: [
        actor<SamplerConfig>("sampler", sampler, { writes: ["memory", "process"] }),
        actor<IntakeConfig>("intake", intake, {
          writes: intake.datasets,
          scratchBytes: intakeScratchBytes(pushedDatasets),
          mailboxSize: INTAKE_MAILBOX,
        }),
      ],
    },
    {
      // Last: what a windower reads back when it starts is not removed before it says what it needs.
      name: "archive",
      actors: [
        actor<KeeperConfig>("keeper", keeper, { scratchBytes: stagingBytes }),
        actor<DeadLettersConfig>("dead-letters", { dataFolder, ...USUAL_LETTERS, ...options.deadLetters }),
      ],
    },
  ];
  return groups
    .map((group) => ({
      ...group,
      intensity: { restarts: 10, withinMs: 60_000 },
      policy: { startDeadlineMs: START_DEADLINE_MS },
      actors: group.actors.filter(({ name }) => !without.includes(name as ActorName)),
    }))
    .filter(({ actors }) => actors.length > 0);
}

function keepRules({ store = {}, keepBytes, windows }: HouseOptions): KeepRules {
  const { disorderMs, latenessMs } = { ...USUAL_WINDOWS, ...windows };
  const { settleMs, segmentMaxAgeMs, windowGroups, keepMs, maxBytes } = { ...USUAL_STORE, ...store };
  const keep = datasets.map(({ name, keepDays = DEFAULT_KEEP_DAYS }): [string, Keep] => [
    name,
    { keepMs: keepMs[name] ?? keepDays * DAY_MS, maxBytes: maxBytes[name] ?? DATASET_BYTES },
  ]);
  return {
    settleMs: Math.max(settleMs, disorderMs + latenessMs + WINDOWER_SLACK_MS),
    segmentMaxAgeMs,
    logBytes: keepBytes,
    windowGroups,
    keep: Object.fromEntries(keep),
  };
}

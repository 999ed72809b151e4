/**
 * The house: which lanes there are, who stands at them, who runs where and who supervises whom. This is the picture of
 * ARCHITECTURE.md as data.
 *
 *     sampler ─┐                        ┌─▶ recorder ────┐
 *              ├─▶ lane ─▶ anonymizer ─▶┤                ├─▶ windower ─▶ derived lane ─▶ recorder, broadcaster
 *     intake  ─┘                        └─▶ broadcaster ─┘                         exporter (reads the log)
 *
 * The windower stands behind the recorder: no window is ever made of a row that the log does not have.
 *
 * Groups start from the back to the front, so that nobody writes before somebody reads, and stop from the front to the back,
 * so that what came in goes all the way through.
 */

import type { Dataset } from "../datasets/define.ts";
import { datasets, derivedDatasets, sourceDatasets } from "../datasets/index.ts";
import { maxBatchBytes } from "../datasets/write-rows.ts";
import type { ActorSpec } from "../runtime/actor/types.ts";
import { type Arena, alignUp } from "../runtime/arena.ts";
import type { LaneShape } from "../runtime/lane/index.ts";
import type { GroupSpec, SystemSpec } from "../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../wasm/index.ts";
import { type AnonymizerConfig, anonymizerScratchBytes } from "./anonymizer/anonymizer.ts";
import type { BroadcasterConfig } from "./broadcaster/broadcaster.ts";
import { BROADCASTER_MAILBOX } from "./broadcaster/protocol.ts";
import type { ExporterConfig } from "./exporter/exporter.ts";
import type { IntakeConfig } from "./intake/intake.ts";
import { type LedgerSpec, placeLedger } from "./ledger.ts";
import { frameBytes } from "./recorder/log-format.ts";
import type { RecorderConfig } from "./recorder/recorder.ts";
import type { SamplerConfig } from "./sampler/sampler.ts";
import { type WindowerConfig, windowerScratchBytes } from "./windower/windower.ts";

export const ACTORS = [
  "recorder",
  "exporter",
  "anonymizer",
  "windower",
  "broadcaster",
  "sampler",
  "intake",
] as const;
export type ActorName = (typeof ACTORS)[number];

export interface HouseOptions {
  readonly dataFolder: string;
  readonly sampler: SamplerConfig;
  /** How much later than a younger row an older one may come and still be in its window, ms. */
  readonly disorderMs: number;
  readonly segmentBytes: number;
  /** Size of the whole log; beyond it the oldest segments are removed. */
  readonly keepBytes: number;
  /** Rows that wait for one slow stream client. */
  readonly queueRows: number;
  /** Slots of a lane, by dataset name, where not what the dataset asks for. Powers of two. */
  readonly slots?: Readonly<Record<string, number>>;
  /** Thread of an actor, where not the usual one. */
  readonly threads?: Readonly<Partial<Record<ActorName, string>>>;
  /** Leaves actors out, as a test may that brings its own. */
  readonly without?: readonly ActorName[];
}

/** Who runs where: one thread for what happens to every batch, one for the disk, the main one for what serves people. */
const USUAL_THREADS: Readonly<Record<ActorName, string>> = {
  sampler: "pipeline",
  intake: "pipeline",
  anonymizer: "pipeline",
  windower: "pipeline",
  recorder: "storage",
  exporter: "storage",
  broadcaster: "main",
};

const MEBIBYTE = 2 ** 20;
/** Bytes for the state of open windows: room for about 20 000 groups of five measures. Untouched pages cost nothing. */
const WINDOW_POOL_BYTES = 64 * MEBIBYTE;
/** Bytes that batches are staged in before they are written, or read back through: several of the largest. */
const STAGING_BYTES = 4 * MEBIBYTE;
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
    bytes: KERNEL_STATIC_BYTES + laneBytes + scratchBytes + SMALL_THINGS_BYTES,
  });
  const names = datasets.map(({ name }) => name);
  return {
    lanes,
    groups,
    memory,
    arenaFrom: KERNEL_STATIC_BYTES,
    resources: (arena: Arena) => ({ kernels, ledger: placeLedger(arena, names) }),
  };
}

/** Where the ledger of a system that was built from `houseSpec` lies. */
export function ledgerOf(system: { readonly resources: Readonly<Record<string, unknown>> }): LedgerSpec {
  return system.resources["ledger"] as LedgerSpec;
}

function laneShape(dataset: Dataset, { slots, without = [] }: HouseOptions): LaneShape {
  const present = (names: readonly ActorName[]) => names.filter((name) => !without.includes(name));
  const isSource = sourceDatasets.includes(dataset);
  const tiers = isSource
    ? [present(["anonymizer"]), present(["recorder", "broadcaster"]), present(["windower"])]
    : [present(["recorder", "broadcaster"])];
  return {
    name: dataset.name,
    slots: slots?.[dataset.name] ?? dataset.slots,
    slotBytes: slotBytesOf(dataset),
    tiers: tiers.filter((tier) => tier.length > 0),
  };
}

/** Bytes of a slot that any batch of the dataset fits into. */
function slotBytesOf(dataset: Dataset): number {
  return alignUp(maxBatchBytes(dataset), 64);
}

function houseGroups(options: HouseOptions): readonly GroupSpec[] {
  const {
    dataFolder,
    disorderMs,
    segmentBytes,
    keepBytes,
    queueRows,
    sampler,
    threads,
    without = [],
  } = options;
  const largestFrame = Math.max(...datasets.map((dataset) => frameBytes(slotBytesOf(dataset))));
  const stagingBytes = Math.max(STAGING_BYTES, alignUp(largestFrame * 2, 8));
  const actor = <Config>(name: ActorName, config: Config, more: Partial<ActorSpec> = {}): ActorSpec => ({
    name,
    module: new URL(`./${name}/${name}.ts`, import.meta.url).href,
    config,
    thread: threads?.[name] ?? USUAL_THREADS[name],
    ...more,
  });
  const windower: WindowerConfig = {
    dataFolder,
    disorderMs,
    poolBytes: WINDOW_POOL_BYTES,
    windowBytes: stagingBytes,
  };
  const groups: readonly GroupSpec[] = [
    {
      name: "storage",
      actors: [
        actor<RecorderConfig>(
          "recorder",
          { dataFolder, segmentBytes, keepBytes, stagingBytes },
          { scratchBytes: stagingBytes },
        ),
        actor<ExporterConfig>(
          "exporter",
          { dataFolder, windowBytes: stagingBytes },
          { scratchBytes: stagingBytes },
        ),
      ],
    },
    {
      name: "live",
      actors: [actor<BroadcasterConfig>("broadcaster", { queueRows }, { mailboxSize: BROADCASTER_MAILBOX })],
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
        actor<IntakeConfig>("intake", { datasets: ["optimization"] }, { writes: ["optimization"] }),
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

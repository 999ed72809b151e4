/**
 * Who runs where, and who supervises whom.
 *
 * Groups start from the back to the front, so that nobody writes before somebody reads, and stop from the front to the back,
 * so that what came in goes all the way through. No actor is loaded here: of each it is known where its module is, and how much memory it needs.
 */

import { derivedDatasets, pushedDatasets } from "../../datasets/index.ts";
import type { ActorSpec } from "../../runtime/actor/types.ts";
import type { GroupSpec } from "../../runtime/system-spec.ts";
import type { AggregatorConfig } from "../aggregator/aggregator.ts";
import { aggregatorScratchBytes } from "../aggregator/scratch.ts";
import type { AnalystConfig } from "../analyst/analyst.ts";
import { type AnonymizerConfig, anonymizerScratchBytes } from "../anonymizer/anonymizer.ts";
import { BROADCASTER_MAILBOX } from "../broadcaster/protocol.ts";
import { broadcasterScratchBytes } from "../broadcaster/scratch.ts";
import { USUAL_LETTERS } from "../dead-letters/bounds.ts";
import type { DeadLettersConfig } from "../dead-letters/dead-letters.ts";
import type { ExaminerConfig } from "../examiner/examiner.ts";
import type { ExporterConfig } from "../exporter/exporter.ts";
import { DEFAULT_QUEUE_BYTES } from "../feed/subscription.ts";
import type { IntakeConfig } from "../intake/intake.ts";
import { INTAKE_MAILBOX } from "../intake/protocol.ts";
import { intakeScratchBytes } from "../intake/scratch.ts";
import type { KeeperConfig } from "../keeper/keeper.ts";
import type { OutletsConfig } from "../outlets/outlets.ts";
import type { RecorderConfig } from "../recorder/recorder.ts";
import { REPLAYER_MAILBOX } from "../replayer/protocol.ts";
import type { ReplayerConfig } from "../replayer/replayer.ts";
import type { SamplerConfig } from "../sampler/sampler.ts";
import { logWindowBytes } from "../store/log/window-bytes.ts";
import { windowerScratchBytes } from "../windower/scratch.ts";
import type { WindowerConfig } from "../windower/windower.ts";
import { keepRules } from "./keep-rules.ts";
import {
  type ActorName,
  type HouseOptions,
  USUAL_AGGREGATION,
  USUAL_EXAMINER,
  USUAL_WINDOWS,
} from "./options.ts";

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

/** Waiting for the recorder to catch up, before a windower can read back what it needs, may take as long as a slow disk does. */
const START_DEADLINE_MS = 60_000;

/** Those that there are with these options, each with whom it supervises. */
export function houseGroups(options: HouseOptions): readonly GroupSpec[] {
  const { dataFolder, segmentBytes, sampler, threads, without = [] } = options;
  const stagingBytes = logWindowBytes();
  const actor = <Config>(name: ActorName, config: Config, more: Partial<ActorSpec> = {}): ActorSpec => ({
    name,
    module: new URL(`../${name}/${name}.ts`, import.meta.url).href,
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

/**
 * What a house is built by: who may be in it, and what is said of each. Loads no actor: settings and commands read it too.
 */

import { USUAL_QUALITY } from "../../quality/report.ts";
import type { AggregatorConfig } from "../aggregator/aggregator.ts";
import type { DeadLettersConfig } from "../dead-letters/dead-letters.ts";
import type { ExaminerConfig } from "../examiner/examiner.ts";
import type { OutletSpec } from "../outlets/protocol.ts";
import type { SamplerConfig } from "../sampler/sampler.ts";
import type { WindowerConfig } from "../windower/windower.ts";

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

/** Size of a dataset's files in the lake, where nothing else is said. */
export const DATASET_BYTES = 2 ** 30;

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

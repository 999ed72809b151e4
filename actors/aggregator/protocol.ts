/**
 * What the aggregator is asked, and what it answers: statistics of numbers that other programs send, by metric and group, over the
 * last minutes (streaming/streaming-aggregator.ts says what is kept, and how exactly).
 *
 * The name of a **metric** is a name and no person's: it is kept and shown as it is. A **group** is an identifier: it is replaced by
 * a pseudonym of the kind `metric-group` before anything is kept. Who knows a group asks for it by its name, as the question is
 * replaced the same way; answers show pseudonyms, 16 hex digits.
 *
 * What is kept is in memory alone, and begins anew with the actor.
 */

import type { AggregatorFigures, MetricEvent, Outcome } from "../../streaming/aggregator-types.ts";
import type { MetricStats } from "../../streaming/metric-stats.ts";
import type { Refused } from "../refused.ts";

/** Name of the actor in the system. */
export const AGGREGATOR = "aggregator";
/** The kind of identifier that groups are. */
export const GROUP_KIND = "metric-group";

export const METRIC_NAME = /^[A-Za-z_][A-Za-z0-9_.:/-]{0,119}$/;
export const METRIC_NAME_EXPECTED =
  "a name of 1 to 120 letters, digits and _ . : / -, that begins with a letter or _";
/** UTF-16 units. */
export const MAX_GROUP_CHARACTERS = 256;
/** Values of one message. */
export const MAX_VALUES = 10_000;
/** Metrics of one answer. */
export const MAX_METRICS = 1000;

/** What may become of a value, by the number it has in an answer. */
export const OUTCOMES: readonly Outcome[] = ["added", "other", "late", "ahead", "refused", "nan"];

export interface AddValues {
  readonly kind: "aggregate.add";
  /** At most `MAX_VALUES`. Groups as they came; times in milliseconds since 1970. */
  readonly events: readonly MetricEvent[];
}

export interface AskStats {
  readonly kind: "aggregate.stats";
  readonly metric: string;
  /** As it came. Default: the metric as a whole. */
  readonly group?: string;
  /** Default: the whole window. */
  readonly windowMs?: number;
}

export interface AskAllStats {
  readonly kind: "aggregate.all";
  /** Only metrics behind this one, in the order of their names. */
  readonly after?: string;
  /** At most `MAX_METRICS`. */
  readonly limit: number;
  readonly windowMs?: number;
}

export type AggregatorMessage =
  | AddValues
  | AskStats
  | AskAllStats
  | { readonly kind: "aggregate.figures" }
  /** Forgets everything. */
  | { readonly kind: "aggregate.reset" };

export interface ValuesAdded {
  readonly ok: true;
  /** A number of OUTCOMES for each value; null: all were taken. */
  readonly outcomes: Uint8Array | null;
  /** Length of the window: what is older is late. */
  readonly windowMs: number;
  readonly maxStreams: number;
}

export interface GroupCount {
  readonly pseudonym: string;
  /** Values, at the most; and by how many that may be too much. */
  readonly count: number;
  readonly error: number;
}

export interface MetricAnswer {
  readonly metric: string;
  readonly stats: MetricStats;
  /** Values of the metric since it is known; of its groups together. */
  readonly totalEvents: number;
  /** The groups with the most values: exact, while there is room for a stream of each. */
  readonly topGroups: readonly GroupCount[];
  /** How many groups there are; about, when there is no room for a stream of each. Null: none to count them either. */
  readonly distinctGroups: number | null;
}

export interface StatsAnswer extends MetricAnswer {
  readonly ok: true;
  /** Null: the metric as a whole. */
  readonly pseudonym: string | null;
}

export interface AllStatsAnswer {
  readonly ok: true;
  /** By name. */
  readonly metrics: readonly MetricAnswer[];
  /** There are more behind this name. Null: there are none. */
  readonly next: string | null;
}

export interface AggregatorReplies {
  readonly "aggregate.add": ValuesAdded;
  readonly "aggregate.stats": StatsAnswer | Refused<"unknown-metric" | "bad-window">;
  readonly "aggregate.all": AllStatsAnswer | Refused<"bad-window">;
  readonly "aggregate.figures": { readonly ok: true; readonly figures: AggregatorFigures };
  readonly "aggregate.reset": { readonly ok: true };
}

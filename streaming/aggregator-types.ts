/** What a StreamingAggregator is made with, takes and tells. */

import type { Clock } from "../runtime/clock.ts";
import type { AggregateSpace } from "./space.ts";

export interface StreamingAggregatorOptions {
  /** Length of the window; default 300 000 (five minutes), from a second to 31 days. */
  readonly windowMs?: number;
  /** Streams that are kept at once; default 10 000. Beside them each metric may have one of all its other groups. */
  readonly maxStreams?: number;
  /** Bytes of all streams together, when no space is given; default 128 MiB. A stream takes 2 KiB, and from 256 bytes for each tenth of the window with values. */
  readonly bytes?: number;
  /** What becomes of values of a new group when there is no room; default `other`. */
  readonly whenFull?: WhenFull;
  /** How far ahead of the clock a value's time may be: it counts as now. Beyond, it is left out. Default 60 000. */
  readonly aheadMs?: number;
  readonly clock?: Pick<Clock, "nowMs">;
  /** Default: one of its own. */
  readonly space?: AggregateSpace;
}

export type WhenFull = "other" | "refuse";

export interface ValueOptions {
  readonly group?: string;
  /** When it was; default now. */
  readonly timeMs?: number;
}

export interface MetricEvent extends ValueOptions {
  readonly metric: string;
  readonly value: number;
}

/**
 * What became of a value. `other`: it counts for its metric, and among the other groups. Not taken: `late`, its time had left the
 * window; `ahead`, its time is too far in the future; `refused`, there is no room for its stream; `nan`.
 */
export type Outcome = "added" | "other" | "late" | "ahead" | "refused" | "nan";

export interface StatsOptions {
  /** Null: all groups for which there was no room. Default: the metric as a whole. */
  readonly group?: string | null;
  /** The latest part of the window; default all of it. */
  readonly windowMs?: number;
}

export interface AggregatorFigures {
  /** Values that were taken, since the beginning or the last reset. */
  readonly events: number;
  /** Of these: those of groups for which there was no room; and those that are in no percentile. */
  readonly other: number;
  readonly uncounted: number;
  readonly late: number;
  readonly ahead: number;
  readonly refused: number;
  readonly nan: number;
  /** Streams there are, those of other groups among them. */
  readonly streams: number;
  readonly metrics: number;
  readonly stateBytes: number;
  /** Streams that no value came for during a window; and values that have left theirs, as far as it was noticed. */
  readonly expiredStreams: number;
  readonly expiredValues: number;
}

/**
 * Statistics of streams of numbers and items, for direct use in a program: windows, percentiles, rates, top lists, distinct counts,
 * and all of them by metric and group; and the engine, for windows over asynchronous sources. State lies in a bounded memory (space.ts),
 * work is done by the kernels.
 */

export type {
  AggregatorFigures,
  MetricEvent,
  Outcome,
  StatsOptions,
  StreamingAggregatorOptions,
  ValueOptions,
  WhenFull,
} from "./aggregator-types.ts";
export { DistinctCounter, type DistinctCounterOptions, type DistinctValue } from "./distinct-counter.ts";
export * from "./engine/index.ts";
export type { MetricStats } from "./metric-stats.ts";
export type { GroupRank } from "./other-groups.ts";
export { type Percentiles, PercentileTracker } from "./percentile-tracker.ts";
export { RateCalculator, type RateCalculatorOptions } from "./rate-calculator.ts";
export { SlidingWindow, type SlidingWindowOptions, type WindowStats } from "./sliding-window.ts";
export { type AggregateSpace, createSpace, defaultSpace } from "./space.ts";
export { StreamingAggregator } from "./streaming-aggregator.ts";
export { type TopEntry, type TopItem, type TopKOptions, TopKTracker } from "./topk-tracker.ts";

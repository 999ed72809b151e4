/** The streaming engine. Start reading at engine.ts; builder.ts has all that can be set. */

export { StreamingEngineBuilder } from "./builder.ts";
export { TimedOut } from "./deliveries.ts";
export type { IngestOptions, IngestSummary } from "./engine.ts";
export type { Key } from "./key-dictionary.ts";
export type { StreamingMetrics } from "./meter.ts";
export type { Detector, Pattern, PatternBatch } from "./pattern.ts";
export type { EngineError } from "./plan.ts";
export { prometheusText } from "./prometheus.ts";
export type { Source } from "./pull.ts";
export { StreamingEngine } from "./streaming-engine.ts";
export type { MeasureFigures, WindowResult } from "./window-result.ts";

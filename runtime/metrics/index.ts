/** Metrics: start with cells.ts (what threads write), then prometheus.ts (what a scrape reads). */
export {
  bindMetrics,
  defineMetrics,
  type MetricCells,
  type MetricDefinition,
  type MetricId,
  type MetricLayout,
  type MetricUnit,
  metricId,
} from "./cells.ts";
export {
  createMetrics,
  type MetricLabels,
  type Metrics,
  type MetricsOptions,
  metricsContentType,
} from "./prometheus.ts";

/**
 * Answers about aggregated metrics. Their names are those of the interface that this family of routes keeps to (`total_events`, and so
 * on): see routes/pipeline.ts.
 */

import { z } from "zod";
import type { MetricAnswer } from "../actors/aggregator/protocol.ts";
import { count, moment } from "./schemas.ts";

const figure = () => z.number().nullable();

const STATS = z
  .object({
    count: count(),
    sum: z.number().nullable(),
    mean: figure(),
    variance: figure().describe("Of the values themselves: divided by their count."),
    stddev: figure(),
    min: figure(),
    max: figure(),
    p50: figure().describe("Within 0.8 %, as all percentiles."),
    p90: figure(),
    p95: figure(),
    p99: figure(),
    rate: z.number().describe("Values a second."),
    from: moment().describe("The span that was looked at begins; it ends with `timestamp`."),
  })
  .describe("Null where there is no value, or none that JSON can carry.")
  .meta({ id: "MetricFigures" });

export const METRIC = z
  .object({
    stats: STATS,
    total_events: count().describe("Values of the metric since it is known, of all its groups."),
    timestamp: moment(),
    top_groups: z
      .array(
        z.object({
          group: z.string().describe("Its pseudonym."),
          count: count().describe("Values, at the most."),
          error: count().describe("By how many that may be too much."),
        }),
      )
      .describe("The groups with the most values: exact, as long as there is room for each of them."),
    distinct_groups: count()
      .nullable()
      .describe(
        "How many groups there are; about, when there is no room for each of them. Null: there is none to count them.",
      ),
  })
  .meta({ id: "Metric" });

export const GROUP_METRIC = METRIC.extend({
  group: z
    .string()
    .nullable()
    .describe("Pseudonym of the group that was asked for; null: the metric as a whole."),
}).meta({ id: "MetricOrGroup" });

export const METRICS = z.record(z.string(), METRIC).meta({ id: "Metrics" });

export function metricView({
  stats,
  totalEvents,
  topGroups,
  distinctGroups,
}: MetricAnswer): z.output<typeof METRIC> {
  const { fromMs, toMs, ...figures } = stats;
  return {
    // Infinite figures become null, as JSON has none.
    stats: { ...figures, from: new Date(fromMs).toISOString() },
    total_events: totalEvents,
    timestamp: new Date(toMs).toISOString(),
    top_groups: topGroups.map(({ pseudonym, count: values, error }) => ({
      group: pseudonym,
      count: values,
      error,
    })),
    distinct_groups: distinctGroups,
  };
}

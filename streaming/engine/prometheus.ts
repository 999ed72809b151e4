/** An engine's metrics as Prometheus reads them (text exposition format 0.0.4). */

import type { StreamingMetrics } from "./meter.ts";

type Field = readonly [
  name: string,
  type: "counter" | "gauge",
  help: string,
  of: (metrics: StreamingMetrics) => number,
];

const PREFIX = "millrace_engine_";

const FIELDS: readonly Field[] = [
  ["vectors_processed_total", "counter", "Items that went to the windows.", (m) => m.vectorsProcessed],
  ["items_received_total", "counter", "Items that came from sources.", (m) => m.itemsReceived],
  ["patterns_detected_total", "counter", "Patterns that the detector found.", (m) => m.patternsDetected],
  [
    "windows_processed_total",
    "counter",
    "Windows that came out for the first time.",
    (m) => m.windowsProcessed,
  ],
  ["corrections_total", "counter", "Windows that came out again.", (m) => m.corrections],
  ["processed_bytes_total", "counter", "Size of the items processed.", (m) => m.bytesProcessed],
  ["backpressure_events_total", "counter", "Times that the source had to wait.", (m) => m.backpressureEvents],
  ["errors_total", "counter", "Errors that did not end the stream, and sources that threw.", (m) => m.errors],
  ["timeouts_total", "counter", "Callbacks that took too long.", (m) => m.timeouts],
  ["late_items_total", "counter", "Items whose windows were given up before.", (m) => m.late],
  ["ahead_items_total", "counter", "Items too far in the future.", (m) => m.ahead],
  ["refused_items_total", "counter", "Items without room for their group.", (m) => m.refused],
  ["other_items_total", "counter", "Items in the group of all others.", (m) => m.other],
  ["truncated_values_total", "counter", "Values in no percentile for want of memory.", (m) => m.truncated],
  ["buffer_size", "gauge", "Items and windows that wait, or are worked on.", (m) => m.bufferSize],
  ["peak_buffer_size", "gauge", "The most there have been.", (m) => m.peakBufferSize],
  ["latency_mean_seconds", "gauge", "From an item's coming to its windows.", (m) => m.avgLatencyMs / 1000],
  ["throughput_items_per_second", "gauge", "Items processed a second.", (m) => m.throughputPerSec],
  ["start_time_seconds", "gauge", "When the first item came, Unix time.", (m) => seconds(m.startTime)],
  ["last_update_time_seconds", "gauge", "When items last came, Unix time.", (m) => seconds(m.lastUpdate)],
];

/**
 * @param labels of all series: `{ stream: "orders" }`
 * @throws TypeError for a label's name that Prometheus could not read
 */
export function prometheusText(
  metrics: StreamingMetrics,
  labels: Readonly<Record<string, string>> = {},
): string {
  const set = labelSet(labels);
  const lines = FIELDS.flatMap(([name, type, help, of]) => [
    `# HELP ${PREFIX}${name} ${help}`,
    `# TYPE ${PREFIX}${name} ${type}`,
    `${PREFIX}${name}${set} ${of(metrics)}`,
  ]);
  return `${lines.join("\n")}\n`;
}

function labelSet(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(name)) {
      throw new TypeError(`labels: expected names of letters, digits and _; came "${name}"`);
    }
    return `${name}="${value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** NaN: it has not been yet. */
function seconds(moment: Date | null): number {
  return moment === null ? Number.NaN : moment.getTime() / 1000;
}

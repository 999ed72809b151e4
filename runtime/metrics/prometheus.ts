/**
 * Metrics as Prometheus reads them (text exposition format 0.0.4), through prom-client's registry.
 *
 * Values are read when asked for: from the cells of every thread, from callbacks (a lane's lag, a mailbox's depth), and
 * from the process. prom-client's counters can only be incremented, ours hold their absolute value already, so both kinds
 * of metric are prom-client's classes with `get()` answering from the cells; nothing is kept twice, and the registry does
 * the escaping. Names get a prefix, the unit, and `_total` for counters: stage_lag → millrace_stage_lag.
 *
 * A callback that throws loses only its own series, and is counted in `metric_read_failures_total`.
 * prom-client takes about 60 ms to load, so it is loaded by the first scrape and not by the start.
 */
import process from "node:process";
import type { Gauge, Registry } from "prom-client";
import {
  checkDefinitions,
  type MetricCells,
  type MetricDefinition,
  type MetricId,
  seriesKey,
} from "./cells.ts";

/** What an HTTP answer with this text declares. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

export interface MetricsOptions {
  /** Starts every name: "millrace_". */
  readonly prefix: string;
  /** Cells to show; each layout may be bound once. */
  readonly cells?: readonly MetricCells[];
  /** Adds resident memory, CPU time and start time of the process. Default true. */
  readonly processMetrics?: boolean;
}

/** Labels of one series. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface Metrics {
  /**
   * A gauge that is read by calling `read`. Several series of one name share help and label names.
   * Returns what takes the series out again.
   * @throws TypeError for a name or label Prometheus could not show, or a series that is there already
   */
  registerGauge(name: string, help: string, labels: MetricLabels, read: () => number): () => void;
  /** As `registerGauge`, for a total that only grows. */
  registerCounter(name: string, help: string, labels: MetricLabels, read: () => number): () => void;
  /** The text of all metrics, in the order they were declared. */
  render(): Promise<string>;
}

interface Series {
  readonly definition: MetricDefinition;
  readonly read: () => number;
}

/** Main thread only; one for the process. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { prefix, cells = [], processMetrics = true } = options;
  if (!/^[a-z][a-z0-9_]*_$/.test(prefix)) {
    throw new TypeError(`expected a prefix such as "app_"; came "${prefix}"`);
  }
  const series = new Map<string, Series>();
  let failures = 0;

  const failureCount: Series = {
    definition: {
      name: "metric_read_failures",
      help: "Metrics that could not be read when asked for.",
      type: "counter",
    },
    read: () => failures,
  };

  function register(definition: MetricDefinition, read: () => number): () => void {
    const kin = [...series.values()]
      .map((other) => other.definition)
      .filter(({ name }) => name === definition.name);
    checkDefinitions([...kin, definition]);
    const shown = fullName(prefix, definition);
    for (const { definition: other } of [...series.values(), failureCount]) {
      if (other.name !== definition.name || other === failureCount.definition) {
        if (fullName(prefix, other) === shown) throw new TypeError(`metric ${shown} is taken`);
      }
    }
    const key = seriesKey(definition.name, definition.labels);
    const entry = { definition: { ...definition, labels: { ...definition.labels } }, read };
    series.set(key, entry);
    return () => {
      if (series.get(key) === entry) series.delete(key);
    };
  }

  for (const bound of cells) {
    for (const [id, cell] of bound.layout.cells.entries()) register(cell, () => bound.read(id as MetricId));
  }
  if (processMetrics) {
    for (const [definition, read] of processSeries()) register(definition, read);
  }

  return {
    registerGauge: (name, help, labels, read) => register({ name, help, labels, type: "gauge" }, read),
    registerCounter: (name, help, labels, read) => register({ name, help, labels, type: "counter" }, read),
    async render() {
      const values = new Map<string, { definition: MetricDefinition; values: SeriesValue[] }>();
      // The failures come last, so that they count those of this very scrape.
      for (const { definition, read } of [...series.values(), failureCount]) {
        const group = values.get(definition.name) ?? { definition, values: [] };
        values.set(definition.name, group);
        try {
          group.values.push({ labels: definition.labels ?? {}, value: Number(read()) });
        } catch {
          failures++;
        }
      }
      const { Counter, Gauge, Registry } = await import("prom-client");
      const registry = new Registry();
      for (const { definition, values: read } of values.values()) {
        const config = {
          name: fullName(prefix, definition),
          help: definition.help,
          labelNames: Object.keys(definition.labels ?? {}),
          registers: [registry],
        };
        const metric = definition.type === "counter" ? new Counter(config) : new Gauge(config);
        answerWith(metric, read);
      }
      return (registry as Registry).metrics();
    },
  };
}

/** prefix + name + _unit + _total. */
function fullName(prefix: string, { name, unit, type }: MetricDefinition): string {
  return prefix + name + (unit === undefined ? "" : `_${unit}`) + (type === "counter" ? "_total" : "");
}

interface SeriesValue {
  readonly labels: MetricLabels;
  readonly value: number;
}

/**
 * Makes a prom-client metric answer with these values. Setting them one by one would go through its own table, which takes
 * two series for one when their label values hold commas and colons.
 */
function answerWith(metric: Pick<Gauge, "get">, values: readonly SeriesValue[]): void {
  const get = metric.get.bind(metric);
  metric.get = async () => ({ ...(await get()), values: [...values] });
}

function processSeries(): [MetricDefinition, () => number][] {
  const startedSeconds = Date.now() / 1000 - process.uptime();
  return [
    [
      {
        name: "process_resident_memory",
        unit: "bytes",
        type: "gauge",
        help: "Memory of the process that is resident.",
      },
      () => process.memoryUsage.rss(),
    ],
    [
      {
        name: "process_cpu",
        unit: "seconds",
        type: "counter",
        help: "CPU time the process has used, user and system.",
      },
      () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
    ],
    [
      {
        name: "process_start_time",
        unit: "seconds",
        type: "gauge",
        help: "When the process started, Unix time.",
      },
      () => startedSeconds,
    ],
  ];
}

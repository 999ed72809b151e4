/** The text a scrape gets, read back by a small parser of the exposition format. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  bindMetrics,
  createMetrics,
  defineMetrics,
  metricId,
  metricsContentType,
} from "../../runtime/metrics/index.ts";

const bare = { prefix: "app_", processMetrics: false } as const;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details; throws for a line that is none. */
function parse(text: string): { samples: Sample[]; types: Map<string, string>; helps: Map<string, string> } {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const unescaped = (escaped: string) =>
    escaped.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
  assert.ok(text.endsWith("\n"), "the last line ends with a line feed");
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.*)$/s.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment;
      const into = kind === "HELP" ? helps : types;
      assert.ok(!into.has(name!), `${kind} ${name} twice`);
      into.set(name!, unescaped(rest!));
      continue;
    }
    const sample =
      /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/.exec(line);
    assert.ok(sample !== null, `not a line of the format: ${JSON.stringify(line)}`);
    const [, name, labelText = "", value] = sample;
    const labels: Record<string, string> = {};
    for (const [, label, escaped] of labelText.matchAll(/([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
      labels[label!] = unescaped(escaped!);
    }
    samples.push({ name: name!, labels, value: value! });
  }
  return { samples, types, helps };
}

describe("metrics as text", () => {
  it("shows cells by name, unit and total, at the moment of asking", async () => {
    const layout = defineMetrics([
      {
        name: "rows_stored",
        help: "Rows stored.",
        type: "counter",
        labels: { lane: "memory" },
        writer: "recorder",
      },
      {
        name: "rows_stored",
        help: "Rows stored.",
        type: "counter",
        labels: { lane: "process" },
        writer: "recorder",
      },
      { name: "sync", help: "Time spent in syncs.", type: "counter", unit: "seconds", writer: "recorder" },
      { name: "clients", help: "Clients.", type: "gauge" },
    ]);
    const cells = bindMetrics(new SharedArrayBuffer(layout.byteLength), 0, layout);
    const metrics = createMetrics({ ...bare, cells: [cells] });
    cells.add(metricId(layout, "rows_stored", { lane: "process" }), 3);
    cells.add(metricId(layout, "sync"), 0.25);
    cells.add(metricId(layout, "clients"), 2);
    assert.equal(
      await metrics.render(),
      `# HELP app_rows_stored_total Rows stored.
# TYPE app_rows_stored_total counter
app_rows_stored_total{lane="memory"} 0
app_rows_stored_total{lane="process"} 3

# HELP app_sync_seconds_total Time spent in syncs.
# TYPE app_sync_seconds_total counter
app_sync_seconds_total 0.25

# HELP app_clients Clients.
# TYPE app_clients gauge
app_clients 2

# HELP app_metric_read_failures_total Metrics that could not be read when asked for.
# TYPE app_metric_read_failures_total counter
app_metric_read_failures_total 0
`,
    );
    cells.add(metricId(layout, "rows_stored", { lane: "process" }), 4);
    const { samples } = parse(await metrics.render());
    assert.equal(samples.find(({ labels }) => labels["lane"] === "process")?.value, "7");
  });

  it("keeps every series apart and every label whole, whatever its text", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }).filter((s) => s.isWellFormed()),
      fc.stringMatching(/^[a,:b"\\\n]*$/),
    );
    const labels = fc.record({ lane: text, stage: text });
    const sets = fc.uniqueArray(labels, {
      maxLength: 12,
      selector: ({ lane, stage }) => JSON.stringify([lane, stage]),
    });
    await fc.assert(
      fc.asyncProperty(sets, text, async (series, help) => {
        const metrics = createMetrics(bare);
        const said = `${help}.`;
        series.forEach((set, i) => {
          metrics.registerGauge("stage_lag_slots", said, set, () => i);
        });
        const { samples, helps, types } = parse(await metrics.render());
        const lags = samples.filter(({ name }) => name === "app_stage_lag_slots");
        assert.deepEqual(
          lags.map(({ labels: read, value }) => [read["lane"], read["stage"], value]),
          series.map(({ lane, stage }, i) => [lane, stage, String(i)]),
        );
        if (series.length > 0) {
          assert.equal(helps.get("app_stage_lag_slots"), said);
          assert.equal(types.get("app_stage_lag_slots"), "gauge");
        }
      }),
      {
        seed: 20260501,
        examples: [
          [
            [
              { lane: "1,stage:2", stage: "3" },
              { lane: "1", stage: "2,stage:3" },
            ],
            "x",
          ],
        ],
      },
    );
  });

  it("writes what is not finite as the format does", async () => {
    const metrics = createMetrics(bare);
    const values = { nan: Number.NaN, up: Infinity, down: -Infinity, small: 1e-9, large: 1e21, minus: -0.5 };
    for (const [of, value] of Object.entries(values)) metrics.registerGauge("g", "G.", { of }, () => value);
    const { samples } = parse(await metrics.render());
    const read = Object.fromEntries(
      samples.filter(({ name }) => name === "app_g").map((s) => [s.labels["of"], s.value]),
    );
    // The format's readers take NaN in any case (Go's ParseFloat).
    assert.equal(read["nan"]?.toLowerCase(), "nan");
    assert.deepEqual([read["up"], read["down"]], ["+Inf", "-Inf"]);
    assert.deepEqual(
      [Number(read["small"]), Number(read["large"]), Number(read["minus"])],
      [1e-9, 1e21, -0.5],
    );
  });

  it("loses only the series that cannot be read, and counts it in the same scrape", async () => {
    const metrics = createMetrics(bare);
    metrics.registerGauge("depth", "Depth.", { of: "a" }, () => {
      throw new Error("gone");
    });
    metrics.registerGauge("depth", "Depth.", { of: "b" }, () => 2);
    const { samples } = parse(await metrics.render());
    assert.deepEqual(
      samples.map(({ name, labels, value }) => [name, labels["of"], value]),
      [
        ["app_depth", "b", "2"],
        ["app_metric_read_failures_total", undefined, "1"],
      ],
    );
  });

  it("takes a series out again, once, and lets it come back", async () => {
    const metrics = createMetrics(bare);
    const remove = metrics.registerGauge("depth", "Depth.", { of: "a" }, () => 1);
    assert.throws(() => metrics.registerGauge("depth", "Depth.", { of: "a" }, () => 2), /declared twice/);
    remove();
    assert.doesNotMatch(await metrics.render(), /depth/);
    metrics.registerGauge("depth", "Depth.", { of: "a" }, () => 3);
    remove();
    assert.match(await metrics.render(), /app_depth\{of="a"\} 3/);
  });

  it("refuses names that would collide or could not be shown", () => {
    const metrics = createMetrics(bare);
    metrics.registerGauge("stage_lag_seconds", "Lag.", {}, () => 1);
    assert.throws(
      () => metrics.registerGauge("stage_lag_seconds", "Other.", { a: "b" }, () => 1),
      /same help/,
    );
    assert.throws(() => metrics.registerGauge("Bad-Name", "Bad.", {}, () => 1), /snake_case/);
    assert.throws(() => metrics.registerCounter("metric_read_failures", "F.", {}, () => 1), /is taken/);
    const layout = defineMetrics([{ name: "stage_lag", unit: "seconds", help: "Lag.", type: "gauge" }]);
    const cells = bindMetrics(new SharedArrayBuffer(layout.byteLength), 0, layout);
    const clash = createMetrics({ ...bare, cells: [cells] });
    assert.throws(
      () => clash.registerGauge("stage_lag_seconds", "Lag.", {}, () => 1),
      /app_stage_lag_seconds is taken/,
    );
    assert.throws(() => createMetrics({ prefix: "no prefix" }), /expected a prefix/);
  });

  it("shows the process in base units", async () => {
    const { samples, types } = parse(await createMetrics({ prefix: "millrace_" }).render());
    const value = (name: string) => Number(samples.find((sample) => sample.name === name)?.value);
    assert.ok(value("millrace_process_resident_memory_bytes") > 2 ** 20);
    assert.ok(value("millrace_process_cpu_seconds_total") > 0.001);
    assert.ok(value("millrace_process_start_time_seconds") > 1.7e9);
    assert.equal(types.get("millrace_process_cpu_seconds_total"), "counter");
    assert.match(metricsContentType, /^text\/plain; version=0\.0\.4/);
  });
});

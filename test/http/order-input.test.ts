import assert from "node:assert/strict";
import { test } from "node:test";
import { exportName } from "../../http/export-name.ts";
import { orderView } from "../../http/job-view.ts";
import { orderFromJson, orderFromQuery } from "../../http/order-input.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const SPAN = { fromMs: NOW - 3_600_000, toMs: NOW };

const query = (text: string, compression?: string) =>
  orderFromQuery({ dataset: "process", format: "csv", compression }, new URLSearchParams(text), NOW);

for (const [name, stem, format, compression] of [
  ["process.csv", "process", "csv", undefined],
  ["process.csv.gz", "process", "csv", "gzip"],
  ["process.jsonl.zst", "process", "jsonl", "zstd"],
  ["process.ndjson", "process", "jsonl", undefined],
  ["process.feather", "process", "arrow", undefined],
  ["process.arrows", "process", "arrows", undefined],
  ["process.sqlite", "process", "sqlite", undefined],
  ["my.day.parquet", "my.day", "parquet", undefined],
  ["process", "process", undefined, undefined],
  ["process.", "process", undefined, undefined],
  ["process.gz", "process", undefined, "gzip"],
  ["process.CSV", "process", undefined, undefined],
  ["process.constructor", "process", undefined, undefined],
  ["process.xml.gz", "process", undefined, "gzip"],
  [".csv", "", "csv", undefined],
] as const) {
  test(`the name ${name}`, () => {
    assert.deepEqual(exportName(name), { stem, format, compression });
  });
}

test("an address says all that an order can", () => {
  const text =
    "hours=1&columns=pid_hash,%20cpu_percent&where=cpu_percent%20%3E%2050&profile=anonymous&k=7&maxSuppressed=0.25";
  assert.deepEqual(query(text, "gzip"), {
    ok: true,
    order: {
      ...SPAN,
      dataset: "process",
      format: "csv",
      columns: ["pid_hash", "cpu_percent"],
      where: "cpu_percent > 50",
      compression: "gzip",
      profile: "anonymous",
      k: 7,
      maxSuppressed: 0.25,
    },
  });
});

test("what an address leaves open is left open in the order", () => {
  assert.deepEqual(query("hours=1"), { ok: true, order: { ...SPAN, dataset: "process", format: "csv" } });
});

for (const [text, parameter, came] of [
  ["k=", "k", '""'],
  ["k=five", "k", '"five"'],
  ["k=-1", "k", '"-1"'],
  ["maxSuppressed=1e-3", "maxSuppressed", '"1e-3"'],
  ["from=noon", "from", '"noon"'],
] as const) {
  test(`the parameters ${text} are refused by name`, () => {
    const read = query(text);
    assert.ok(!read.ok);
    assert.deepEqual([read.parameter, read.came], [parameter, came]);
  });
}

test("a compression that contradicts the name is refused, the same one is not", () => {
  const read = query("compression=zstd", "gzip");
  assert.ok(!read.ok);
  assert.equal(read.parameter, "compression");
  assert.ok(query("compression=gzip", "gzip").ok);
});

test("a JSON body says all that an order can, and is what an order is shown as", () => {
  const order = {
    ...SPAN,
    dataset: "process",
    format: "parquet",
    columns: ["cpu_percent"],
    where: "cpu_percent > 50",
    newest: 12,
    compression: "zstd",
    profile: "anonymous",
    k: 7,
    maxSuppressed: 0.25,
  };
  assert.deepEqual(orderFromJson(orderView(order), NOW), { ok: true, order });
  const open = { ...order, fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  assert.deepEqual(orderFromJson(orderView(open), NOW), { ok: true, order: open });
});

const least = { dataset: "process", format: "csv" };
for (const [body, parameter, expected, came] of [
  [null, "body", /a JSON object/, "null"],
  [[], "body", /a JSON object/, "a list"],
  ["process", "body", /a JSON object/, '"process"'],
  [{}, "dataset", /the name of a dataset/, "nothing"],
  [{ dataset: 7, format: "csv" }, "dataset", /the name of a dataset/, "7"],
  [{ dataset: "process" }, "format", /csv, json, jsonl/, "nothing"],
  [{ ...least, hours: "24" }, "hours", /a number/, '"24"'],
  [{ ...least, hours: -1 }, "hours", /above 0/, "-1"],
  [{ ...least, from: {} }, "from", /ISO 8601/, "an object"],
  [{ ...least, from: "noon" }, "from", /ISO 8601/, '"noon"'],
  [{ ...least, columns: "a,b" }, "columns", /a list of columns/, '"a,b"'],
  [{ ...least, columns: ["a", 1] }, "columns.1", /the name of a column/, "1"],
  [{ ...least, where: true }, "where", /a filter as text/, "true"],
  [{ ...least, k: null }, "k", /a number/, "null"],
  [{ ...least, newest: "all" }, "newest", /a number/, '"all"'],
  [{ ...least, name: "training" }, "name", /none, as process has no export by name/, '"training"'],
  [{ dataset: "compression_telemetry", format: "csv", name: "test" }, "name", /one of training/, '"test"'],
  [
    { dataset: "compression_telemetry", format: "csv", name: "training", where: "x = 1" },
    "where",
    /none beside name=training/,
    "both",
  ],
  [
    { ...least, max_suppressed: 0.1 },
    "body",
    /only the fields dataset, /,
    '"max_suppressed"; did you mean maxSuppressed?',
  ],
  [{ ...least, ["__proto__x"]: 1 }, "body", /only the fields/, '"__proto__x"'],
] as const) {
  test(`the body ${JSON.stringify(body)} is refused by the field's name`, () => {
    const read = orderFromJson(body, NOW);
    assert.ok(!read.ok);
    assert.equal(read.parameter, parameter);
    assert.match(read.expected, expected);
    assert.equal(read.came, came);
  });
}

test("an export by its name says columns, filter, number and time; number and time may be others", () => {
  const named = (text: string) =>
    orderFromQuery(
      { dataset: "compression_telemetry", format: "csv", compression: undefined },
      new URLSearchParams(text),
      NOW,
    );
  const usual = named("name=training");
  assert.ok(usual.ok);
  const { columns, where, newest, fromMs, toMs } = usual.order;
  assert.deepEqual([columns?.length, columns?.[0], columns?.[20]], [21, "timestamp", "oracle_algorithm"]);
  assert.equal(where, "is_training_candidate = true and quality_score > 0.8");
  assert.deepEqual([newest, toMs - fromMs, toMs], [100_000, 30 * 86_400_000, NOW]);
  const other = named("name=training&newest=5&hours=2");
  assert.ok(other.ok);
  assert.deepEqual([other.order.newest, other.order.toMs - other.order.fromMs], [5, 7_200_000]);
  const from = named("name=training&from=2026-01-01T00:00:00Z");
  assert.ok(from.ok);
  assert.equal(from.order.fromMs, Date.UTC(2026, 0, 1));
});

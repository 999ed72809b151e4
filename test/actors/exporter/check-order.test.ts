/** What would fail here: an order let through that cannot be carried out, and a refusal that does not say what to do. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOrder } from "../../../actors/exporter/check-order.ts";
import { FORMATS } from "../../../actors/exporter/formats/index.ts";
import type { ExportOrder } from "../../../actors/exporter/order.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { orderOf } from "./export-client.ts";

function planOf(order: Partial<ExportOrder>) {
  const checked = checkOrder(orderOf(order));
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.plan;
}

function refusal(order: Partial<ExportOrder>) {
  const checked = checkOrder(orderOf(order));
  assert.ok(!checked.ok, "it was let through");
  return checked;
}

describe("an order is refused", () => {
  const cases: readonly (readonly [string, Partial<ExportOrder>, string, RegExp])[] = [
    [
      "for a dataset that is none",
      { dataset: "prozess" },
      "unknown-dataset",
      /^expected a dataset: memory, process, .*; came "prozess"$/,
    ],
    [
      "for a format that is none",
      { format: "xlsx" },
      "unknown-format",
      /^expected a format: csv, json, jsonl, parquet, sqlite, arrow, arrows; came "xlsx"$/,
    ],
    ["for a format of JavaScript's own", { format: "toString" }, "unknown-format", /came "toString"$/],
    [
      "for a column that is none",
      { columns: ["pid", "name"] },
      "unknown-column",
      /^expected columns of process: timestamp, pid, name_hash, .*; came "name"$/,
    ],
    ["for a column twice", { columns: ["pid", "timestamp", "pid"] }, "unknown-column", /; came "pid" twice$/],
    ["for an unknown column twice", { columns: ["x", "x"] }, "unknown-column", /; came "x"$/],
    [
      "for no columns",
      { columns: [] },
      "unknown-column",
      /came none: name at least one, or leave the choice out$/,
    ],
    [
      "for an empty range",
      { fromMs: START_MS, toMs: START_MS },
      "bad-range",
      /^expected a time range with its start before its end; came 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:00.000Z$/,
    ],
    [
      "for a range that ends before it starts",
      { fromMs: START_MS + 1, toMs: START_MS },
      "bad-range",
      /before its end/,
    ],
    ["for a range that is no number", { fromMs: Number.NaN }, "bad-range", /came NaN to Infinity$/],
    [
      "for a compression that the format has not",
      { format: "sqlite", compression: "zstd" },
      "bad-option",
      /^expected a compression that sqlite allows: none; came "zstd"$/,
    ],
    [
      "for a compression that is none",
      { compression: "lz4" },
      "bad-option",
      /allows: none, gzip, zstd; came "lz4"$/,
    ],
    [
      "for a profile that is none",
      { profile: "raw" },
      "bad-option",
      /^expected a profile: pseudonymous, anonymous; came "raw"$/,
    ],
    [
      "for k without the profile",
      { k: 5 },
      "bad-option",
      /^expected k with the profile anonymous only; came the profile pseudonymous: ask for the profile anonymous, or leave k out$/,
    ],
    [
      "for maxSuppressed without the profile",
      { profile: "pseudonymous", maxSuppressed: 0 },
      "bad-option",
      /^expected maxSuppressed with/,
    ],
    ["for k of 1", { profile: "anonymous", k: 1 }, "bad-option", /whole number from 2 to 1000; came 1$/],
    ["for k of 1001", { profile: "anonymous", k: 1001 }, "bad-option", /; came 1001$/],
    ["for half a k", { profile: "anonymous", k: 2.5 }, "bad-option", /; came 2.5$/],
    ["for no share", { profile: "anonymous", maxSuppressed: 1.01 }, "bad-option", /from 0 to 1; came 1.01$/],
    [
      "for a share that is no number",
      { profile: "anonymous", maxSuppressed: Number.NaN },
      "bad-option",
      /came NaN$/,
    ],
    ["for a filter that is none", { where: "cpu_percent >" }, "bad-filter", /./],
    [
      "for a filter on what the profile takes away",
      { profile: "anonymous", where: "cpu_percent > 1 and pid = 12" },
      "bad-filter",
      /pid/,
    ],
    [
      "for a filter on the exact time",
      { profile: "anonymous", where: "timestamp >= '2026-01-01T00:03:00Z'" },
      "bad-filter",
      /timestamp/,
    ],
    ["for a filter of a column that is none", { where: "cpu > 1" }, "bad-filter", /cpu/],
  ];
  for (const [name, order, reason, message] of cases) {
    test(name, () => {
      const refused = refusal(order);
      assert.equal(refused.reason, reason, refused.message);
      assert.match(refused.message, message);
      assert.ok(!refused.message.includes("\n"), "more than one line");
    });
  }

  test("with no more of what came than fits a line", () => {
    const { message } = refusal({ format: "x".repeat(10_000) });
    assert.ok(message.length < 200, message);
  });
});

describe("an order that says little", () => {
  test("is filled in with what is usual", () => {
    const plan = planOf({});
    assert.equal(plan.compression, "none");
    assert.equal(plan.profile, "pseudonymous");
    assert.equal(plan.policy, undefined);
    assert.equal(plan.where, undefined);
    assert.equal(plan.shape, plan.dataset);
    assert.equal(planOf({ format: "parquet" }).compression, "zstd");
    assert.deepEqual(planOf({ profile: "anonymous" }).policy, { k: 5, maxSuppressed: 0.1 });
    assert.deepEqual(planOf({ profile: "anonymous", k: 2, maxSuppressed: 1 }).policy, {
      k: 2,
      maxSuppressed: 1,
    });
  });

  test("has the columns in the order they were named", () => {
    const { shape } = planOf({ columns: ["cpu_percent", "timestamp"] });
    assert.deepEqual(
      shape.publicColumns.map(({ name }) => name),
      ["cpu_percent", "timestamp"],
    );
  });
});

describe("the file of an order", () => {
  test("has a name that can be kept", () => {
    const name = (order: Partial<ExportOrder>) => planOf({ format: "parquet", ...order }).fileName;
    assert.equal(name({}), "process.parquet");
    assert.equal(
      name({ fromMs: START_MS, toMs: START_MS + 1 }),
      "process_20260101T000000Z_20260101T000000.001Z.parquet",
    );
    assert.equal(name({ fromMs: START_MS }), "process_20260101T000000Z_now.parquet");
    assert.equal(name({ toMs: START_MS }), "process_start_20260101T000000Z.parquet");
    assert.equal(name({ compression: "gzip" }), "process.parquet");
    assert.equal(name({ format: "csv", compression: "gzip" }), "process.csv.gz");
    assert.equal(name({ format: "jsonl", compression: "zstd" }), "process.jsonl.zst");
    for (const { name: format, compressions } of FORMATS) {
      for (const compression of compressions) assert.match(name({ format, compression }), /^[\w.-]+$/);
    }
  });

  test("has the type of its bytes as they are", () => {
    assert.match(planOf({}).contentType, /^text\/csv/);
    assert.equal(planOf({ compression: "gzip" }).contentType, "application/gzip");
    assert.equal(planOf({ format: "parquet" }).contentType, "application/vnd.apache.parquet");
  });
});

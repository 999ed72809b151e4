import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { needsOf, rangeOf } from "../../../actors/analyst/query-plan.ts";

const DAY = Date.UTC(2026, 0, 1);
const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

test("a comparison with a constant bounds the time, to the millisecond", () => {
  const cases: readonly (readonly [string, number, number])[] = [
    [">='2026-01-01 00:00:00'", DAY, EVER.toMs],
    [">'2026-01-01 00:00:00'", DAY + 1, EVER.toMs],
    [">'2026-01-01 00:00:00.0005'", DAY + 1, EVER.toMs],
    [">='2026-01-01 00:00:00.0005'", DAY + 1, EVER.toMs],
    ["<'2026-01-01 00:00:00'", EVER.fromMs, DAY],
    ["<'2026-01-01 00:00:00.0005'", EVER.fromMs, DAY + 1],
    ["<='2026-01-01 00:00:00'", EVER.fromMs, DAY + 1],
    ["<='2026-01-01 00:00:00.0019'", EVER.fromMs, DAY + 2],
    ["='2026-01-01 00:00:00.25'", DAY + 250, DAY + 251],
  ];
  for (const [comparison, fromMs, toMs] of cases) {
    assert.deepEqual(
      rangeOf([`timestamp${comparison}::TIMESTAMP`], "timestamp"),
      { fromMs, toMs },
      comparison,
    );
  }
});

test("what is not understood bounds nothing", () => {
  for (const filter of [
    "timestamp!='2026-01-01 00:00:00'::TIMESTAMP",
    "timestamp>'infinity'::TIMESTAMP",
    "timestamp>'0044-01-01 (BC) 00:00:00'::TIMESTAMP",
    "timestamp>'2026-01-01 00:00:00'::TIMESTAMP OR timestamp<'2025-01-01 00:00:00'::TIMESTAMP",
    "timestamp IS NOT NULL",
    "optional: timestamp>'2026-01-01 00:00:00'::TIMESTAMP",
    "timestamped>'2026-01-01 00:00:00'::TIMESTAMP",
    "pid=3",
    "(trigger = 'timestamp>''2026-01-01 00:00:00''::TIMESTAMP')",
  ]) {
    assert.deepEqual(rangeOf([filter], "timestamp"), EVER, filter);
  }
});

test("what is joined by AND bounds together, around what is not understood", () => {
  const filter =
    "timestamp>='2026-01-01 00:00:00'::TIMESTAMP AND ((timestamp = '2026-01-01 00:00:05'::TIMESTAMP) OR (timestamp IS NULL)) AND timestamp<'2026-01-01 00:00:10'::TIMESTAMP";
  assert.deepEqual(rangeOf([filter], "timestamp"), { fromMs: DAY, toMs: DAY + 10_000 });
});

test("no stored moment that passes the filters is out of the range, and none that fails a bound is in it", () => {
  const operators = {
    ">": (a: number, b: number) => a > b,
    ">=": (a: number, b: number) => a >= b,
    "<": (a: number, b: number) => a < b,
    "<=": (a: number, b: number) => a <= b,
    "=": (a: number, b: number) => a === b,
  };
  const comparison = fc.record({
    operator: fc.constantFrom(...(Object.keys(operators) as (keyof typeof operators)[])),
    micros: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(comparison, { minLength: 1, maxLength: 4 }), (comparisons) => {
      const text = comparisons.map(({ operator, micros }) => {
        const fraction = String(micros % 1_000_000)
          .padStart(6, "0")
          .replace(/0+$/, "");
        return `timestamp${operator}'2026-01-01 00:00:00${fraction && `.${fraction}`}'::TIMESTAMP`;
      });
      const { fromMs, toMs } = rangeOf([text.join(" AND ")], "timestamp");
      for (let ms = 0; ms <= 21; ms++) {
        const passes = comparisons.every(({ operator, micros }) => operators[operator](ms * 1000, micros));
        assert.equal(DAY + ms >= fromMs && DAY + ms < toMs, passes, `${text.join(" AND ")} at ${ms} ms`);
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("a table that is scanned twice is read for both, one that no plan scans is not", () => {
  const tables = ["process", "memory", "optimization"].map((name) => ({
    name,
    time: "timestamp",
    columns: ["timestamp", "a", "b"].map((column) => ({ name: column, type: "BIGINT" })),
  }));
  const scan = (table: string, columns: string | readonly string[], filters?: string) => ({
    name: "SEQ_SCAN ",
    children: [],
    extra_info: {
      Table: table,
      Projections: columns,
      ...(filters === undefined ? {} : { Filters: filters }),
    },
  });
  const plan = (...children: readonly object[]) =>
    JSON.stringify([{ name: "JOIN", children, extra_info: {} }]);
  const at = (seconds: number) => `'2026-01-01 00:00:${String(seconds).padStart(2, "0")}'::TIMESTAMP`;
  const needs = needsOf(
    tables,
    plan(
      scan("process", "b"),
      scan("process", ["timestamp", "a"]),
      scan("memory", ""),
      scan("optimization", "a"),
    ),
    plan(
      scan("process", "", `timestamp>=${at(10)} AND timestamp<${at(20)}`),
      scan("process", "", `timestamp>=${at(15)} AND timestamp<${at(30)}`),
      scan("memory", ""),
    ),
  );
  assert.deepEqual(needs, [
    { table: "process", columns: ["timestamp", "a", "b"], fromMs: DAY + 10_000, toMs: DAY + 30_000 },
    { table: "memory", columns: ["timestamp"], ...EVER },
  ]);
});

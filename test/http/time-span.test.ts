import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SpanInput, timeSpan } from "../../http/time-span.ts";

const SEED = 20_260_104;
const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;

for (const [given, fromMs, toMs] of [
  [{}, NOW - 24 * HOUR, NOW],
  [{ hours: "1" }, NOW - HOUR, NOW],
  [{ hours: 1 }, NOW - HOUR, NOW],
  [{ hours: "0.5" }, NOW - HOUR / 2, NOW],
  [{ hours: "24", to: "2026-05-31T12:00:00Z" }, NOW - 48 * HOUR, NOW - 24 * HOUR],
  [{ to: "2026-05-31T12:00:00Z" }, NOW - 48 * HOUR, NOW - 24 * HOUR],
  [{ from: "2026-06-01T11:00:00Z" }, NOW - HOUR, NOW],
  [{ from: "2026-06-01T10:00:00.250Z", to: "2026-06-01T11:00:00Z" }, NOW - 2 * HOUR + 250, NOW - HOUR],
  [{ from: "2026-06-01T12:00:00+02:00" }, NOW - 2 * HOUR, NOW],
  [{ from: "2026-06-01T12:00:00 02:00" }, NOW - 2 * HOUR, NOW],
  [{ from: String(NOW - HOUR), to: String(NOW) }, NOW - HOUR, NOW],
  [{ from: NOW - HOUR, to: NOW }, NOW - HOUR, NOW],
  [{ hours: 1, to: "2100-01-01T00:00:00Z" }, Date.UTC(2100, 0, 1) - HOUR, Date.UTC(2100, 0, 1)],
  [{ from: null }, Number.NEGATIVE_INFINITY, NOW],
  [{ from: null, to: null }, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  [{ from: NOW, to: null }, NOW, Number.POSITIVE_INFINITY],
] as const satisfies readonly (readonly [SpanInput, number, number])[]) {
  test(`the span of ${JSON.stringify(given)}`, () => {
    assert.deepEqual(timeSpan(given, NOW), { ok: true, fromMs, toMs });
  });
}

for (const [given, parameter, came] of [
  [{ hours: "0" }, "hours", '"0"'],
  [{ hours: 0 }, "hours", "0"],
  [{ hours: Number.NaN }, "hours", "NaN"],
  [{ hours: "-1" }, "hours", '"-1"'],
  [{ hours: "" }, "hours", '""'],
  [{ hours: "1h" }, "hours", '"1h"'],
  [{ hours: "1e3" }, "hours", '"1e3"'],
  [{ hours: "NaN" }, "hours", '"NaN"'],
  [{ hours: "999999" }, "hours", '"999999"'],
  [{ hours: "1", from: "2026-06-01T11:00:00Z" }, "hours", "both"],
  [{ hours: 1, from: null }, "hours", "both"],
  [{ hours: 1, to: null }, "from", "nothing"],
  [{ from: "yesterday" }, "from", '"yesterday"'],
  [{ from: "2026-06-01" }, "from", '"2026-06-01"'],
  [{ from: "2026-06-01T11:00:00" }, "from", '"2026-06-01T11:00:00"'],
  [{ from: "2026-02-30T11:00:00Z" }, "from", '"2026-02-30T11:00:00Z"'],
  [{ from: "1780000000" }, "from", '"1780000000"'],
  [{ from: 1_780_000_000 }, "from", "1780000000"],
  [{ from: 1_780_000_000_000.5 }, "from", "1780000000000.5"],
  [{ from: "99999999999999999" }, "from", '"99999999999999999"'],
  [{ to: "noon" }, "to", '"noon"'],
  [{ from: "2026-06-01T11:00:00Z", to: "2026-06-01T11:00:00Z" }, "from", '"2026-06-01T11:00:00Z"'],
  [{ from: "2026-06-01T13:00:00Z" }, "from", '"2026-06-01T13:00:00Z"'],
] as const satisfies readonly (readonly [SpanInput, string, string])[]) {
  test(`${JSON.stringify(given)} is refused by name`, () => {
    const result = timeSpan(given, NOW);
    assert.ok(!result.ok);
    assert.equal(result.parameter, parameter);
    assert.equal(result.came, came);
    assert.ok(result.expected.length > 0);
  });
}

test("whatever comes, a span that is accepted is one: whole milliseconds, its start before its end", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("0", "1", "24", "0.000001", "2026-06-01T11:00:00Z", "0000-01-01T00:00:00Z"),
    fc.integer({ min: 0, max: 10 ** 15 }).map(String),
    fc.double(),
    fc.integer({ min: 0, max: 10 ** 15 }),
  );
  const given = fc.dictionary(fc.constantFrom("hours", "from", "to"), text);
  fc.assert(
    fc.property(given, (input) => {
      const result = timeSpan(input, NOW);
      if (!result.ok) return;
      assert.ok(Number.isInteger(result.fromMs) && Number.isInteger(result.toMs));
      assert.ok(result.fromMs < result.toMs, JSON.stringify(result));
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

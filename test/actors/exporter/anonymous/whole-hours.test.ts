import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { wholeHours } from "../../../../actors/exporter/anonymous/index.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 100 * HOUR_MS + 3 * 60_000;

describe("whole hours", () => {
  const cases: readonly (readonly [
    what: string,
    from: number,
    to: number,
    expectedFrom: number,
    expectedTo: number,
  ])[] = [
    ["stay what they are", 10, 12, 10, 12],
    ["are taken down at both ends", 10.7, 12.9, 10, 12],
    ["end before the hour that is not over", 90, 200, 90, 100],
    [
      "end there without a bound",
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      100,
    ],
    ["are none within an hour", 10.2, 10.9, 10, 10],
    ["are none in the future, and never end before they start", 150, 160, 100, 100],
    ["go down before 1970 too", -1.5, -0.5, -2, -1],
  ];
  for (const [what, from, to, expectedFrom, expectedTo] of cases) {
    test(what, () => {
      assert.deepEqual(wholeHours({ fromMs: from * HOUR_MS, toMs: to * HOUR_MS }, NOW_MS), {
        fromMs: expectedFrom * HOUR_MS,
        toMs: expectedTo * HOUR_MS,
      });
    });
  }
});

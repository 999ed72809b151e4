/**
 * Agreement against a plain count. What would fail here: a row that is in for one fraction and out for a larger one, texts compared by
 * their place in two different lists, a row of a piece's first millisecond in the piece before.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AgreementTally, piecesOf } from "../../quality/agreement.ts";
import { agreementOf } from "../../quality/wilson.ts";
import { CHOICE, type Choice, choiceBatch, choices } from "../fixtures/choices.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const SPAN = { fromMs: START + HOUR / 2, toMs: START + 3 * HOUR };
const SHADOW = { actual: "chosen", oracle: "best", by: "link", unit: "request_hash" };

const aChoice: fc.Arbitrary<Choice> = fc.record({
  at: fc.oneof(
    fc.integer({ min: SPAN.fromMs, max: SPAN.toMs - 1 }),
    fc.constantFrom(SPAN.fromMs, START + HOUR - 1, START + HOUR, SPAN.toMs - 1),
  ),
  request_hash: fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(0n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  ),
  link: fc.constantFrom("dc", "wan"),
  size: fc.constant(1),
  copy: fc.constant(null),
  level: fc.constant(1),
  flag: fc.boolean(),
  best: fc.constantFrom("HDE", "AMST"),
  chosen: fc.constantFrom("AMST", "HDE", "other", null),
});

function told(rows: readonly Choice[], fraction: number, everyMs = HOUR) {
  const tally = new AgreementTally(choices, SHADOW, { span: SPAN, everyMs, fraction });
  if (rows.length > 0) tally.add(choiceBatch(rows), 0, rows.length);
  return tally.report();
}

const plain = (rows: readonly Choice[]) => {
  const compared = rows.filter(({ chosen }) => chosen !== null);
  return agreementOf(compared.length, compared.filter(({ chosen, best }) => chosen === best).length);
};

describe("agreement", () => {
  test("is that of a plain count, over all, by link and by piece of time", () => {
    fc.assert(
      fc.property(fc.array(aChoice, { maxLength: 60 }), fc.integer({ min: 0, max: 8 }), (rows, eighths) => {
        const report = told(rows, eighths / 8);
        const inside = rows.filter(({ request_hash }) => request_hash < 2n ** 61n * BigInt(eighths));
        assert.deepEqual(report.all, plain(inside));
        for (const { value, ...by } of report.by) {
          assert.deepEqual(by, plain(inside.filter(({ link }) => link === value)));
        }
        assert.deepEqual(
          report.by.map(({ value }) => value),
          ["dc", "wan"],
        );
        for (const { fromMs, toMs, ...over } of report.over) {
          assert.deepEqual(over, plain(inside.filter(({ at }) => at >= fromMs && at < toMs)));
        }
      }),
      { seed: 20_260_103, numRuns: 300 },
    );
  });

  test("is told by whole pieces of time, the first and the last cut to the span", () => {
    assert.deepEqual(
      told([], 1).over.map(({ fromMs, toMs }) => [fromMs - START, toMs - START]),
      [
        [HOUR / 2, HOUR],
        [HOUR, 2 * HOUR],
        [2 * HOUR, 3 * HOUR],
      ],
    );
    assert.equal(piecesOf(SPAN, HOUR), 3);
    assert.equal(piecesOf({ fromMs: START, toMs: START + 1 }, HOUR), 1);
    assert.equal(piecesOf({ fromMs: -1, toMs: 1 }, HOUR), 2);
  });

  test("takes all rows for 1, none for 0, and of two fractions the larger one has all of the smaller", () => {
    const rows = [0n, 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n].map((request_hash) => ({
      ...CHOICE,
      request_hash,
      at: SPAN.fromMs,
    }));
    assert.equal(told(rows, 1).all.compared, 5);
    assert.equal(told(rows, 0).all.compared, 0);
    // Exactly the bound is not below it.
    assert.equal(told(rows, 0.5).all.compared, 3);
    assert.equal(told(rows, 0.5 + 2 ** -53).all.compared, 4);
    assert.equal(told(rows, 2 ** -64).all.compared, 1);
  });
});

describe("the interval of a rate", () => {
  test("is Wilson's", () => {
    // As statsmodels' proportion_confint(…, method="wilson") has them.
    for (const [agreed, compared, low, high] of [
      [8, 10, 0.490162, 0.943318],
      [50, 100, 0.403832, 0.596168],
      [0, 10, 0, 0.277533],
      [10, 10, 0.722467, 1],
      [980, 1000, 0.96931, 0.987016],
    ] as const) {
      const told = agreementOf(compared, agreed);
      assert.ok(Math.abs(told.low! - low) < 1e-5, `${told.low} ${low}`);
      assert.ok(Math.abs(told.high! - high) < 1e-5, `${told.high} ${high}`);
      assert.equal(told.rate, agreed / compared);
    }
  });

  test("holds the rate, lies within 0 and 1, and is none of no rows", () => {
    for (let compared = 1; compared < 60; compared++) {
      for (let agreed = 0; agreed <= compared; agreed++) {
        const { low, rate, high } = agreementOf(compared, agreed);
        assert.ok(0 <= low! && low! <= rate! && rate! <= high! && high! <= 1);
      }
    }
    assert.deepEqual(agreementOf(0, 0), { compared: 0, agreed: 0, rate: null, low: null, high: null });
  });
});

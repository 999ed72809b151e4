/** Figures and drift against plain references. What would fail here: a rank or a fence that is off by one, a bin's edge on the wrong side. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ksDistance, PSI_FLOOR, psiOfCounts, psiOfNumbers } from "../../quality/drift.ts";
import { figuresOf, quantile } from "../../quality/figures.ts";

const SEED = 20_260_101;
/** Few different values, so that many are equal; and fractions. */
const numbers = fc.array(
  fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 64),
  ),
  { minLength: 1, maxLength: 60 },
);
const sortedOf = (values: readonly number[]) => Float64Array.from(values).sort();

function near(value: number, expected: number, what = ""): void {
  const allowed = 1e-12 * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(value - expected) <= allowed, `${what}: ${value} is not ${expected}`);
}

describe("figures", () => {
  test("are those of the definition", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const figures = figuresOf(sortedOf(values))!;
        const sorted = values.toSorted((one, other) => one - other);
        const at = (share: number) => {
          const place = (sorted.length - 1) * share;
          const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
          return low + (high - low) * (place - Math.floor(place));
        };
        for (const [name, share] of [
          ["min", 0],
          ["q1", 0.25],
          ["median", 0.5],
          ["q3", 0.75],
          ["max", 1],
        ] as const) {
          near(figures[name], at(share), name);
        }
        near(figures.mean, values.reduce((sum, value) => sum + value, 0) / values.length, "mean");
        const fence = 1.5 * (figures.q3 - figures.q1);
        const out = values.filter((value) => value < figures.q1 - fence || value > figures.q3 + fence);
        assert.equal(figures.outliers, out.length);
        assert.equal(figures.values, values.length);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  test("of no values there are none", () => {
    assert.equal(figuresOf(new Float64Array(0)), undefined);
  });

  test("a value on the fence is no outlier, the next one beyond is", () => {
    // Quartiles 1 and 3, fences -2 and 6.
    const base = [1, 1, 1, 1, 2, 2, 3, 3, 3, 3];
    const outliers = (...more: readonly number[]) => {
      const figures = figuresOf(sortedOf([...base, ...more]))!;
      assert.deepEqual([figures.q1, figures.q3], [1, 3]);
      return figures.outliers;
    };
    assert.equal(outliers(-2, 6), 0);
    assert.equal(outliers(-2 - 1e-9, 6), 1);
    assert.equal(outliers(-2, 6 + 1e-9), 1);
  });

  test("the mean does not lose small values among large ones, nor the largest numbers there are", () => {
    assert.equal(figuresOf(sortedOf([1e16, 1, 1, -1e16]))!.mean, 0.5);
    const huge = figuresOf(sortedOf([Number.MAX_VALUE, Number.MAX_VALUE]))!;
    assert.ok(Number.isFinite(huge.mean) && huge.mean > 1e308);
    assert.ok(Number.isFinite(quantile(sortedOf([-Number.MAX_VALUE, Number.MAX_VALUE]), 0.25)));
  });
});

describe("the population stability index", () => {
  test("is the sum of its definition over bins, a floor where one is empty", () => {
    const term = (now: number, then: number) => (now - then) * Math.log(now / then);
    near(psiOfCounts([30, 70], [50, 50]), term(0.3, 0.5) + term(0.7, 0.5));
    near(psiOfCounts([0, 100], [50, 50]), term(PSI_FLOOR, 0.5) + term(1, 0.5));
    near(psiOfCounts([0, 100], [0, 10]), 0);
    near(psiOfCounts([10, 20, 30], [100, 200, 300]), 0);
  });

  test("bins numbers by the deciles of the earlier ones, a decile with the bin below it", () => {
    const then = sortedOf(Array.from({ length: 101 }, (_, index) => index));
    // Deciles 10, 20, … 90. Values on them: one bin each, and the last bin is empty.
    const now = sortedOf([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    const shares = [11, 10, 10, 10, 10, 10, 10, 10, 10, 10].map((count) => count / 101);
    const expected = shares.reduce((sum, share, bin) => {
      const own = bin < 9 ? 1 / 9 : PSI_FLOOR;
      return sum + (own - share) * Math.log(own / share);
    }, 0);
    near(psiOfNumbers(now, then), expected);
    near(psiOfNumbers(then, then), 0);
  });

  test("of values that are all alike is that of one edge", () => {
    const then = sortedOf([5, 5, 5, 5]);
    near(psiOfNumbers(sortedOf([4, 5, 5]), then), 0);
    assert.ok(psiOfNumbers(sortedOf([6, 6, 6]), then) > 5);
  });

  test("agrees with a plain count of values by bin", () => {
    fc.assert(
      fc.property(numbers, numbers, (one, other) => {
        const then = sortedOf(other);
        const edges = [...new Set([1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => quantile(then, tenth / 10)))];
        const binOf = (value: number) => edges.filter((edge) => value > edge).length;
        const counts = (values: readonly number[]) => {
          const bins = Array.from({ length: edges.length + 1 }, () => 0);
          for (const value of values) bins[binOf(value)]!++;
          return bins;
        };
        near(psiOfNumbers(sortedOf(one), then), psiOfCounts(counts(one), counts(other)));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe("the Kolmogorov-Smirnov distance", () => {
  test("is the largest difference of the two distribution functions", () => {
    const share = (values: readonly number[], upTo: number) =>
      values.filter((value) => value <= upTo).length / values.length;
    fc.assert(
      fc.property(numbers, numbers, (one, other) => {
        const expected = Math.max(
          ...[...one, ...other].map((value) => Math.abs(share(one, value) - share(other, value))),
        );
        near(ksDistance(sortedOf(one), sortedOf(other)), expected);
        near(ksDistance(sortedOf(other), sortedOf(one)), expected);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  test("is 0 of the same values, and 1 of ranges that do not touch", () => {
    assert.equal(ksDistance(sortedOf([1, 2, 2]), sortedOf([2, 1, 2])), 0);
    assert.equal(ksDistance(sortedOf([1, 2]), sortedOf([3])), 1);
  });
});

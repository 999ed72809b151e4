import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { roundDigits } from "../../../../actors/exporter/anonymous/round-digits.ts";

const digits = fc.integer({ min: 1, max: 6 });
const RUNS = { numRuns: 3000, seed: 3 };

describe("rounding to significant digits", () => {
  test("gives what has so many digits, is nearest, and stays what it is", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), digits, (value, count) => {
        const rounded = roundDigits(value, count);
        if (!Number.isFinite(rounded)) {
          assert.ok(Math.abs(value) > 9.9e307);
          return;
        }
        assert.equal(rounded, Number(rounded.toPrecision(count)) + 0);
        assert.equal(roundDigits(rounded, count), rounded);
        assert.equal(roundDigits(-value, count) + 0, -rounded + 0);
        // Of two that are equally near either will do; where a double is not exact, so will what is next to it.
        const exact = Number(value.toPrecision(count));
        const distance = Math.abs(value - rounded);
        assert.ok(distance <= Math.abs(value - exact) * (1 + 1e-9) + Math.abs(value) * 1e-15);
      }),
      RUNS,
    );
  });

  test("keeps the order", () => {
    const number = fc.double({ min: 0.9, max: 1.1, noNaN: true });
    fc.assert(
      fc.property(number, number, digits, (a, b, count) => {
        assert.ok(a > b || roundDigits(a, count) <= roundDigits(b, count));
      }),
      RUNS,
    );
  });

  test("writes short decimals, over powers of ten and at the ends", () => {
    const cases: readonly (readonly [number, number, number])[] = [
      [1234.56789, 3, 1230],
      [0.00012345, 3, 0.000123],
      [999.6, 3, 1000],
      [0.09996, 3, 0.1],
      [-1235.9, 3, -1240],
      [1000, 3, 1000],
      [1e23, 1, 1e23],
      [1.26e300, 2, 1.3e300],
      [5e-324, 2, 5e-324],
      [2.5, 1, 3],
      [0, 3, 0],
    ];
    for (const [value, count, expected] of cases) assert.equal(roundDigits(value, count), expected);
    assert.ok(Object.is(roundDigits(-0, 3), 0));
    assert.ok(Number.isNaN(roundDigits(Number.NaN, 3)));
    assert.equal(roundDigits(Number.NEGATIVE_INFINITY, 3), Number.NEGATIVE_INFINITY);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  NUMBER_BYTES,
  putFloat32,
  putFloat64,
  putInt64,
  putInteger,
  putUint64,
  putWhole,
} from "../../datasets/number-text.ts";

const SEED = 20_260_105;
const RUNS = { seed: SEED, numRuns: 3000 };
const bytes = new Uint8Array(NUMBER_BYTES + 2);
const view = new DataView(bytes.buffer);

function textOf(put: (into: DataView, at: number) => number): string {
  bytes.fill(0x7e);
  const end = put(view, 1);
  assert.ok(end <= 1 + NUMBER_BYTES);
  assert.equal(bytes[0], 0x7e, "nothing is written before");
  assert.equal(bytes[1 + NUMBER_BYTES], 0x7e, "nothing is written behind the room it was given");
  return new TextDecoder().decode(bytes.subarray(1, end));
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** The shortest decimal that rounds back to the float, by trying every length. */
function shortestFloatText(value: number): string {
  for (let digits = 1; ; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return doubleText(Object.is(value, -0) ? -0 : candidate);
  }
}

/** Whole numbers around every power of ten, where digits are gained. */
const wholes = Array.from({ length: 16 }, (_, digits) => [10 ** digits - 1, 10 ** digits, 10 ** digits + 1])
  .flat()
  .concat(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53);

describe("numbers as text", () => {
  test("are exact when whole", () => {
    for (const value of wholes) {
      assert.equal(
        textOf((into, at) => putWhole(into, at, value)),
        String(value),
      );
      assert.equal(
        textOf((into, at) => putInteger(into, at, -value)),
        String(0 - value),
      );
    }
    const property = fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(
        textOf((into, at) => putInteger(into, at, value)),
        String(value),
      );
    });
    fc.assert(property, RUNS);
  });

  test("are exact in 64 bits, signed and not", () => {
    const powers = Array.from({ length: 20 }, (_, digits) => 10n ** BigInt(digits));
    const edges = [
      ...powers,
      ...powers.map((power) => power - 1n),
      2n ** 53n,
      2n ** 63n - 1n,
      2n ** 63n,
      2n ** 64n - 1n,
    ];
    const check = (value: bigint) => {
      const [low, high] = [Number(value & 0xffffffffn), Number(value >> 32n)];
      assert.equal(
        textOf((into, at) => putUint64(into, at, low, high)),
        String(value),
      );
      const signed = String(BigInt.asIntN(64, value));
      assert.equal(
        textOf((into, at) => putInt64(into, at, low, high)),
        signed,
      );
    };
    for (const value of edges) {
      check(value);
      check(BigInt.asUintN(64, -value));
    }
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), check), RUNS);
    // Beside multiples of 10^10, where the quotient of doubles may be one off, to either side.
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_844_674_407 }),
        fc.integer({ min: -1, max: 1 }),
        (count, beside) => check(BigInt(count) * 10n ** 10n + BigInt(beside)),
      ),
      RUNS,
    );
  });

  test("are what String writes for a double, with the sign of -0", () => {
    const check = (value: number) =>
      assert.equal(
        textOf((into, at) => putFloat64(into, at, value)),
        doubleText(value),
      );
    [0, -0, 5e-324, 1e21, 1e-7, -Number.MAX_VALUE, 2.2250738585072014e-308, -2.2250738585072014e-308].forEach(
      check,
    );
    [...wholes, ...wholes.map((value) => -value)].forEach(check);
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), check), RUNS);
    // Counts of 1024ths, from those that take the short way to those that have too many digits for it.
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 32 }), (count, shift) =>
        check(Math.floor(count / 2 ** shift) / 1024),
      ),
      RUNS,
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 }), (count, places) =>
        check(count / 10 ** places),
      ),
      RUNS,
    );
    // Around the millionths that are written without a search, and beside them.
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000_000 }),
        fc.integer({ min: -2, max: 2 }),
        (count, beside) => {
          const value = count / 1e6;
          check(value + beside * Number.EPSILON * value);
          check((value + beside * Number.EPSILON * value) * 1e3);
        },
      ),
      RUNS,
    );
    [0.000001, 0.0000015, 999_999_999.999999, 2_147_483_647.999999, 2_147_483_648.000001].forEach(check);
    check(0.9999999999999999);
  });

  test("are the shortest decimal that reads back as the same float", () => {
    const check = (value: number) => {
      const text = textOf((into, at) => putFloat32(into, at, value));
      assert.ok(Object.is(Math.fround(Number(text)), value));
      assert.equal(text, shortestFloatText(value));
    };
    [0, -0, 12.3, 100, 0.1, 16_777_216, 3.4028234663852886e38, 1e-45].map(Math.fround).forEach(check);
    // Both sides of each power of two and of ten: where the floats lie closer below than above, and where digits are gained.
    for (let power = -8; power <= 26; power++) {
      for (const value of [2 ** power, 10 ** Math.min(power, 9)].map(Math.fround)) {
        const step = value * 2 ** -23;
        [value - step, value - step / 2, value, value + step].map(Math.fround).forEach(check);
      }
    }
    fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), check), RUNS);
    fc.assert(fc.property(fc.float({ min: 0, max: 100, noNaN: true }), check), RUNS);
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 12 }), (count, places) =>
        check(Math.fround(count / 10 ** places)),
      ),
      RUNS,
    );
  });
});

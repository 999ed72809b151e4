/** Numbers as JSON writes them: each is the double that Number() makes of it, to the last bit, or left to somebody else. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { powersOfFive } from "../../wasm/powers-of-five.ts";
import { Bench, randomFrom, utf8 } from "./support.ts";

const SEED = 20_261_122;
const bench = new Bench(1 << 20);
const at = bench.place(4096);
const out = bench.place(8);

/** Undefined: it was left. */
function read(text: string, behind = "\n"): number | undefined {
  bench.bytes.set(utf8(text + behind.repeat(64)), at);
  const end = bench.kernels.jsonNumber(at, text.length, out);
  if (end === 0) return undefined;
  assert.equal(end, at + text.length, text);
  return bench.f64(out);
}

/** What is infinite is left. */
function same(text: string): void {
  const value = read(text);
  const expected = Number.isFinite(Number(text)) ? Number(text) : undefined;
  assert.ok(Object.is(value, expected), `${text}: ${value}`);
}

/** Of more than 19 digits some may be left: none of them may be wrong. @returns whether it was left */
function sameOrLeft(text: string): boolean {
  const value = read(text);
  if (value === undefined) return true;
  assert.ok(Object.is(value, Number(text)), `${text}: ${value}`);
  return false;
}

const anyDouble = fc
  .tuple(fc.integer({ min: 0, max: 0x7fefffff }), fc.integer({ min: 0, max: 0xffffffff }), fc.boolean())
  .map(([high, low, isNegative]) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, high);
    view.setUint32(4, low);
    return isNegative ? -view.getFloat64(0) : view.getFloat64(0);
  });

/** The number exactly between a double and the next, in all its digits, as `digits`e`exponent`. */
function halfWay(value: number): { digits: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n) & 0x7ff;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (biased === 0 ? 0n : 1n << 52n);
  const twos = Math.max(biased, 1) - 1075 - 1;
  const odd = mantissa * 2n + 1n;
  return twos >= 0
    ? { digits: odd << BigInt(twos), exponent: 0 }
    : { digits: odd * 5n ** BigInt(-twos), exponent: twos };
}

describe("jsonNumber", () => {
  test("reads every double as it is written, at any length that tells it", () => {
    fc.assert(
      fc.property(anyDouble, fc.integer({ min: 0, max: 18 }), (value, digits) => {
        same(JSON.stringify(value));
        same(value.toExponential(digits));
        same(value.toPrecision(digits + 1).replace("e+", digits % 2 === 0 ? "E+" : "e"));
      }),
      { seed: SEED, numRuns: 4000 },
    );
  });

  test("reads any digits with any exponent", () => {
    const digits = fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }).map(String);
    fc.assert(
      fc.property(digits, fc.nat(19), fc.integer({ min: -370, max: 330 }), (text, point, exponent) => {
        const split = point % text.length;
        const fraction = text.slice(text.length - split);
        const whole = text.slice(0, text.length - split);
        const written = `${whole}${fraction === "" ? "" : `.${fraction}`}e${exponent}`;
        same(written);
      }),
      { seed: SEED, numRuns: 6000 },
    );
  });

  test("reads numbers of few digits without an exponent, as measures are", () => {
    const random = randomFrom(3);
    for (let index = 0; index < 20_000; index++) same(String(random() * 10 ** Math.floor(random() * 7)));
    for (let index = 0; index < 2000; index++) same(String(Math.floor(random() * 10 ** (index % 17))));
  });

  test("of more than 19 digits reads nearly all, and none wrong", () => {
    const random = randomFrom(5);
    let left = 0;
    for (let index = 0; index < 5000; index++) {
      const count = 20 + Math.floor(random() * 30);
      const digits = Array.from({ length: count }, () => Math.floor(random() * 10)).join("");
      const point = 1 + Math.floor(random() * (count - 1));
      const whole = digits.slice(0, point).replace(/^0+(?=.)/, "");
      if (sameOrLeft(`${whole}.${digits.slice(point)}e${Math.floor(random() * 600 - 300)}`)) left++;
    }
    assert.ok(left < 100, `${left} of 5000 were left`);
    same(`0.${"0".repeat(300)}12345678901234567`);
    same(`12345678901234567${"0".repeat(250)}`);
    same(`1${"0".repeat(400)}e-400`);
    same(`0.${"0".repeat(400)}1e400`);
    same(`0.${"0".repeat(400)}`);
  });

  test("rounds what is half way between two doubles to the even one, and what is next to it to the near one", () => {
    fc.assert(
      fc.property(anyDouble, (value) => {
        const { digits, exponent } = halfWay(Math.abs(value));
        for (const near of [digits - 1n, digits, digits + 1n]) sameOrLeft(`${near}e${exponent}`);
        // The first 19 digits, which are below it, or the next, above it.
        const text = digits.toString();
        const cut = text.length - 19;
        if (cut <= 0) return;
        for (const more of [0n, 1n]) {
          same(`${BigInt(text.slice(0, 19)) + more}e${exponent + cut}`);
        }
      }),
      { seed: SEED, numRuns: 1500 },
    );
    // Those that 19 digits tell in full, where only the even one is right.
    for (let low = 0n; low < 64n; low++) {
      for (const shift of [0n, 1n, 2n, 5n, 9n])
        same(String(((1n << 53n) + low) * (1n << shift) + (1n << shift) / 2n));
      for (const places of [1, 2, 3, 4])
        same(`${(((1n << 53n) + low) * 2n + 1n) * 5n ** BigInt(places)}e${-places}`);
    }
  });

  test("ends where doubles end", () => {
    const edges = [
      ...[
        "4.9e-324",
        "5e-324",
        "2.4703282292062328e-324",
        "2.4703282292062327e-324",
        "1e-400",
        "0e999999999999",
        "0.0e-5",
      ],
      ...[
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201e-308",
        "2.2250738585072009e-308",
      ],
      ...[
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "17976931348623157e292",
        "-0",
        "-0.0",
        "-1e-999",
        "1E5",
        "1e+5",
        "1e-5",
      ],
      ...[
        "9007199254740992",
        "9007199254740993",
        "9007199254740995",
        "18446744073709551615",
        "9999999999999999999",
        "1e22",
        "1e23",
      ],
    ];
    for (const text of edges) same(text);
    for (const text of ["1.7976931348623159e308", "1e309", "-1e309", "1e99999999999", "123e400"]) {
      assert.equal(read(text), undefined, text);
    }
  });

  test("reads what JSON has for a number, and nothing else", () => {
    for (const text of [
      "",
      "-",
      "+1",
      "01",
      "-01",
      "00",
      ".5",
      "1.",
      "1.e5",
      "1e",
      "1e+",
      "e5",
      "NaN",
      "Infinity",
      " 1",
      "--1",
      "-a",
    ]) {
      assert.equal(read(text, " "), undefined, text);
    }
  });

  test("does not read what lies behind", () => {
    for (const text of ["1", "12.5", "1234567", "12345678", "0.123456789012345", "1e5", "1.", "-", "1e"]) {
      for (const behind of ["7", ".", "e", "5."]) {
        const value = read(text, behind);
        assert.ok(value === undefined || Object.is(value, Number(text)), `${text} ${behind}: ${value}`);
      }
    }
  });
});

test("a power of five is the upper 128 bits of what it is", () => {
  const table = powersOfFive();
  for (let exponent = -342; exponent <= 308; exponent++) {
    const entry = (table[(exponent + 342) * 2]! << 64n) | table[(exponent + 342) * 2 + 1]!;
    assert.ok(entry >> 127n === 1n);
    // entry / 2^127 is within a last bit of 5^exponent / 2^k, for some k: cross-multiplied, so that all is whole.
    const [power, one] = exponent < 0 ? [1n, 5n ** BigInt(-exponent)] : [5n ** BigInt(exponent), 1n];
    const shift = BigInt(power.toString(2).length - one.toString(2).length);
    const nearest = [shift - 127n, shift - 128n].map((k) => {
      const difference = k >= 0n ? (entry << k) * one - power : entry * one - (power << -k);
      const unit = k >= 0n ? one << k : one;
      return (difference < 0n ? -difference : difference) <= unit;
    });
    assert.ok(nearest.some(Boolean), `5^${exponent}`);
  }
});

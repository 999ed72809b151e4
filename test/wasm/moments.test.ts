import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MOMENTS_BYTES } from "../../wasm/index.ts";
import { exactMoments } from "./reference/moments.ts";
import { Bench, randomFrom } from "./support.ts";

const bench = new Bench();
const { kernels } = bench;

function emptyState(): number {
  const state = bench.place(MOMENTS_BYTES);
  kernels.momentsInit(state);
  return state;
}

function momentsOf(values: readonly number[], valid?: readonly boolean[]): number {
  bench.reset();
  const state = emptyState();
  const validity = valid === undefined ? 0 : bench.putValidity(valid);
  kernels.momentsAddF64(state, bench.putF64(values), validity, values.length);
  return state;
}

function near(actual: number, expected: number, scale: number, what: string): void {
  if (Number.isNaN(expected)) assert.ok(Number.isNaN(actual), `${what}: expected NaN, got ${actual}`);
  else
    assert.ok(Math.abs(actual - expected) <= scale * 1e-12, `${what}: expected ${expected}, got ${actual}`);
}

/** The state at `state` against exact arithmetic: counts and extremes equal, the rest to 1e-12. */
function check(state: number, values: readonly number[]): void {
  const exact = exactMoments(values);
  assert.equal(kernels.momentsCount(state), exact.count);
  assert.equal(kernels.momentsNanCount(state), exact.nanCount);
  assert.deepEqual([kernels.momentsMin(state), kernels.momentsMax(state)], [exact.min, exact.max]);
  near(kernels.momentsSum(state), exact.sum, exact.sumOfMagnitudes, "sum");
  near(kernels.momentsMean(state), exact.mean, exact.sumOfMagnitudes / Math.max(1, exact.count), "mean");
  near(kernels.momentsSumOfSquares(state), exact.sumOfSquares, exact.sumOfSquares, "sum of squares");
  for (const ddof of [0, 1]) {
    // Values that are all but equal have a variance of rounding only: then it is measured against the values' own last bits.
    const floor = (Math.max(Math.abs(exact.min), Math.abs(exact.max)) * 2 ** -50) ** 2;
    near(
      kernels.momentsVariance(state, ddof),
      exact.variance(ddof),
      Math.max(exact.variance(ddof), (floor || 0) * 1e12),
      "variance",
    );
  }
}

// Squares of magnitudes near 1e-162 are subnormal, and round as such: not what is tested here.
const number = fc
  .double({ min: -1e15, max: 1e15, noNaN: true })
  .map((value) => (Math.abs(value) < 1e-100 ? 0 : value));
const numberOrNan = fc.oneof(
  { weight: 9, arbitrary: number },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);

test("moments of nothing: counts and sums 0, the rest NaN", () => {
  const state = momentsOf([]);
  check(state, []);
  assert.equal(kernels.momentsSum(state), 0);
  assert.equal(kernels.momentsSumOfSquares(state), 0);
});

test("moments equal exact arithmetic on any column, NaN counted apart, nulls nowhere", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(numberOrNan, fc.boolean()), { maxLength: 70 }), (cells) => {
      const values = cells.map(([value]) => value);
      const valid = cells.map(([, bit]) => bit);
      check(momentsOf(values), values);
      check(
        momentsOf(values, valid),
        values.filter((_, i) => valid[i]),
      );
    }),
    { seed: 1979, numRuns: 300 },
  );
});

test("every length around lanes, bytes of validity and pieces, with a NaN and a null at each end", () => {
  const random = randomFrom(7);
  for (const length of [1, 2, 3, 7, 8, 9, 15, 16, 17, 2047, 2048, 2049, 4096, 4100]) {
    const values = Array.from({ length }, () => random() * 100 - 50);
    check(momentsOf(values), values);
    for (const at of [0, length - 1]) {
      const holed = values.with(at, Number.NaN);
      check(momentsOf(holed), holed);
      const valid = values.map((_, i) => i !== at);
      check(
        momentsOf(values, valid),
        values.filter((_, i) => valid[i]),
      );
    }
  }
});

test("variance does not cancel: noise of 1e-3 on 1e9, a counter, an outlier in first place", () => {
  const random = randomFrom(11);
  const columns = {
    offset: Array.from({ length: 5000 }, () => 1e9 + random() / 1000),
    negative: Array.from({ length: 5000 }, () => -1e12 + random()),
    counter: Array.from({ length: 5000 }, (_, i) => 4e15 + i),
    outlier: [1e12, ...Array.from({ length: 4999 }, () => random())],
  };
  for (const [name, values] of Object.entries(columns)) {
    const exact = exactMoments(values).variance(1);
    const got = kernels.momentsVariance(momentsOf(values), 1);
    assert.ok(Math.abs(got - exact) <= exact * 1e-11, `${name}: expected ${exact}, got ${got}`);
  }
});

test("sums of whole numbers are exact", () => {
  const values = Array.from({ length: 3000 }, (_, i) => 2 ** 40 + i * 12345);
  const expected = values.reduce((total, value) => total + value, 0);
  assert.equal(kernels.momentsSum(momentsOf(values)), expected);
});

test("an outlier in first place costs the sum of what follows nothing", () => {
  const random = randomFrom(12);
  const small = Array.from({ length: 20_000 }, () => Math.floor(random() * 1000) + 0.25);
  const expected = small.reduce((total, value) => total + value, 1e12);
  bench.reset();
  const [single, first, rest] = [emptyState(), emptyState(), emptyState()];
  for (const value of [1e12, ...small]) kernels.momentsAdd(single, value);
  kernels.momentsAdd(first, 1e12);
  kernels.momentsAddF64(rest, bench.putF64(small), 0, small.length);
  kernels.momentsMerge(first, rest);
  for (const state of [single, first]) assert.equal(kernels.momentsSum(state), expected);
});

test("merging, and adding one by one, come to what adding the whole column does", () => {
  fc.assert(
    fc.property(
      fc.array(numberOrNan, { maxLength: 40 }),
      fc.array(numberOrNan, { maxLength: 40 }),
      (a, b) => {
        bench.reset();
        const [first, second, single] = [emptyState(), emptyState(), emptyState()];
        kernels.momentsAddF64(first, bench.putF64(a), 0, a.length);
        kernels.momentsAddF64(second, bench.putF64(b), 0, b.length);
        const before = bench.slice(second, MOMENTS_BYTES);
        kernels.momentsMerge(first, second);
        check(first, [...a, ...b]);
        assert.deepEqual(bench.slice(second, MOMENTS_BYTES), before, "merge changed what it read");
        for (const value of [...a, ...b]) kernels.momentsAdd(single, value);
        check(single, [...a, ...b]);
      },
    ),
    { seed: 2008, numRuns: 200 },
  );
});

test("columns of other types mean what their numbers mean", () => {
  const rows = 21;
  const cases = [
    ["momentsAddF32", Float32Array, (i: number) => (i - 10) / 8],
    ["momentsAddI32", Int32Array, (i: number) => (i - 10) * 200_000_000],
    ["momentsAddU32", Uint32Array, (i: number) => 4_294_967_295 - i * 100_000_000],
  ] as const;
  for (const [name, Type, make] of cases) {
    const values = Array.from({ length: rows }, (_, i) => make(i));
    bench.reset();
    const state = emptyState();
    kernels[name](state, bench.put(new Uint8Array(new Type(values).buffer)), 0, rows);
    check(state, values);
  }
});

test("u64 values become the nearest double, like Number(bigint)", () => {
  const wide = [
    0n,
    1n,
    2n ** 53n + 1n,
    2n ** 53n + 3n,
    2n ** 63n + 1025n,
    2n ** 64n - 1n,
    0xfedcba9876543210n,
  ];
  for (const value of wide) {
    bench.reset();
    // Eight rows go through the vectors, one through the scalar tail.
    for (const rows of [8, 1]) {
      const state = emptyState();
      const column = new BigUint64Array(rows).fill(value);
      kernels.momentsAddU64(state, bench.put(new Uint8Array(column.buffer)), 0, rows);
      assert.deepEqual(
        [kernels.momentsMin(state), kernels.momentsMax(state)],
        [Number(value), Number(value)],
      );
    }
  }
});

test("infinities: extremes and sum are infinite, the variance is NaN, the counts go on", () => {
  for (const length of [1, 8, 20]) {
    const values: number[] = new Array(length).fill(3);
    values[length - 1] = Number.POSITIVE_INFINITY;
    const state = momentsOf(values);
    assert.equal(kernels.momentsCount(state), length);
    assert.equal(kernels.momentsMax(state), Number.POSITIVE_INFINITY);
    assert.equal(kernels.momentsSum(state), Number.POSITIVE_INFINITY);
    assert.ok(Number.isNaN(kernels.momentsVariance(state, 0)));
    assert.equal(kernels.momentsMin(state), length === 1 ? Number.POSITIVE_INFINITY : 3);
  }
});

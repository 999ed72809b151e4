import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SKETCH_MAX_BYTES, SKETCH_RELATIVE_ERROR, Sketch } from "../../wasm/index.ts";
import { EXACT, orderStatistic, sketchQuantile } from "./reference/sketch.ts";
import { Bench, randomFrom } from "./support.ts";

const bench = new Bench(8 << 20);
const { kernels } = bench;
const QS = [0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

function sketchOf(values: readonly number[], bytes?: number): Sketch {
  const sketch = new Sketch(kernels, bench.allocator, bytes);
  sketch.addF64(bench.putF64(values), values.length);
  return sketch;
}

function answers(sketch: Sketch): number[] {
  return [sketch.count, sketch.min, sketch.max, ...QS.map((q) => sketch.quantile(q))];
}

/** What the reference answers; every quantile is checked against the value at the rank, too. */
function expected(values: readonly number[]): number[] {
  const numbers = values.filter((value) => !Number.isNaN(value));
  const quantiles = QS.map((q) => sketchQuantile(values, q));
  QS.forEach((q, i) => {
    const exact = orderStatistic(values, q);
    if (!Number.isFinite(exact)) return;
    const error = Math.abs(quantiles[i]! - exact);
    assert.ok(error <= Math.abs(exact) * SKETCH_RELATIVE_ERROR, `q ${q}: ${quantiles[i]} for ${exact}`);
  });
  const extreme = (q: number) => orderStatistic(values, q);
  return [numbers.length, extreme(0), extreme(1), ...quantiles];
}

const magnitude = fc.oneof(
  fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  fc.double({ min: 5e-324, max: 1e-307, noNaN: true }),
);
const signed = fc.tuple(magnitude, fc.boolean()).map(([value, negative]) => (negative ? -value : value));
// Within 57 octaves of either sign: what fits without collapsing.
const ordinary = fc
  .double({ min: -1e5, max: 1e5, noNaN: true })
  .map((x) => (Math.abs(x) < 1e-12 ? 1e-12 : x));
const anyValue = fc.oneof(
  { weight: 20, arbitrary: ordinary },
  { weight: 4, arbitrary: fc.constant(0) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  },
);
// Half of the columns are small enough to stay exact, half are not.
const column = fc.oneof(
  fc.array(anyValue, { maxLength: 60 }),
  fc.array(anyValue, { minLength: 130, maxLength: 400, size: "max" }),
);

test("merging keeps negative values", () => {
  fc.assert(
    fc.property(
      fc.array(signed, { minLength: 1, maxLength: 300, size: "max" }),
      fc.array(signed, { maxLength: 300, size: "max" }),
      (a, b) => {
        bench.reset();
        const merged = sketchOf(a);
        merged.merge(sketchOf(b));
        const all = [...a, ...b];
        assert.equal(merged.count, all.length);
        for (const q of [0, 0.1, 0.3, 0.5]) {
          assert.equal(Math.sign(merged.quantile(q)), Math.sign(orderStatistic(all, q)), `sign at q ${q}`);
        }
      },
    ),
    { seed: 211, numRuns: 200, endOnFailure: true },
  );
});

test("a sketch answers as the reference does, NaN left out, infinities at the ends", () => {
  fc.assert(
    fc.property(column, (values) => {
      bench.reset();
      assert.deepEqual(answers(sketchOf(values)), expected(values));
    }),
    { seed: 2019, numRuns: 300, endOnFailure: true },
  );
});

test("merging two sketches is adding all their values to one", () => {
  fc.assert(
    fc.property(column, column, (a, b) => {
      bench.reset();
      const merged = sketchOf(a);
      const other = sketchOf(b);
      const before = bench.slice(other.ptr, 64);
      merged.merge(other);
      assert.deepEqual(answers(merged), expected([...a, ...b]));
      assert.deepEqual(bench.slice(other.ptr, 64), before, "merge changed what it read");
    }),
    { seed: 2020, numRuns: 300, endOnFailure: true },
  );
});

test("values added one by one, as a column, or as a column with nulls: the same sketch", () => {
  fc.assert(
    fc.property(column, (values) => {
      bench.reset();
      const single = new Sketch(kernels, bench.allocator);
      for (const value of values) single.add(value);
      const holed = new Sketch(kernels, bench.allocator);
      const rows = values.flatMap((value) => [value, 1e9]);
      holed.addF64(bench.putF64(rows), rows.length, bench.putValidity(rows.map((_, i) => i % 2 === 0)));
      assert.deepEqual(answers(single), answers(sketchOf(values)));
      assert.deepEqual(answers(holed), answers(single));
    }),
    { seed: 2021, numRuns: 150, endOnFailure: true },
  );
});

const random = randomFrom(99);
const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const SHAPES: Record<string, () => number> = {
  uniform: () => random() * 1000,
  lognormal: () => Math.exp(2 * gaussian()),
  bimodal: () => (random() < 0.5 ? 10 + gaussian() : 1e6 + 1000 * gaussian()),
  negative: () => -Math.exp(gaussian()),
  constant: () => 42.42,
  "mixed signs": () => 1000 * gaussian(),
  "mostly zero": () => (random() < 0.7 ? 0 : gaussian()),
  "many octaves": () => 10 ** (36 * random() - 18),
};

for (const [name, draw] of Object.entries(SHAPES)) {
  test(`every quantile of 20 000 ${name} values is within 1 % of the order statistic`, () => {
    bench.reset();
    const values = Array.from({ length: 20_000 }, draw);
    const sketch = sketchOf(values);
    assert.deepEqual(answers(sketch), expected(values));
    assert.equal(kernels.sketchCollapsed(sketch.ptr), 0);
    assert.ok(SKETCH_RELATIVE_ERROR < 0.01);
  });
}

test("the extremes of the doubles, alone and with as many others as stay exact", () => {
  const ends = [5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 0];
  const few = Array.from({ length: EXACT - 4 }, (_, i) => i + 1);
  for (const values of [...ends.map((x) => [x]), ends, [...ends, ...few]]) {
    bench.reset();
    assert.deepEqual(answers(sketchOf(values)), values.map(Number) && expected(values));
  }
  for (const end of ends) {
    bench.reset();
    const same = new Array<number>(300).fill(end);
    assert.deepEqual(answers(sketchOf(same)), expected(same));
  }
});

test("any subnormal keeps its promise when it is binned", () => {
  const values = Array.from({ length: 2000 }, (_, i) => (i + 1) * 5e-324);
  bench.reset();
  assert.deepEqual(answers(sketchOf(values)), expected(values));
  // With room for everything at once, whole pieces are counted where a small block goes value by value.
  assert.deepEqual(answers(sketchOf(values, SKETCH_MAX_BYTES)), expected(values));
});

test("growing: a block that is too small says what it needs and stays as it was", () => {
  bench.reset();
  const small = bench.place(256);
  kernels.sketchInit(small, 256);
  const values = Array.from({ length: 200 }, (_, i) => 1.5 ** (i % 50));
  const column = bench.putF64(values);
  const row = kernels.sketchAddF64(small, column, 0, 0, values.length);
  assert.equal(kernels.sketchCount(small), row);
  assert.equal(row, 22, "22 values fit 256 bytes");
  const before = bench.slice(small, 256);
  const needs = kernels.sketchAdd(small, 1);
  assert.equal(needs, 512);
  assert.equal(kernels.sketchNeeds(small), needs);
  bench.bytes.fill(0, small + 8, small + 12);
  before.fill(0, 8, 12);
  assert.deepEqual(bench.slice(small, 256), before);

  const larger = bench.place(needs);
  kernels.sketchGrow(small, larger, needs);
  assert.equal(kernels.sketchBytes(larger), needs);
  assert.equal(kernels.sketchCount(larger), row);
  assert.equal(kernels.sketchNeeds(larger), 0);
});

test("small sketches are small: 60 values in 1 KiB, and one that moved is the same", () => {
  bench.reset();
  const values = Array.from({ length: 60 }, (_, i) => (i - 30) * 1234.5);
  const sketch = sketchOf(values);
  assert.equal(sketch.bytes, 1024);
  const elsewhere = bench.put(bench.slice(sketch.ptr, sketch.bytes));
  bench.bytes.fill(0xaa, sketch.ptr, sketch.ptr + sketch.bytes);
  assert.equal(kernels.sketchQuantile(elsewhere, 0.5), orderStatistic(values, 0.5));
});

test("past the largest block the bins nearest zero merge, are counted, and the others keep their promise", () => {
  for (const sign of [1, -1]) {
    bench.reset();
    // 600 octaves, of which 125 have room.
    const values = Array.from({ length: 1200 }, (_, i) => sign * 2 ** (((i * 7) % 1200) / 2 - 300));
    const sketch = sketchOf(values);
    assert.equal(sketch.bytes, SKETCH_MAX_BYTES);
    assert.equal(sketch.count, values.length);
    const collapsed = kernels.sketchCollapsed(sketch.ptr);
    assert.ok(collapsed > 900 && collapsed < 960, `collapsed ${collapsed}`);
    for (const share of [0, 0.05, 0.1, 0.15, 0.2]) {
      const q = sign > 0 ? 1 - share : share;
      const exact = orderStatistic(values, q);
      assert.ok(Math.abs(sketch.quantile(q) - exact) <= Math.abs(exact) * SKETCH_RELATIVE_ERROR, `q ${q}`);
    }
  }
});

test("both signs share the largest block, and what collapses does not depend on the order", () => {
  const values = Array.from(
    { length: 2400 },
    (_, i) => (i % 2 === 0 ? 1 : -1) * 2 ** (((i * 7) % 1200) / 2 - 300),
  );
  bench.reset();
  const forward = sketchOf(values);
  const backward = sketchOf([...values].reverse());
  const merged = sketchOf(values.filter((value) => value > 0));
  merged.merge(sketchOf(values.filter((value) => value < 0)));
  assert.deepEqual(answers(backward), answers(forward));
  assert.deepEqual(answers(merged), answers(forward));
  assert.equal(forward.count, values.length);
  for (const q of [0, 0.01, 0.05, 0.95, 0.99, 1]) {
    const exact = orderStatistic(values, q);
    assert.ok(Math.abs(forward.quantile(q) - exact) <= Math.abs(exact) * SKETCH_RELATIVE_ERROR, `q ${q}`);
  }
});

test("columns of other types go in as their numbers", () => {
  const cases = [
    ["sketchAddF32", (v: number[]) => new Float32Array(v), (i: number) => (i - 100) / 8],
    ["sketchAddI32", (v: number[]) => new Int32Array(v), (i: number) => (i - 100) * 10_000_000],
    ["sketchAddU32", (v: number[]) => new Uint32Array(v), (i: number) => 4_294_967_295 - i * 10_000_000],
    ["sketchAddU64", (v: number[]) => BigUint64Array.from(v, BigInt), (i: number) => 2 ** 60 + i * 2 ** 52],
  ] as const;
  for (const [name, typed, make] of cases) {
    bench.reset();
    const values = Array.from({ length: 300 }, (_, i) => make(i));
    const sketch = bench.place(8192);
    kernels.sketchInit(sketch, 8192);
    const rows = kernels[name](sketch, bench.put(new Uint8Array(typed(values).buffer)), 0, 0, 300);
    assert.equal(rows, 300);
    for (const q of QS)
      assert.equal(kernels.sketchQuantile(sketch, q), sketchQuantile(values, q), `${name} at ${q}`);
  }
});

test("sketchQuantiles answers a list as one by one; an empty sketch answers NaN", () => {
  bench.reset();
  const qs = bench.putF64([0.5, 0.9, 0.99, -1, 2]);
  const out = bench.place(40);
  const sketch = sketchOf(Array.from({ length: 500 }, (_, i) => i));
  kernels.sketchQuantiles(sketch.ptr, qs, 5, out);
  const got = Array.from({ length: 5 }, (_, i) => bench.f64(out + 8 * i));
  assert.deepEqual(
    got,
    [0.5, 0.9, 0.99, 0, 1].map((q) => sketch.quantile(q)),
  );
  const empty = sketchOf([Number.NaN]);
  assert.deepEqual(
    [empty.count, empty.min, empty.max, empty.quantile(0.5)],
    [0, Number.NaN, Number.NaN, Number.NaN],
  );
  assert.equal(kernels.sketchNanCount(empty.ptr), 1);
});

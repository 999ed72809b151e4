/**
 * Taking values out of a sketch. What would fail here: one that is taken out twice or from its neighbour, a sign that is mixed up, zeros and
 * infinities that stay, an answer that tells of what was in it before, a value that is not there and is taken out all the same.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Sketch } from "../../wasm/index.ts";
import { EXACT } from "./reference/sketch.ts";
import { Bench } from "./support.ts";

const bench = new Bench(8 << 20);
const { kernels } = bench;
const QS = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1];
/** The extremes stay as they are when values are taken out: these are in every sketch to the end. */
const ENDS = [-1e7, 1e7];

const value = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -(10 ** 6), max: 10 ** 6 }).map((whole) => whole / 64) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0) },
);
const column = fc.array(fc.record({ value, leaves: fc.boolean() }), { maxLength: 500, size: "max" });

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch(kernels, bench.allocator);
  for (const one of values) sketch.add(one);
  return sketch;
}

function answers(sketch: Sketch): number[] {
  return [sketch.count, ...QS.map((q) => sketch.quantile(q))];
}

function keptOf(values: readonly number[]): number {
  return values.filter((one) => one !== 0).length;
}

test("what is left answers as if the rest had never been added", () => {
  let exact = 0;
  let binned = 0;
  fc.assert(
    fc.property(column, (rows) => {
      bench.reset();
      const all = [...ENDS, ...rows.map((row) => row.value)];
      const left = [...ENDS, ...rows.filter((row) => !row.leaves).map((row) => row.value)];
      const sketch = sketchOf(all);
      answers(sketch);
      for (const row of rows) if (row.leaves) assert.equal(kernels.sketchRemove(sketch.ptr, row.value), 1);
      assert.equal(sketch.count, left.length);
      // Between the two, bins answer for what would be kept as it is: whoever takes out sees to that (slideWorn).
      if (keptOf(all) > EXACT && keptOf(left) <= EXACT) return;
      assert.deepEqual(answers(sketch), answers(sketchOf(left)));
      if (keptOf(all) <= EXACT) exact++;
      else binned++;
    }),
    { numRuns: 150, seed: 20264 },
  );
  assert.ok(exact > 20 && binned > 20, `${exact} exact, ${binned} binned`);
});

test("what is not there is not taken out, and nothing else is", () => {
  for (const many of [3, 2 * EXACT]) {
    bench.reset();
    const values = Array.from({ length: many }, (_, i) => i + 1);
    const sketch = sketchOf(values);
    const before = answers(sketch);
    for (const other of [Number.NaN, 0, -0, -1, -many, 1e-300, 1e300, ...[1, -1].map((sign) => sign / 0)]) {
      assert.equal(kernels.sketchRemove(sketch.ptr, other), 0, `${other} of ${many}`);
    }
    assert.deepEqual(answers(sketch), before);
    assert.equal(kernels.sketchRemove(sketch.ptr, 1), 1);
    assert.equal(kernels.sketchRemove(sketch.ptr, 1), 0);
    assert.equal(sketch.count, many - 1);
  }
});

test("zeros and infinities of either sign are taken out one by one", () => {
  bench.reset();
  const special = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const sketch = sketchOf([...special, ...special, 5]);
  for (const one of [...special, ...special]) assert.equal(kernels.sketchRemove(sketch.ptr, one), 1);
  for (const one of special) assert.equal(kernels.sketchRemove(sketch.ptr, one), 0);
  assert.deepEqual([sketch.count, sketch.quantile(0.5)], [1, 5]);
});

test("a sketch that is empty again takes values as a new one does", () => {
  bench.reset();
  const sketch = sketchOf(ENDS);
  for (const one of ENDS) assert.equal(kernels.sketchRemove(sketch.ptr, one), 1);
  assert.deepEqual(answers(sketch), [0, ...QS.map(() => Number.NaN)]);
  for (const one of [...ENDS, 3]) sketch.add(one);
  assert.deepEqual(answers(sketch), answers(sketchOf([...ENDS, 3])));
});

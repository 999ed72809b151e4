import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Classes } from "../../../../actors/exporter/anonymous/classes.ts";

/** Tuples of one cell: high word, low word, null mask. */
const ZERO = [0, 0, 0];
const ONE = [0, 1, 0];
const MISSING = [0, 0, 1];

describe("the classes", () => {
  const steps = ["exact", "removed"] as const;

  test("tell a category of code 0 from none at all", () => {
    const classes = new Classes([{ type: "category", steps }], 0);
    classes.add(Uint32Array.from([ZERO, MISSING, ZERO].flat()), 3, []);
    assert.equal(classes.size, 2);
    assert.equal(classes.distinctValues(0), 2);
    assert.equal(classes.mostDistinct(), 0);
    classes.coarsen(0);
    assert.deepEqual([classes.size, classes.rowsOf(0)], [1, 3]);
    assert.equal(classes.mostDistinct(), -1);
  });

  test("keep rows that are wanted apart from those of the population, also when they merge", () => {
    const classes = new Classes([{ type: "category", steps }], 0);
    classes.add(Uint32Array.from([ZERO, ONE].flat()), 2, []);
    classes.add(Uint32Array.from([ONE, ONE, MISSING].flat()), 3);
    const counts = () =>
      Array.from({ length: classes.size }, (_, index) => [
        classes.rowsOf(index),
        classes.populationOf(index),
      ]);
    assert.deepEqual(counts(), [
      [1, 1],
      [1, 3],
      [0, 1],
    ]);
    classes.coarsen(0);
    assert.deepEqual(counts(), [[2, 5]]);
  });

  test("merge the values of what they merge", () => {
    const classes = new Classes([{ type: "category", steps }], 1);
    const values = Uint32Array.from([ZERO, ONE, ZERO, MISSING].flat());
    classes.add(Uint32Array.from([ZERO, ZERO, ONE, ONE].flat()), 4, [values]);
    assert.equal(classes.valuesOf(0).size, 4);
    classes.coarsen(0);
    const { words, size, counts } = classes.valuesOf(0);
    assert.deepEqual([...words.subarray(0, size * 4)], [0, ...ZERO, 0, ...ONE, 0, ...MISSING]);
    assert.deepEqual([...counts[0]!.subarray(0, size)], [2, 1, 1]);
  });

  test("of no quasi-identifier are one", () => {
    const classes = new Classes([], 0);
    classes.add(new Uint32Array(3), 3, []);
    assert.deepEqual([classes.size, classes.rowsOf(0), classes.mostDistinct()], [1, 3, -1]);
  });
});

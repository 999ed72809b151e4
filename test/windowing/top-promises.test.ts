import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Top } from "../../windowing/top.ts";
import { ReferenceSpaceSaving } from "../wasm/reference/space-saving.ts";
import {
  add,
  CAPACITY,
  countersOf,
  facts,
  factsOf,
  ground,
  recordOf,
  smallPool,
  state,
  stream,
  takeAll,
  type Weighed,
} from "./top-support.ts";

const { kernels } = ground;

function referenceOf(rows: readonly Weighed[], capacity = CAPACITY): ReferenceSpaceSaving {
  const reference = new ReferenceSpaceSaving(capacity);
  for (const [item, weight] of rows) reference.add(item, weight);
  return reference;
}

function exactly(rows: readonly Weighed[]): Map<number, number> {
  const weights = new Map<number, number>();
  for (const [item, weight] of rows) weights.set(item, (weights.get(item) ?? 0) + weight);
  return weights;
}

/** What Space-Saving promises, of all counters that it has. */
function assertPromises(top: Top, record: number, rows: readonly Weighed[]): void {
  const exact = exactly(rows);
  const total = rows.reduce((sum, [, weight]) => sum + weight, 0);
  const told = new Set<number>();
  for (const [item, weight, error] of countersOf(record)) {
    const actual = exact.get(Number(item)) ?? 0;
    assert.ok(actual <= weight, `${item}: ${actual} is more than ${weight}`);
    assert.ok(weight - error <= actual, `${item}: ${actual} is less than ${weight} - ${error}`);
    told.add(Number(item));
  }
  const least = top.least(record);
  assert.ok(least <= total / CAPACITY, `least ${least} of ${total}`);
  for (const [item, weight] of exact) {
    if (weight > total / CAPACITY) assert.ok(told.has(item), `${item} weighs ${weight} of ${total}`);
    if (!told.has(item)) assert.ok(weight <= least, `${item} weighs ${weight}, not at most ${least}`);
  }
  assert.equal(top.total(record), total);
}

test("it is the reference, and keeps its promises, however the rows are cut", () => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 1000 }), (rows, piece) => {
      const top = new Top(kernels, ground.pool(), 9);
      const record = top.make();
      add(top, record, rows, {}, piece);
      assert.deepEqual(facts(top, record), factsOf(referenceOf(rows), 9));
      assert.equal(top.rows(record), rows.length);
      assertPromises(top, record, rows);
    }),
    { seed: 2005, numRuns: 60, endOnFailure: true },
  );
});

test("so do merges of merges, in any tree; what is merged stays as it is", () => {
  fc.assert(
    fc.property(fc.array(stream, { minLength: 2, maxLength: 5 }), fc.boolean(), (streams, isChain) => {
      const top = new Top(kernels, ground.pool(), 9);
      const all = streams.flat();
      let parts = streams.map((rows) => ({ record: recordOf(top, rows), reference: referenceOf(rows) }));
      while (parts.length > 1) {
        const [a, b, ...others] = parts as [(typeof parts)[0], (typeof parts)[0], ...typeof parts];
        const before = state(top, b.record);
        top.merge(a.record, b.record);
        a.reference.merge(b.reference);
        assert.deepEqual(state(top, b.record), before, "merge changed what it read");
        top.free(b.record);
        parts = isChain ? [a, ...others] : [...others, a];
      }
      const { record, reference } = parts[0]!;
      assert.deepEqual(facts(top, record), factsOf(reference, 9));
      assertPromises(top, record, all);
      // Goes on as the reference does.
      add(top, record, all.slice(0, 700));
      for (const [item, weight] of all.slice(0, 700)) reference.add(item, weight);
      assert.deepEqual(facts(top, record), factsOf(reference, 9));
    }),
    { seed: 2013, numRuns: 40, endOnFailure: true },
  );
});

test("a merge with a record of fewer counters knows what it cannot know", () => {
  const pool = ground.pool(4096);
  const top = new Top(kernels, pool, 1);
  const small = top.make();
  takeAll(() => pool.allocate(256));
  add(
    top,
    small,
    Array.from({ length: 30 }, (_, i) => [i, 1]),
  );
  assert.ok(top.least(small) > 0);
  const roomy = new Top(kernels, smallPool(), 1);
  const record = roomy.make();
  add(roomy, record, [[1000, 2]]);
  roomy.merge(record, small);
  const least = top.least(small);
  assert.equal(roomy.least(record), least, "an item of neither may be one that the small one gave up");
  add(roomy, record, [[2000, 1]]);
  const added = Array.from(countersOf(record)).find(([item]) => item === 2000n);
  assert.deepEqual(added?.slice(1), [least + 1, least]);
});

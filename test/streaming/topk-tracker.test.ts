import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type TopItem, TopKTracker } from "../../streaming/topk-tracker.ts";
import { ReferenceSpaceSaving } from "../wasm/reference/space-saving.ts";
import { randomFrom } from "../wasm/support.ts";

type Weighed = readonly [item: number, weight: number];

const stream = fc
  .record({
    length: fc.constantFrom(0, 1, 15, 100, 1500),
    items: fc.constantFrom(3, 20, 21, 300, 3000),
    skew: fc.integer({ min: 1, max: 5 }),
    isWeighed: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ length, items, skew, isWeighed, seed }): Weighed[] => {
    const random = randomFrom(seed);
    return Array.from({ length }, () => [
      Math.floor(items * random() ** skew),
      isWeighed ? Math.floor(random() * 9) / 2 : 1,
    ]);
  });

function trackerOf(rows: readonly Weighed[], capacity = 20): TopKTracker<number> {
  const tracker = new TopKTracker<number>({ k: 20, capacity });
  for (const [item, weight] of rows) tracker.add(item, weight);
  return tracker;
}

function referenceOf(rows: readonly Weighed[], capacity = 20): ReferenceSpaceSaving {
  const reference = new ReferenceSpaceSaving(capacity);
  for (const [item, weight] of rows) reference.add(item, weight);
  return reference;
}

function facts(tracker: TopKTracker<number>) {
  const ranks = tracker.top().map(({ item, weight, error }) => [item, { weight, error }]);
  return { ranks, least: tracker.least, total: tracker.total };
}

function factsOf(reference: ReferenceSpaceSaving) {
  return { ranks: reference.ranks().slice(0, 20), least: reference.least, total: reference.total };
}

function assertPromises(tracker: TopKTracker<number>, rows: readonly Weighed[]): void {
  const exact = new Map<number, number>();
  for (const [item, weight] of rows) exact.set(item, (exact.get(item) ?? 0) + weight);
  const told = new Map(tracker.top().map((entry) => [entry.item, entry]));
  for (const { item, weight, error } of told.values()) {
    const actual = exact.get(item) ?? 0;
    assert.ok(actual <= weight && weight - error <= actual, `${item}: ${actual} for ${weight} - ${error}`);
  }
  assert.ok(tracker.least <= tracker.total / tracker.capacity);
  for (const [item, weight] of exact) {
    if (weight > tracker.total / tracker.capacity) assert.ok(told.has(item), `${item} weighs ${weight}`);
    if (!told.has(item)) assert.ok(weight <= tracker.least, `${item} weighs ${weight}`);
  }
}

test("it is the reference, and keeps its promises", () => {
  fc.assert(
    fc.property(stream, (rows) => {
      const tracker = trackerOf(rows);
      assert.deepEqual(facts(tracker), factsOf(referenceOf(rows)));
      assertPromises(tracker, rows);
    }),
    { seed: 2005, numRuns: 100, endOnFailure: true },
  );
});

test("so do merges, of trackers of other capacities too; what is merged stays as it is", () => {
  const capacity = fc.constantFrom(20, 25);
  fc.assert(
    fc.property(stream, capacity, stream, capacity, stream, (a, capacityA, b, capacityB, c) => {
      const into = trackerOf(a, capacityA);
      const from = trackerOf(b, capacityB);
      const reference = referenceOf(a, capacityA);
      const before = facts(from);
      into.merge(from);
      reference.merge(referenceOf(b, capacityB));
      assert.deepEqual(facts(from), before);
      assert.deepEqual(facts(into), factsOf(reference));
      if (capacityA === 20 && capacityB === 20) assertPromises(into, [...a, ...b]);
      for (const [item, weight] of c) {
        into.add(item, weight);
        reference.add(item, weight);
      }
      assert.deepEqual(facts(into), factsOf(reference));
    }),
    { seed: 2013, numRuns: 100, endOnFailure: true },
  );
});

test("what is guaranteed to be among the heaviest is among them", () => {
  let guaranteed = 0;
  let all = 0;
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 12 }), (rows, k) => {
      const tracker = new TopKTracker<number>({ k, capacity: 20 });
      for (const [item, weight] of rows) tracker.add(item, weight);
      const exact = new Map<number, number>();
      for (const [item, weight] of rows) exact.set(item, (exact.get(item) ?? 0) + weight);
      const weights = [...exact.values()].sort((a, b) => b - a);
      const entries = tracker.top();
      for (const { item, isGuaranteed } of entries) {
        all++;
        if (!isGuaranteed) continue;
        guaranteed++;
        assert.ok(exact.get(item)! >= (weights[k - 1] ?? 0), `${item} weighs ${exact.get(item)}`);
      }
      assert.equal(
        tracker.isGuaranteed,
        entries.every((entry) => entry.isGuaranteed),
      );
    }),
    { seed: 7, numRuns: 150, endOnFailure: true },
  );
  assert.ok(guaranteed > all / 4 && guaranteed < all, `${guaranteed} of ${all}`);
});

test("while there are few items everything is exact: the ten that came most often, by default", () => {
  const tracker = new TopKTracker<string>();
  for (let i = 0; i < 64; i++) {
    for (let times = 0; times <= i; times++) tracker.add(`/page/${i}`);
  }
  const top = tracker.top();
  assert.equal(top.length, 10);
  assert.deepEqual(top[0], { item: "/page/63", weight: 64, error: 0, isGuaranteed: true });
  assert.deepEqual(top[9], { item: "/page/54", weight: 55, error: 0, isGuaranteed: true });
  assert.equal(tracker.isGuaranteed, true);
  assert.equal(tracker.least, 0);
  assert.equal(tracker.capacity, 80);
  assert.equal(tracker.total, (64 * 65) / 2);
});

test("items are different when a Map would say so, and equal weights are ordered by item", () => {
  const tracker = new TopKTracker<TopItem>();
  for (const item of ["b", "a", "10", 2n, 1n, 10, 9, Number.NaN, Number.NaN, -1, "10", "", 0, -0])
    tracker.add(item);
  const order = tracker.top().map((entry) => entry.item);
  assert.deepEqual(order, [0, Number.NaN, "10", -1, 9, 10, 1n, 2n, "", "a"]);
});

test("a weight that cannot be added up adds nothing and is counted; one of 0 is no item", () => {
  const tracker = new TopKTracker<string>();
  for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    tracker.add("a", weight);
  }
  tracker.add("b", 0);
  assert.deepEqual([tracker.leftOut, tracker.total, tracker.top()], [4, 0, []]);
  const other = new TopKTracker<string>();
  other.merge(tracker);
  assert.equal(other.leftOut, 4);
});

test("reset forgets everything", () => {
  const rows = Array.from({ length: 100 }, (_, i): Weighed => [i % 40, 1]);
  const tracker = trackerOf(rows);
  tracker.add(1, -1);
  tracker.merge(trackerOf(rows));
  tracker.reset();
  assert.deepEqual([facts(tracker), tracker.leftOut], [{ ranks: [], least: 0, total: 0 }, 0]);
  for (const [item, weight] of rows) tracker.add(item, weight);
  assert.deepEqual(facts(tracker), facts(trackerOf(rows)));
});

test("options that cannot be are refused, and say what can", () => {
  assert.throws(() => new TopKTracker({ k: 0 }), /k: expected a whole number from 1 to 100000; came 0/);
  assert.throws(() => new TopKTracker({ k: 10, capacity: 9 }), /capacity: expected .* from 10 to/);
  assert.throws(() => new TopKTracker({ k: 1.5 }), RangeError);
});

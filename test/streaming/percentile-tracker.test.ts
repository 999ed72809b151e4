/**
 * Percentiles against sorted lists.
 *
 * What would fail here: values that wait in the column when somebody asks; a merge that loses negative values, or changes the other; a
 * tracker that gives up all values of a column when there is no room for one.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PercentileTracker } from "../../streaming/index.ts";
import { SKETCH_RELATIVE_ERROR } from "../../wasm/index.ts";
import { newSpace, plainQuantile } from "./support.ts";

const SEED = 20_261_122;
const values = fc.array(
  fc.oneof(
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.integer({ min: 1, max: 1000 }).map((value) => value / 1000),
    fc.constant(0),
  ),
  { minLength: 1, maxLength: 1000 },
);

function assertPercentiles(tracker: PercentileTracker, list: readonly number[]): void {
  assert.equal(tracker.count, list.length);
  assert.equal(tracker.min, Math.min(...list) + 0);
  assert.equal(tracker.max, Math.max(...list) + 0);
  for (const percent of [0, 1, 25, 50, 90, 95, 99, 100]) {
    const expected = plainQuantile(list, percent / 100);
    const near = Math.abs(expected) * SKETCH_RELATIVE_ERROR;
    const came = tracker.percentile(percent);
    assert.ok(Math.abs(came - expected) <= near, `p${percent}: expected ${expected}; came ${came}`);
  }
}

test("percentiles are within the promise, and after a merge too", () => {
  fc.assert(
    fc.property(values, values, (own, others) => {
      const space = newSpace();
      using tracker = new PercentileTracker(space);
      using other = new PercentileTracker(space);
      for (const value of own) tracker.add(value);
      for (const value of others) other.add(value);
      assertPercentiles(tracker, own);
      tracker.merge(other);
      assertPercentiles(tracker, [...own, ...others]);
      assertPercentiles(other, others);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

test("the usual four, and none of nothing", () => {
  using tracker = new PercentileTracker(newSpace());
  assert.ok(Number.isNaN(tracker.percentile(50)) && Number.isNaN(tracker.min));
  for (let value = 1; value <= 100; value++) tracker.add(value);
  tracker.add(Number.NaN);
  assert.deepEqual(tracker.percentiles(), { 50: 50, 90: 90, 95: 95, 99: 99 });
  assert.equal(tracker.count, 100);
  tracker.reset();
  assert.equal(tracker.count, 0);
  tracker.add(7);
  assert.deepEqual([tracker.percentile(0), tracker.max], [7, 7]);
});

test("where there is no room to grow, what needs none counts, and the rest is missed", () => {
  // Room for the column and the smallest sketch: 22 values as they are.
  const space = newSpace(2048 + 256);
  using tracker = new PercentileTracker(space);
  let added = 0;
  for (let value = 1; value <= 500; value++) {
    tracker.add(value % 10 === 0 ? 0 : value * 1000);
    added++;
  }
  const { count, missed } = tracker;
  assert.equal(count + missed, added);
  // Zeros need no room: every one of them is there, those behind a value that found none too.
  assert.ok(count >= 50 && missed > 100, `${count} counted, ${missed} missed`);
  tracker.reset();
  assert.equal(tracker.missed, 0);
});

test("a merge for which there is no room misses what came, and changes nothing", () => {
  const space = newSpace(2 * 2048 + 256 + 256);
  const tracker = new PercentileTracker(space);
  tracker.add(1);
  const other = new PercentileTracker(space);
  for (let value = 1; value <= 22; value++) other.add(value);
  tracker.merge(other);
  assert.equal(tracker.count + tracker.missed, 23);
  assert.equal(other.count, 22);
  assert.deepEqual([tracker.count, tracker.max], [1, 1]);
});

test("trackers of two spaces do not meet, and give their memory back", () => {
  const space = newSpace();
  const tracker = new PercentileTracker(space);
  assert.throws(() => tracker.merge(new PercentileTracker(newSpace())), /same space/);
  for (let value = 0; value < 1000; value++) tracker.add(Math.exp(value / 50));
  assert.ok(tracker.count === 1000 && space.pool.usedBytes > 4096);
  tracker.free();
  assert.equal(space.pool.usedBytes, 0);
});

test("given back twice, its memory is not anybody else's twice", () => {
  const space = newSpace();
  const freed = new PercentileTracker(space);
  freed.free();
  freed.free();
  assert.equal(space.pool.usedBytes, 0);
  using one = new PercentileTracker(space);
  using other = new PercentileTracker(space);
  one.add(1);
  other.add(2);
  assert.deepEqual([one.max, other.max], [1, 2]);
});

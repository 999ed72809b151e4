/** How far event time has come, and the two clocks that can be wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StateReader, StateWriter } from "../../windowing/state.ts";
import { LATEST_MS, Watermark } from "../../windowing/watermark.ts";

test("it is the latest event time less the disorder, and never goes back", () => {
  const watermark = new Watermark({ disorderMs: 10, aheadMs: 0 });
  assert.equal(watermark.ms, Number.NEGATIVE_INFINITY);
  watermark.see(100);
  watermark.see(50);
  assert.deepEqual([watermark.ms, watermark.latestMs, watermark.reachedBy(91)], [90, 100, 101]);
  watermark.see(101);
  assert.equal(watermark.ms, 91);
});

test("it is advanced, to whole moments, as far as numbers are exact", () => {
  const watermark = new Watermark({ disorderMs: 10, aheadMs: 0 });
  watermark.advance(5.9);
  assert.equal(watermark.ms, 5);
  watermark.advance(4);
  watermark.see(8);
  watermark.advance(Number.NaN);
  assert.equal(watermark.ms, 5);
  watermark.see(16);
  assert.equal(watermark.ms, 6);
  watermark.advance(Number.POSITIVE_INFINITY);
  assert.equal(watermark.ms, Number.MAX_SAFE_INTEGER);
});

test("the latest time of a row is so far after its writing; any that a date can be when that is not known", () => {
  const watermark = new Watermark({ disorderMs: 0, aheadMs: 100 });
  assert.deepEqual([watermark.latestOf(1000.7), watermark.latestOf(0)], [1100, LATEST_MS]);
  const boundless = new Watermark({ disorderMs: 0, aheadMs: Number.POSITIVE_INFINITY });
  assert.equal(boundless.latestOf(1000), LATEST_MS);
});

test("a clock is set back when the latest is more than twice as far ahead as may be, whatever the disorder", () => {
  const watermark = new Watermark({ disorderMs: 5000, aheadMs: 100 });
  assert.equal(watermark.isSetBack(1), false);
  watermark.see(1000);
  assert.deepEqual(
    [watermark.isSetBack(800), watermark.isSetBack(799), watermark.isSetBack(0)],
    [false, true, false],
  );
  watermark.reset();
  watermark.advance(1000);
  assert.deepEqual([watermark.isSetBack(800), watermark.isSetBack(799)], [false, true]);
  assert.equal(watermark.latestMs, Number.NEGATIVE_INFINITY);
});

test("it is saved and loaded, infinities too", () => {
  for (const prepare of [
    () => {},
    (watermark: Watermark) => watermark.see(7),
    (watermark: Watermark) => watermark.advance(9),
  ]) {
    const one = new Watermark({ disorderMs: 1, aheadMs: 0 });
    prepare(one);
    const out = new StateWriter();
    one.save(out);
    const other = new Watermark({ disorderMs: 1, aheadMs: 0 });
    other.load(new StateReader(out.written));
    assert.deepEqual([other.ms, other.latestMs], [one.ms, one.latestMs]);
  }
});

test("an event time that no Date can hold does not move it", () => {
  const watermark = new Watermark({ disorderMs: 0, aheadMs: 0 });
  watermark.see(-LATEST_MS - 1);
  assert.equal(watermark.ms, Number.NEGATIVE_INFINITY);
  watermark.see(-LATEST_MS);
  assert.equal(watermark.ms, -LATEST_MS);
});

test("loaded where another disorder is allowed for, it does not go back", () => {
  const one = new Watermark({ disorderMs: 10, aheadMs: 0 });
  one.see(100);
  const out = new StateWriter();
  one.save(out);
  for (const [disorderMs, ms, next] of [
    [0, 100, 115],
    [10, 90, 105],
    [30, 90, 90],
  ] as const) {
    const other = new Watermark({ disorderMs, aheadMs: 0 });
    other.load(new StateReader(out.written));
    assert.deepEqual([other.ms, other.latestMs], [ms, 100]);
    other.see(115);
    assert.equal(other.ms, next);
  }
});

test("a span of time that is none is refused", () => {
  for (const disorderMs of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => new Watermark({ disorderMs, aheadMs: 0 }),
      /disorderMs: expected whole milliseconds, at least 0/,
    );
  }
  assert.throws(
    () => new Watermark({ disorderMs: 0, aheadMs: -1 }),
    /aheadMs: expected milliseconds, at least 0; came -1/,
  );
});

/**
 * The window against a list of what was added.
 *
 * What would fail here: a pane that leaves too early or too late, or twice; a merge that is forgotten when the older stack is used
 * up; values of a column that go to the pane after theirs; a late value that is counted, or an early one that is not; a clock set
 * back that freezes the window or empties it; memory that is not given back.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../runtime/clock.ts";
import { SlidingWindow } from "../../streaming/index.ts";
import { assertStats, newSpace } from "./support.ts";

const SEED = 20_261_122;

interface Added {
  readonly value: number;
  readonly pane: number;
}

test("it has the values of its panes, whatever comes when", () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("add" as const),
        value: fc.integer({ min: -1000, max: 1000 }),
      }),
    },
    // Up to a window and more back, and a little ahead.
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("addAt" as const),
        value: fc.integer({ min: -1000, max: 1000 }),
        agoMs: fc.integer({ min: -300, max: 1400 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 400 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 400, max: 5000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("many" as const), count: fc.integer({ min: 1, max: 600 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("look" as const) }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 60 }), (panes, steps) => {
      const clock = new VirtualClock(1_000_003);
      const windowMs = 1000;
      const paneMs = windowMs / panes;
      using window = new SlidingWindow({ windowMs, panes, clock, space: newSpace() });
      const added: Added[] = [];
      let newest = Number.NEGATIVE_INFINITY;
      let late = 0;
      const add = (value: number, timeMs: number) => {
        const pane = Math.floor(timeMs / paneMs);
        if (pane <= newest - panes) late++;
        else added.push({ value, pane });
        newest = Math.max(newest, pane);
      };
      const look = () => {
        newest = Math.max(newest, Math.floor(clock.nowMs() / paneMs));
        const inside = added.filter(({ pane }) => pane > newest - panes).map(({ value }) => value);
        assertStats(window.stats(), inside);
        assert.equal(window.late, late);
      };
      for (const one of steps) {
        if (one.kind === "add") {
          window.add(one.value);
          add(one.value, clock.nowMs());
        } else if (one.kind === "addAt") {
          window.add(one.value, clock.nowMs() - one.agoMs);
          add(one.value, clock.nowMs() - one.agoMs);
        } else if (one.kind === "many") {
          for (let value = 0; value < one.count; value++) {
            window.add(value);
            add(value, clock.nowMs());
          }
        } else if (one.kind === "pass") clock.advance(one.ms);
        else look();
      }
      look();
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test("nothing older than the window counts, and at most a pane of it does not", () => {
  const clock = new VirtualClock(0);
  using window = new SlidingWindow({ windowMs: 1000, panes: 10, clock, space: newSpace() });
  window.add(5, 50);
  clock.advance(999);
  assert.equal(window.stats().count, 1);
  clock.advance(1);
  assert.equal(window.stats().count, 0, "its pane began a window ago");
  window.add(5, 1099);
  assert.equal(window.stats(1999).count, 1);
  assert.equal(window.stats(2000).count, 0);
});

test("a clock that is set back by more than a window begins a window of its time", () => {
  const clock = new VirtualClock(1e12);
  using window = new SlidingWindow({ windowMs: 1000, panes: 10, clock, space: newSpace() });
  window.add(1);
  clock.jumpWall(-3_600_000);
  window.add(2);
  window.add(3);
  assertStats(window.stats(), [2, 3]);
  assert.equal(window.late, 0);
  clock.advance(2000);
  assert.equal(window.stats().count, 0);
});

test("one that is set back by less keeps what is there, and puts values where they belong", () => {
  const clock = new VirtualClock(1e12);
  using window = new SlidingWindow({ windowMs: 1000, panes: 10, clock, space: newSpace() });
  window.add(1);
  clock.jumpWall(-500);
  window.add(2);
  assertStats(window.stats(), [1, 2]);
  // Late by what has come, though not by the clock: it was set back by a part of a window only.
  window.add(3, clock.nowMs() - 600);
  assert.equal(window.late, 1);
  clock.advance(1400);
  assertStats(window.stats(), [1]);
});

test("NaN adds nothing, an infinite value takes the variance away", () => {
  const clock = new VirtualClock(0);
  using window = new SlidingWindow({ windowMs: 1000, clock, space: newSpace() });
  window.add(Number.NaN);
  assert.deepEqual(window.stats(), {
    count: 0,
    sum: 0,
    mean: null,
    min: null,
    max: null,
    variance: null,
    stddev: null,
  });
  window.add(1);
  window.add(Number.POSITIVE_INFINITY);
  const { count, max, variance, stddev } = window.stats();
  assert.deepEqual(
    { count, max, variance, stddev },
    { count: 2, max: Infinity, variance: null, stddev: null },
  );
});

test("a million values far from zero keep their variance", () => {
  using window = new SlidingWindow({ clock: new VirtualClock(0), space: newSpace() });
  for (let value = 0; value < 1_000_000; value++) window.add(1e9 + (value % 2));
  assert.ok(Math.abs(window.stats().variance! - 0.25) < 1e-9);
});

test("what it takes comes back, and it says what cannot be", () => {
  const space = newSpace();
  const window = new SlidingWindow({ clock: new VirtualClock(0), space });
  window.add(1);
  window.reset();
  assert.equal(window.stats().count, 0);
  assert.throws(() => window.add(1, Number.NaN), RangeError);
  assert.throws(() => window.stats(Number.NaN), RangeError);
  assert.ok(space.pool.usedBytes > 0);
  window.free();
  assert.equal(space.pool.usedBytes, 0);
  assert.throws(() => new SlidingWindow({ windowMs: 0, space }), /windowMs: expected/);
  assert.throws(() => new SlidingWindow({ panes: 0, space }), /panes: expected/);
  assert.throws(() => new SlidingWindow({ panes: 4097, space }), /panes: expected/);
  assert.equal(space.pool.usedBytes, 0);
});

// Panes are counted with whole numbers: where doubles have none between two of them, a count would never end.
test("times that cannot be milliseconds are refused, whatever the panes are", () => {
  using window = new SlidingWindow({ windowMs: 1000, panes: 100, space: newSpace() });
  for (const timeMs of [1.7e18, -1.7e18, 1e300, Number.MAX_VALUE, Number.NaN, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => window.add(1, timeMs), /timeMs: expected milliseconds since 1970; came/);
    assert.throws(() => window.stats(timeMs), /nowMs: expected milliseconds since 1970; came/);
  }
  window.add(1, 1_700_000_000_000);
  assert.equal(window.stats(1_700_000_000_000).count, 1);
});

test("given back twice, its memory is not anybody else's twice", () => {
  const space = newSpace();
  const freed = new SlidingWindow({ space });
  freed.free();
  freed.free();
  assert.equal(space.pool.usedBytes, 0);
  using one = new SlidingWindow({ space });
  using other = new SlidingWindow({ space });
  one.add(1, 1000);
  other.add(2, 1000);
  assert.deepEqual([one.stats(1000).sum, other.stats(1000).sum], [1, 2]);
});

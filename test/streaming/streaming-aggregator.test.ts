/**
 * The aggregator against a list of everything that was sent.
 *
 * What would fail here: a value in another stream's pane or sketch; a group that is missing from its metric; a window that is cut
 * elsewhere than said; a stream that outlives its window, or memory that it keeps; a bound that is passed, or a refusal that is not
 * counted; a clock set back or ahead that empties or freezes what is there.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../runtime/clock.ts";
import { StreamingAggregator, type StreamingAggregatorOptions } from "../../streaming/index.ts";
import { SKETCH_RELATIVE_ERROR } from "../../wasm/index.ts";
import { assertStats, newSpace, plainQuantile } from "./support.ts";

const SEED = 20_261_122;
const WINDOW_MS = 30_000;
const PANE_MS = WINDOW_MS / 30;
const START_MS = Date.UTC(2026, 5, 1, 12) + 321;
const METRICS = ["cpu", "latency", "__proto__"];
const GROUPS = [undefined, "a", "b", "constructor"];

interface Sent {
  readonly metric: string;
  readonly group: string | undefined;
  readonly value: number;
  readonly timeMs: number;
}

function open(options: StreamingAggregatorOptions = {}) {
  const clock = new VirtualClock(START_MS);
  const space = newSpace();
  const aggregator = new StreamingAggregator({ windowMs: WINDOW_MS, clock, space, ...options });
  return { aggregator, clock, space };
}

/** What counts of what was sent: that whose pane began within the window. */
function inWindow(sent: readonly Sent[], nowMs: number, windowMs = WINDOW_MS): readonly Sent[] {
  return sent.filter(({ timeMs }) => Math.floor(timeMs / PANE_MS) * PANE_MS > nowMs - windowMs);
}

test("every stream has the figures of its values, over the window and over parts of it", () => {
  const event = fc.record({
    metric: fc.constantFrom(...METRICS),
    group: fc.constantFrom(...GROUPS),
    value: fc.integer({ min: -5000, max: 5000 }),
    agoMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1.2 * WINDOW_MS })),
  });
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        events: fc.array(event, { minLength: 1, maxLength: 30 }),
        passMs: fc.constant(0),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ events: fc.constant([]), passMs: fc.integer({ min: 1, max: 5000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ events: fc.constant([]), passMs: fc.integer({ min: 1, max: 70_000 }) }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 2, max: 30 }), (steps, panes) => {
      const { aggregator, clock } = open();
      const sent: Sent[] = [];
      let late = 0;
      for (const { events, passMs } of steps) {
        for (const { metric, group, value, agoMs } of events) {
          const timeMs = clock.nowMs() - agoMs;
          const isLate = Math.floor(timeMs / PANE_MS) <= Math.floor(clock.nowMs() / PANE_MS) - 30;
          const outcome = aggregator.aggregate(metric, value, {
            timeMs,
            ...(group === undefined ? {} : { group }),
          });
          assert.equal(outcome, isLate ? "late" : "added");
          if (isLate) late++;
          else sent.push({ metric, group, value, timeMs });
        }
        clock.advance(passMs);
        const nowMs = clock.nowMs();
        for (const windowMs of [WINDOW_MS, panes * PANE_MS]) {
          for (const metric of METRICS) {
            for (const group of GROUPS) {
              const own = sent.filter(
                (one) => one.metric === metric && (group === undefined || one.group === group),
              );
              const wanted = inWindow(own, nowMs, windowMs).map(({ value }) => value);
              const of = group === undefined ? {} : { group };
              const stats = aggregator.stats(metric, { ...of, windowMs });
              const what = `${metric} ${group} ${windowMs}`;
              if (stats === undefined) assert.deepEqual(wanted, [], what);
              else {
                assertStats(stats, wanted, what);
                assert.equal(stats.toMs, nowMs);
                assert.ok(
                  stats.fromMs > nowMs - windowMs && stats.fromMs <= nowMs - windowMs + PANE_MS,
                  what,
                );
              }
            }
          }
        }
      }
      assert.equal(aggregator.figures.late, late);
      assert.equal(aggregator.totalEvents(), sent.length);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test("percentiles are of the window, but for two panes at its far end", () => {
  const { aggregator, clock } = open();
  const values: Sent[] = [];
  for (let n = 0; n < 3000; n++) {
    // Later ones are larger: what should have left, or came too late, would show.
    const value = n * (n % 3 === 0 ? -1 : 1);
    aggregator.aggregate("m", value);
    values.push({ metric: "m", group: undefined, value, timeMs: clock.nowMs() });
    clock.advance(17);
  }
  const nowMs = clock.nowMs();
  for (const windowMs of [WINDOW_MS, 9000]) {
    const stats = aggregator.stats("m", { windowMs })!;
    // One of these it is: from where the sketch begins that the window's first pane is in.
    const candidates = [0, 1, 2].map((panes) => inWindow(values, nowMs, windowMs + panes * PANE_MS));
    for (const [name, q] of [
      ["p50", 0.5],
      ["p90", 0.9],
      ["p95", 0.95],
      ["p99", 0.99],
    ] as const) {
      const isNear = candidates.some((candidate) => {
        const expected = plainQuantile(
          candidate.map(({ value }) => value),
          q,
        );
        return Math.abs(stats[name]! - expected) <= Math.abs(expected) * SKETCH_RELATIVE_ERROR;
      });
      assert.ok(isNear, `${name}: ${stats[name]}`);
      assert.ok(stats[name]! >= stats.min! && stats[name]! <= stats.max!);
    }
  }
});

test("a rate is over the whole window, and over what was looked at of it", () => {
  const { aggregator, clock } = open();
  for (let second = 0; second < 60; second++) {
    for (let n = 0; n < 10; n++) aggregator.aggregate("m", 1);
    clock.advance(1000);
  }
  assert.ok(Math.abs(aggregator.stats("m")!.rate - 10) < 0.5);
  assert.ok(Math.abs(aggregator.stats("m", { windowMs: 10_000 })!.rate - 10) < 1);
  clock.advance(15_000);
  assert.ok(Math.abs(aggregator.stats("m")!.rate - 5) < 0.5);
});

test("streams that nothing came for are forgotten, and their memory is used again", () => {
  const { aggregator, clock, space } = open({ maxStreams: 100 });
  const empty = space.pool.usedBytes;
  for (let round = 0; round < 5; round++) {
    for (let group = 0; group < 99; group++) {
      for (let n = 0; n < 40; n++) {
        assert.equal(aggregator.aggregate("m", n * 31, { group: `${round}/${group}` }), "added");
      }
    }
    assert.equal(aggregator.figures.streams, 100);
    assert.equal(aggregator.aggregate("other", 1), "refused");
    clock.advance(WINDOW_MS + PANE_MS);
    aggregator.aggregate("m", 1);
    assert.equal(aggregator.figures.streams, 1, "the metric goes on, or begins anew");
  }
  clock.advance(WINDOW_MS + PANE_MS);
  assert.equal(aggregator.stats("m"), undefined);
  assert.deepEqual(aggregator.metrics(), []);
  assert.equal(space.pool.usedBytes, empty);
  const { expiredStreams, expiredValues, events, refused } = aggregator.figures;
  assert.deepEqual([expiredStreams, expiredValues, refused], [5 * 100 + 1, events, 5]);
});

test("streams that values come for stay, and give back what has left their window", () => {
  const { aggregator, clock, space } = open();
  for (let second = 0; second < 3 * (WINDOW_MS / 1000); second++) {
    for (let n = 0; n < 50; n++) aggregator.aggregate("m", n, { group: "g" });
    clock.advance(1000);
  }
  const [whole, group] = [aggregator.stats("m")!, aggregator.stats("m", { group: "g" })!];
  assert.deepEqual([whole.count, group.count], [29 * 50, 29 * 50]);
  const full = space.pool.usedBytes;
  clock.advance(WINDOW_MS - 2 * PANE_MS);
  aggregator.expire();
  assert.equal(aggregator.figures.streams, 2);
  assert.ok(space.pool.usedBytes < full - 2 * 8 * 256, `${space.pool.usedBytes} of ${full}`);
});

test("beyond the bound, new groups are others, which the metric counts all the same", () => {
  const { aggregator, clock } = open({ maxStreams: 3 });
  for (let n = 0; n < 1000; n++) {
    const group = n % 2 === 0 ? "a" : n % 4 === 1 ? "heavy" : `g${n}`;
    const outcome = aggregator.aggregate("m", n, { group });
    assert.equal(outcome, group === "a" || group === "heavy" ? "added" : "other");
  }
  assertStats(
    aggregator.stats("m", { group: null })!,
    Array.from({ length: 250 }, (_, n) => n * 4 + 3),
  );
  assert.equal(aggregator.stats("m")!.count, 1000);
  assert.equal(aggregator.stats("m", { group: "g3" }), undefined);
  assert.equal(aggregator.aggregate("second", 1), "refused");
  const { events, other, refused, streams } = aggregator.figures;
  assert.deepEqual({ events, other, refused, streams }, { events: 1000, other: 250, refused: 1, streams: 4 });
  const [first, second] = aggregator.topGroups("m");
  assert.deepEqual(
    [first, second],
    [
      { group: "a", count: 500, error: 0 },
      { group: "heavy", count: 250, error: 0 },
    ],
  );
  const distinct = aggregator.distinctGroups("m")!;
  assert.ok(Math.abs(distinct - 252) < 10, String(distinct));
  clock.advance(2 * WINDOW_MS);
  aggregator.aggregate("m", 1);
  assert.equal(aggregator.distinctGroups("m"), 0);
});

test("a heavy group among the others is told of, with what may be too much", () => {
  const { aggregator, clock } = open({ maxStreams: 1 });
  for (let n = 0; n < 3000; n++) aggregator.aggregate("m", 1, { group: n % 3 === 0 ? "heavy" : `g${n}` });
  const before = aggregator.topGroups("m")[0]!;
  assert.equal(before.group, "heavy");
  assert.ok(before.count >= 1000 && before.count - before.error <= 1000);
  // The ranking's window is over: what it says of it may be older than what is asked for.
  clock.advance(WINDOW_MS);
  aggregator.aggregate("m", 1, { group: "heavy" });
  const after = aggregator.topGroups("m")[0]!;
  assert.ok(after.count >= 1001 && after.count - after.error <= 1, JSON.stringify(after));
});

test("or they are refused, and count nowhere", () => {
  const { aggregator } = open({ maxStreams: 2, whenFull: "refuse" });
  assert.equal(aggregator.aggregate("m", 1, { group: "a" }), "added");
  assert.equal(aggregator.aggregate("m", 1, { group: "b" }), "refused");
  assert.equal(aggregator.stats("m")!.count, 1);
  assert.equal(aggregator.stats("m", { group: null }), undefined);
  aggregator.setBounds({ maxStreams: 2, whenFull: "other" });
  assert.equal(aggregator.aggregate("m", 1, { group: "b" }), "other");
  aggregator.setBounds({ maxStreams: 4, whenFull: "refuse" });
  assert.equal(aggregator.aggregate("m", 1, { group: "b" }), "added");
});

test("when the memory is full, streams are refused, and values stay out of percentiles, by count", () => {
  // Room for the reader, and a dozen streams and their sketches.
  const { aggregator } = open({ space: newSpace(32_768 + 64 + 12 * 4096) });
  const outcomes = Array.from({ length: 40 }, (_, group) =>
    aggregator.aggregate("m", 1, { group: String(group) }),
  );
  assert.ok(outcomes.includes("added") && outcomes.includes("other"));
  for (let n = 0; n < 5000; n++) aggregator.aggregate("m", Math.exp(n / 100), { group: "0" });
  const stats = aggregator.stats("m")!;
  assert.equal(stats.count, 5040);
  assert.ok(aggregator.figures.uncounted > 0);
  aggregator.reset();
  const { events, streams, uncounted } = aggregator.figures;
  assert.deepEqual([events, streams, uncounted], [0, 0, 0]);
  assert.equal(aggregator.aggregate("m", 1), "added");
});

test("ten thousand streams fit into 64 MiB by a wide margin", () => {
  const { aggregator } = open();
  for (let n = 0; n < 3 * 1500; n++) aggregator.aggregate("m", n, { group: `g${n % 1499}` });
  const { streams, stateBytes } = aggregator.figures;
  assert.equal(streams, 1500);
  assert.ok((stateBytes / streams) * 10_000 < 32 * 2 ** 20, `${stateBytes} bytes`);
});

test("a time a little ahead is now, one further ahead is left out", () => {
  const { aggregator, clock } = open({ aheadMs: 5000 });
  const nowMs = clock.nowMs();
  assert.equal(aggregator.aggregate("m", 1, { timeMs: nowMs + 5000 }), "added");
  assert.equal(aggregator.aggregate("m", 1, { timeMs: nowMs + 5001 }), "ahead");
  assert.equal(aggregator.aggregate("m", 1, { timeMs: 1e300 }), "ahead");
  const { count, toMs } = aggregator.stats("m", { windowMs: PANE_MS })!;
  assert.deepEqual([count, toMs], [1, nowMs]);
  assert.throws(() => aggregator.aggregate("m", 1, { timeMs: Number.NaN }), RangeError);
  assert.throws(() => aggregator.aggregate("m", 1, { timeMs: Number.POSITIVE_INFINITY }), RangeError);
  assert.equal(aggregator.figures.ahead, 2);
});

test("a clock set back by hours begins anew; by seconds it keeps what is there", () => {
  const { aggregator, clock } = open();
  aggregator.aggregate("m", 1, { group: "a" });
  clock.jumpWall(-3 * PANE_MS);
  aggregator.aggregate("m", 2, { group: "a" });
  assertStats(aggregator.stats("m", { group: "a" })!, [1, 2]);
  assert.equal(aggregator.aggregate("m", 9, { timeMs: clock.nowMs() - WINDOW_MS + 2 * PANE_MS }), "late");
  assertStats(aggregator.stats("m")!, [1, 2], "a late value empties nothing");
  clock.jumpWall(-3_600_000);
  assert.equal(aggregator.stats("m"), undefined);
  assert.equal(aggregator.aggregate("m", 3, { group: "a" }), "added");
  assertStats(aggregator.stats("m", { group: "a" })!, [3]);
  clock.jumpWall(7_200_000);
  assert.equal(aggregator.stats("m"), undefined);
  // By whatever it is set back: what comes now counts, and is there.
  for (let backMs = PANE_MS / 2; backMs < WINDOW_MS + 2 * PANE_MS; backMs += PANE_MS / 4) {
    aggregator.reset();
    aggregator.aggregate("m", 1, { group: "a" });
    clock.jumpWall(-backMs);
    assert.equal(aggregator.aggregate("m", 2, { group: "a" }), "added", `set back by ${backMs}`);
    for (const of of [{}, { group: "a" }]) {
      const { count, max } = aggregator.stats("m", of)!;
      assert.ok(max === 2 && count >= 1, `set back by ${backMs}`);
    }
  }
});

test("many at once are as one after the other", () => {
  const { aggregator } = open({ maxStreams: 2 });
  const outcomes = aggregator.aggregateAll([
    { metric: "m", value: 1 },
    { metric: "m", value: Number.NaN },
    { metric: "m", value: 2, group: "a" },
    { metric: "n", value: 2 },
    { metric: "m", value: 3, timeMs: 0 },
    { metric: "m", value: 4, group: "b" },
  ]);
  assert.deepEqual(outcomes, ["added", "nan", "added", "refused", "late", "other"]);
  assert.deepEqual([...aggregator.allStats().keys()], ["m"]);
  assert.equal(aggregator.totalEvents("m"), 3);
});

test("all that it takes comes back", () => {
  const { aggregator, space } = open({ maxStreams: 20 });
  for (let n = 0; n < 500; n++) aggregator.aggregate(`m${n % 3}`, n, { group: `g${n % 50}` });
  assert.ok(space.pool.usedBytes > 20 * 2048);
  aggregator.free();
  assert.equal(space.pool.usedBytes, 0);
});

test("it says what cannot be", () => {
  const { aggregator } = open();
  assert.throws(() => aggregator.stats("m", { windowMs: WINDOW_MS + 1 }), /windowMs: expected/);
  assert.throws(() => aggregator.aggregate("m".repeat(257), 1), /metric: expected a name/);
  assert.throws(() => aggregator.aggregate("m", 1, { group: "g".repeat(257) }), /group: expected/);
  for (const options of [{ windowMs: 999 }, { maxStreams: 0 }, { aheadMs: -1 }]) {
    assert.throws(() => open(options), RangeError);
  }
});

test("given back twice, its memory is counted once", () => {
  const { aggregator, space } = open();
  aggregator.aggregate("m", 1);
  aggregator.free();
  aggregator.free();
  assert.equal(space.pool.usedBytes, 0);
});

test("a space without room for it keeps nothing of it", () => {
  const space = newSpace(32_768);
  assert.throws(() => open({ space }), /no block/);
  assert.equal(space.pool.usedBytes, 0);
});

test("streams of all other groups take nobody's place", () => {
  const { aggregator, clock } = open({ maxStreams: 4 });
  const metrics = ["m", "n", "o"];
  for (const metric of metrics) aggregator.aggregate(metric, 1);
  aggregator.aggregate("m", 1, { group: "a" });
  for (const metric of metrics) assert.equal(aggregator.aggregate(metric, 1, { group: "z" }), "other");
  assert.equal(aggregator.figures.streams, 7);
  assert.equal(aggregator.aggregate("x", 1), "refused");
  for (let second = 0; second < 40; second++) {
    clock.advance(1000);
    for (const metric of metrics) aggregator.aggregate(metric, 1);
  }
  for (const metric of metrics) aggregator.aggregate(metric, 1, { group: metric === "m" ? "a" : "z" });
  // Three metrics, one group, and two streams of other groups.
  assert.equal(aggregator.figures.streams, 6);
  aggregator.setBounds({ maxStreams: 5, whenFull: "other" });
  assert.equal(aggregator.aggregate("x", 1), "added");
  aggregator.reset();
  assert.equal(aggregator.figures.streams, 0);
  for (const metric of ["p", "q", "r", "s", "t"]) assert.equal(aggregator.aggregate(metric, 1), "added");
});

test("a group that got a stream after it was one of the others is one group, with all its values", () => {
  const { aggregator, clock } = open({ maxStreams: 4 });
  for (const group of ["a", "b", "c"]) aggregator.aggregate("m", 1, { group });
  clock.advance(WINDOW_MS / 2);
  for (let n = 0; n < 5; n++) assert.equal(aggregator.aggregate("m", 1, { group: "late" }), "other");
  clock.advance(WINDOW_MS / 2 + PANE_MS);
  for (let n = 0; n < 2; n++) assert.equal(aggregator.aggregate("m", 1, { group: "late" }), "added");
  const [first, ...more] = aggregator.topGroups("m");
  assert.deepEqual(more, []);
  assert.equal(first!.group, "late");
  assert.ok(first!.count >= 7 && first!.count - first!.error <= 7, JSON.stringify(first));
  assert.equal(aggregator.distinctGroups("m"), 1);
});

test("a metric of which nothing was taken is none", () => {
  const { aggregator, space } = open({ maxStreams: 1, whenFull: "refuse" });
  const empty = space.pool.usedBytes;
  assert.equal(aggregator.aggregate("m", 1, { group: "a" }), "refused");
  assert.equal(aggregator.stats("m"), undefined);
  assert.deepEqual(aggregator.metrics(), []);
  assert.equal(space.pool.usedBytes, empty);
  assert.equal(aggregator.aggregate("n", 1), "added");
  const { streams, expiredStreams, refused } = aggregator.figures;
  assert.deepEqual([streams, expiredStreams, refused], [1, 0, 1]);
});

test("a time that is no number is refused, however early", () => {
  const { aggregator } = open();
  assert.throws(() => aggregator.aggregate("m", 1, { timeMs: Number.NEGATIVE_INFINITY }), /timeMs: expected/);
  assert.equal(aggregator.aggregate("m", 1, { timeMs: -1e300 }), "late");
});

test("of a short span, what the others had before it may be too much", () => {
  const { aggregator, clock } = open({ maxStreams: 1 });
  for (let n = 0; n < 10; n++) aggregator.aggregate("m", 1, { group: "x" });
  clock.advance(20_000);
  for (let n = 0; n < 2; n++) aggregator.aggregate("m", 1, { group: "x" });
  const [whole] = aggregator.topGroups("m");
  assert.deepEqual(whole, { group: "x", count: 12, error: 0 });
  const { count, error } = aggregator.topGroups("m", { windowMs: 5000 })[0]!;
  assert.ok(count >= 2 && count - error <= 2, `${count}, of which ${error} may be too much`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LATENCY_CLASSES_MS, placeMeters, readMeters, StageMeter } from "../../actors/stage-meter.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { Arena } from "../../runtime/arena.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import type { LaneShape, LaneStatus } from "../../runtime/lane/index.ts";

const lanes: readonly LaneShape[] = [
  { name: "a", slots: 4, slotBytes: 64, tiers: [["first"], ["left", "right"]] },
  { name: "b", slots: 4, slotBytes: 64, tiers: [["first"]] },
];
const START_MS = Date.UTC(2026, 5, 1);

function set() {
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
  const meters = placeMeters(new Arena(memory, 0), lanes);
  const clock = new VirtualClock(START_MS);
  const meterOf = (name: string, dataset: string) =>
    new StageMeter({ name, memory, clock, resources: { meters } } as unknown as ActorContext<never>, dataset);
  const figures = (status: readonly LaneStatus[] = []) => readMeters(memory, meters, status, clock.nowMs());
  return { clock, meterOf, figures };
}

test("every stage of every lane has a meter, which begins at nothing", () => {
  const { figures } = set();
  const names = figures().map(({ dataset, actor }) => `${dataset} ${actor}`);
  assert.deepEqual(names, ["a first", "a left", "a right", "b first"]);
  for (const { batches, rows, latency, rowsPerSecond, lagSlots } of figures()) {
    assert.deepEqual(
      { batches, rows, latency, rowsPerSecond, lagSlots },
      { batches: 0, rows: 0, latency: null, rowsPerSecond: 0, lagSlots: 0 },
    );
  }
});

test("what was read counts when it is released, for its own stage alone", () => {
  const { clock, meterOf, figures } = set();
  const meter = meterOf("left", "a");
  meter.read({ rows: 7, writtenMs: START_MS - 4 });
  assert.equal(figures()[1]!.rows, 0);
  meter.released();
  meter.released();
  clock.advance(1000);
  const [first, left, right] = figures();
  assert.deepEqual([left!.batches, left!.rows, left!.rowsPerSecond], [1, 7, 0.7]);
  assert.deepEqual(left!.latency, { p50Ms: 4, p99Ms: 4 });
  assert.deepEqual([first!.rows, right!.rows], [0, 0]);
});

test("a stage of a system without meters is not counted, and does not mind", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const context = { name: "x", memory, clock: new VirtualClock(), resources: {} };
  const meter = new StageMeter(context as unknown as ActorContext<never>, "a");
  meter.read({ rows: 1, writtenMs: 1 });
  meter.released();
  assert.ok(new Uint8Array(memory.buffer).every((byte) => byte === 0));
});

test("the lag is the lane's", () => {
  const { figures } = set();
  const stages = [{ stage: "right", lagSlots: 3 }];
  const status = [{ lane: "a", stages }] as unknown as readonly LaneStatus[];
  assert.deepEqual(
    figures(status).map(({ lagSlots }) => lagSlots),
    [0, 0, 3, 0],
  );
});

test("rates and latencies are those of the last seconds, whatever came when, clocks set back included", () => {
  const step = fc.record({
    passMs: fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 90_000 })),
    jumpMs: fc.oneof(
      { weight: 9, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -2000, max: 2000 }) },
    ),
    batches: fc.array(
      fc.record({ rows: fc.integer({ min: 0, max: 5000 }), ageMs: fc.integer({ min: -50, max: 70_000 }) }),
      { maxLength: 64 },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, meterOf, figures } = set();
      const meter = meterOf("first", "b");
      const seen: { second: number; rows: number; ageMs: number }[] = [];
      /** A second that was counted again after the clock went round the ring is that of the last time only. */
      for (const { passMs, jumpMs, batches } of steps) {
        clock.advance(passMs);
        clock.jumpWall(jumpMs);
        const second = Math.floor(clock.nowMs() / 1000);
        for (const { rows, ageMs } of batches) {
          meter.read({ rows, writtenMs: clock.nowMs() - ageMs });
          seen.push({ second, rows, ageMs });
        }
        meter.released();
      }
      clock.advance(1000);
      const now = Math.floor(clock.nowMs() / 1000);
      // Where two seconds share a place of the ring, the one that was written last is there.
      const holders = new Map<number, number>();
      for (const { second } of seen) holders.set(second % 64, second);
      const kept: typeof seen = [];
      let before: number | undefined;
      for (const entry of seen) {
        // A second that lost its place and came again began anew.
        if (before !== undefined && before !== entry.second) {
          const lost = kept.filter(
            ({ second }) => second % 64 === entry.second % 64 && second !== entry.second,
          );
          for (const gone of lost) kept.splice(kept.indexOf(gone), 1);
        }
        kept.push(entry);
        before = entry.second;
      }
      const last = (seconds: number, from: number) =>
        kept.filter(
          ({ second }) =>
            now - second >= from && now - second <= seconds && holders.get(second % 64) === second,
        );
      const ages = last(60, 0)
        .map(({ ageMs }) => LATENCY_CLASSES_MS.find((end) => Math.max(0, ageMs) <= end)!)
        .map((end) => Math.min(end, 60_000))
        .sort((a, b) => a - b);
      const rank = (share: number) => ages[Math.ceil(share * ages.length) - 1]!;
      const { latency, rowsPerSecond, rows, batches } = figures()[3]!;
      assert.equal(batches, seen.length);
      assert.equal(
        rows,
        seen.reduce((sum, entry) => sum + entry.rows, 0),
      );
      assert.equal(rowsPerSecond, last(10, 1).reduce((sum, entry) => sum + entry.rows, 0) / 10);
      assert.deepEqual(latency, ages.length === 0 ? null : { p50Ms: rank(0.5), p99Ms: rank(0.99) });
    }),
    { seed: 20261122, numRuns: 100 },
  );
});

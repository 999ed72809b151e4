/** Time that stands still until it is told to move. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { systemClock, VirtualClock } from "../../runtime/clock.ts";

test("timers run in due order, ties in the order they were set, each at its own moment", () => {
  const clock = new VirtualClock(1000);
  const seen: string[] = [];
  const see = (name: string) => () => {
    seen.push(`${name} ${clock.monotonicMs()} ${clock.nowMs()}`);
  };
  clock.after(30, see("late"));
  clock.after(10, see("first"));
  clock.after(10, see("second"));
  clock.advance(9);
  assert.deepEqual(seen, []);
  clock.advance(31);
  assert.deepEqual(seen, ["first 10 1010", "second 10 1010", "late 30 1030"]);
  assert.equal(clock.monotonicMs(), 40);
  assert.equal(clock.nowMs(), 1040);
});

test("a timer set by a timer runs in the same advance when it is due in it", () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  clock.after(10, () => clock.after(5, () => seen.push(clock.monotonicMs())));
  clock.advance(14);
  assert.deepEqual(seen, []);
  clock.advance(1);
  assert.deepEqual(seen, [15]);
});

test("a cancelled timer does not run; cancelling twice, late, or from a callback does no harm", () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const one = clock.after(10, () => seen.push("one"));
  const two = clock.after(10, () => {
    seen.push("two");
    three.cancel();
  });
  const three = clock.after(10, () => seen.push("three"));
  one.cancel();
  one.cancel();
  clock.advance(10);
  two.cancel();
  assert.deepEqual(seen, ["two"]);
  assert.equal(clock.nextDueMs(), undefined);
});

test("a delay below 0 is due now; nextDueMs tells the earliest", () => {
  const clock = new VirtualClock();
  clock.advance(5);
  let ran = false;
  clock.after(20, () => {});
  clock.after(-3, () => {
    ran = true;
  });
  assert.equal(clock.nextDueMs(), 5);
  clock.advance(0);
  assert.equal(ran, true);
  assert.equal(clock.nextDueMs(), 25);
});

test("a jump of the wall clock moves no timer", () => {
  const clock = new VirtualClock(1000);
  let ranAtMs = Number.NaN;
  clock.after(10, () => {
    ranAtMs = clock.nowMs();
  });
  clock.jumpWall(-500);
  assert.equal(clock.nowMs(), 500);
  clock.advance(9);
  assert.ok(Number.isNaN(ranAtMs));
  clock.advance(1);
  assert.equal(ranAtMs, 510);
});

test("time never goes back, and never stands on what is no number", () => {
  const clock = new VirtualClock();
  for (const deltaMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => clock.advance(deltaMs), /advance: expected a finite number of milliseconds ≥ 0, got/);
  }
  for (const delayMs of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    assert.throws(() => clock.after(delayMs, () => {}), /timer delay: expected at most 2147483647 ms, got/);
  }
  // A nested advance would leave the outer one behind it.
  clock.after(10, () => clock.advance(100));
  assert.throws(() => clock.advance(20), /called from a timer's callback/);
  assert.equal(clock.monotonicMs(), 10);
  clock.advance(10);
  assert.equal(clock.monotonicMs(), 20, "it can go on after a callback threw");
});

test("a callback that throws leaves later timers set", () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  clock.after(1, () => {
    throw new Error("oops");
  });
  clock.after(2, () => seen.push(clock.monotonicMs()));
  assert.throws(() => clock.advance(5), /oops/);
  assert.equal(clock.monotonicMs(), 1);
  clock.advance(4);
  assert.deepEqual(seen, [2]);
});

test("wall time is whole milliseconds, also after a fraction of one has passed", () => {
  const clock = new VirtualClock(1000);
  clock.advance(0.7);
  assert.equal(clock.nowMs(), 1000);
  clock.advance(0.7);
  assert.equal(clock.nowMs(), 1001);
});

test("however an interval is cut, the same timers run in the same order at the same times", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { maxLength: 20 }),
      fc.array(fc.nat(20), { maxLength: 10 }),
      (delays, cuts) => {
        const run = (steps: readonly number[]): string[] => {
          const clock = new VirtualClock();
          const seen: string[] = [];
          delays.forEach((delayMs, index) => {
            clock.after(delayMs, () => seen.push(`${index} at ${clock.monotonicMs()}`));
          });
          for (const step of steps) clock.advance(step);
          return seen;
        };
        const expected = delays
          .map((delayMs, index) => ({ delayMs, index }))
          .sort((one, other) => one.delayMs - other.delayMs || one.index - other.index)
          .map(({ delayMs, index }) => `${index} at ${delayMs}`);
        assert.deepEqual(run([50]), expected);
        assert.deepEqual(run([...cuts, 50]), expected);
      },
    ),
    { seed: 20_260_102, numRuns: 200 },
  );
});

test("the host's clock: wall time in whole milliseconds, monotonic time that grows, a timer that can be cancelled", async () => {
  assert.ok(Number.isInteger(systemClock.nowMs()));
  const beforeMs = systemClock.monotonicMs();
  let cancelledRan = false;
  const cancelled = systemClock.after(0, () => {
    cancelledRan = true;
  });
  cancelled.cancel();
  await new Promise<void>((resolve) => {
    systemClock.after(1, resolve);
  });
  cancelled.cancel();
  assert.equal(cancelledRan, false);
  assert.ok(systemClock.monotonicMs() >= beforeMs);
});

/** How often restarts are granted, and how long they wait. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffDelayMs } from "../../runtime/supervisor/backoff.ts";
import { DEFAULT_BACKOFF } from "../../runtime/supervisor/index.ts";
import { RestartWindow } from "../../runtime/supervisor/intensity.ts";
import { DIED, running, THREW } from "./supervisor-support.ts";

const quick = { initialMs: 0, maxMs: 0, factor: 1, jitter: 0, resetAfterMs: 0 };

test("exactly n restarts within the window are granted; one more escalates", async () => {
  const { supervisor, take, pass, states, restarts, escalations } = await running("abc", {
    intensity: { restarts: 3, withinMs: 1000 },
    backoff: quick,
  });
  for (let restart = 1; restart <= 3; restart++) {
    supervisor.failed(["b"], DIED);
    await pass(1);
    assert.deepEqual(states(), { a: "running", b: "running", c: "running" });
    assert.equal(supervisor.tree().recentRestarts, restart);
  }
  take();
  supervisor.failed(["b"], DIED);
  await pass(0);
  assert.equal(supervisor.state, "escalated");
  assert.deepEqual(take(), ["stop c", "stop a"]);
  assert.deepEqual(states(), { a: "stopped", b: "escalated", c: "stopped" });
  assert.deepEqual(restarts(), { a: 0, b: 3, c: 0 });
  assert.deepEqual(escalations, [
    'supervisor "house" gave up: more than 3 restarts within 1000 ms; "b" failed (thread-died: gone)',
  ]);
  await pass(100_000);
  assert.deepEqual(take(), []);
});

test("the window slides: a restart stops counting exactly withinMs after it", () => {
  const window = new RestartWindow({ restarts: 2, withinMs: 100 });
  assert.equal(window.tryCount(0), true);
  assert.equal(window.tryCount(60), true);
  assert.equal(window.tryCount(99), false);
  assert.equal(window.count(99), 2, "what is refused is not counted");
  assert.equal(window.tryCount(100), true);
  assert.equal(window.tryCount(159), false);
  assert.equal(window.tryCount(160), true);
});

test("the window slides, through a supervisor", async () => {
  const options = { intensity: { restarts: 1, withinMs: 1000 }, backoff: quick };
  for (const [waitMs, state] of [
    [999, "escalated"],
    [1000, "running"],
  ] as const) {
    const { supervisor, pass } = await running("a", options);
    supervisor.failed(["a"], DIED);
    await pass(waitMs);
    supervisor.failed(["a"], DIED);
    await pass(0);
    assert.equal(supervisor.state, state, `after ${waitMs} ms`);
  }
});

test("an intensity of 0 escalates at the first failure; what may still live is stopped before", async () => {
  const { supervisor, take, takeEvents, pass } = await running("ab", {
    intensity: { restarts: 0, withinMs: 1000 },
  });
  supervisor.failed(["a"], THREW);
  await pass(0);
  assert.deepEqual(take(), ["stop b", "stop a"]);
  assert.deepEqual(takeEvents(), [
    "a running>failed",
    "b running>stopping",
    "b stopping>stopped",
    "a failed>stopping",
    "a stopping>stopped",
    "a stopped>escalated",
  ]);
});

test("a start that fails in a restart counts as well", async () => {
  const { supervisor, fake, pass, events } = await running("a", {
    intensity: { restarts: 2, withinMs: 60_000 },
  });
  fake("a").startPlan = ["reject", "hang"];
  supervisor.failed(["a"], DIED);
  await pass(10_000);
  assert.equal(supervisor.state, "escalated");
  assert.deepEqual(
    events.filter(({ to }) => to === "failed").map(({ reason }) => reason),
    ["thread-died: gone", "refused: start rejected", "timed-out: no start within 50 ms; killed"],
  );
});

test("stopping an escalated supervisor, or one that is escalating, leaves it stopped", async () => {
  const { supervisor, fake, pass, escalations, states } = await running("ab", {
    intensity: { restarts: 0, withinMs: 1000 },
  });
  fake("b").stopPlan = [10];
  supervisor.failed(["a"], DIED);
  await pass(5);
  const stopped = supervisor.stop();
  await pass(5);
  await stopped;
  assert.equal(supervisor.state, "stopped");
  assert.deepEqual(escalations, [], "the wish to stop came first");

  const started = supervisor.start();
  await pass(0);
  await started;
  supervisor.failed(["a"], DIED);
  await pass(0);
  assert.equal(supervisor.state, "escalated");
  await supervisor.stop();
  assert.equal(supervisor.state, "stopped");
  assert.deepEqual(states(), { a: "stopped", b: "stopped" });
});

test("the waits double up to the maximum, and begin anew after a long run", async () => {
  const { supervisor, clock, fake, pass, events } = await running("a", {
    intensity: { restarts: 100, withinMs: 60_000 },
  });
  const waits = async (failures: number): Promise<number[]> => {
    events.length = 0;
    const startMs: number[] = [];
    for (let n = 0; n < failures; n++) {
      const failedMs = clock.monotonicMs();
      supervisor.failed(["a"], DIED);
      await pass(0);
      await pass(supervisor.children()[0]?.nextStartInMs ?? Number.NaN);
      assert.equal(supervisor.children()[0]?.state, "running");
      startMs.push(clock.monotonicMs() - failedMs);
    }
    return startMs;
  };
  assert.deepEqual(await waits(6), [100, 200, 400, 800, 1000, 1000]);
  await pass(4999);
  assert.deepEqual(await waits(1), [1000], "ran just too short");
  await pass(5000);
  assert.deepEqual(await waits(2), [100, 200], "ran long enough");
  // A start that fails after a long run is the second failure in a row, not the first again.
  await pass(5000);
  fake("a").startPlan = ["reject"];
  supervisor.failed(["a"], DIED);
  await pass(100);
  assert.equal(supervisor.children()[0]?.nextStartInMs, 200);
});

test("the wait's formula: within its jitter, never above the maximum, whole milliseconds", () => {
  const backoff = { initialMs: 100, maxMs: 30_000, factor: 2, jitter: 0.25, resetAfterMs: 0 };
  assert.equal(backoffDelayMs(backoff, 3, 0), 800);
  assert.equal(backoffDelayMs(backoff, 3, 0.5), 700);
  assert.equal(backoffDelayMs({ ...backoff, jitter: 1 }, 3, 0.999), 1);
  assert.equal(backoffDelayMs({ ...backoff, initialMs: 0 }, 5000, 0), 0);
  assert.equal(backoffDelayMs(backoff, 5000, 0), 30_000, "an overflowing power is the maximum");
  const fields = {
    initialMs: fc.integer({ min: 0, max: 10_000 }),
    moreMs: fc.integer({ min: 0, max: 100_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  };
  fc.assert(
    fc.property(
      fc.record(fields),
      fc.nat(40),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      ({ initialMs, moreMs, factor, jitter }, failures, chance) => {
        const maxMs = initialMs + moreMs;
        const delayMs = backoffDelayMs(
          { initialMs, maxMs, factor, jitter, resetAfterMs: 0 },
          failures,
          chance,
        );
        const fullMs = Math.min(maxMs, initialMs * factor ** failures);
        assert.ok(Number.isInteger(delayMs));
        assert.ok(delayMs <= maxMs && delayMs <= fullMs + 0.5);
        assert.ok(delayMs >= fullMs * (1 - jitter) - 0.5);
      },
    ),
    { seed: 20_260_101, numRuns: 500 },
  );
});

test("the jitter comes from the seeded random: one draw for a round, the same waits for the same seed", async () => {
  const draws: number[] = [];
  const random = (): number => {
    draws.push(draws.length % 2 === 0 ? 0.5 : 0);
    return draws.at(-1) ?? 0;
  };
  const { supervisor, pass } = await running("abc", { random, backoff: { ...DEFAULT_BACKOFF, jitter: 0.5 } });
  supervisor.failed(["a", "c"], DIED);
  await pass(0);
  assert.equal(draws.length, 1);
  assert.deepEqual(
    supervisor.children().map(({ nextStartInMs }) => nextStartInMs),
    [75, undefined, 75],
  );
  supervisor.failed(["b"], DIED);
  await pass(0);
  assert.equal(supervisor.children()[1]?.nextStartInMs, 100);
});

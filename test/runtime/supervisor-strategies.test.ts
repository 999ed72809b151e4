/** Who falls with whom, and in which order they end and start. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { restartGroup } from "../../runtime/supervisor/strategy.ts";
import { build, DIED, running, THREW } from "./supervisor-support.ts";

test("the three strategies, as decisions", () => {
  const all = ["a", "b", "c", "d"];
  assert.deepEqual(restartGroup("one-for-one", all, ["c", "a"]), ["a", "c"]);
  assert.deepEqual(restartGroup("one-for-all", all, ["c"]), all);
  assert.deepEqual(restartGroup("rest-for-one", all, ["c", "b"]), ["b", "c", "d"]);
  assert.deepEqual(restartGroup("rest-for-one", all, ["d"]), ["d"]);
  assert.deepEqual(restartGroup("rest-for-one", all, ["z"]), []);
});

test("one-for-one: the failed child alone", async () => {
  const { supervisor, take, pass, restarts } = await running("abc");
  supervisor.failed(["b"], THREW);
  await pass(99);
  assert.deepEqual(take(), ["stop b"]);
  await pass(1);
  assert.deepEqual(take(), ["start b"]);
  assert.deepEqual(restarts(), { a: 0, b: 1, c: 0 });
});

test("one-for-all: all end in reverse order, all are down before the first starts, and start in order", async () => {
  const { supervisor, fake, take, takeEvents, pass, restarts } = await running("abc", {
    strategy: "one-for-all",
  });
  fake("c").stopPlan = [15];
  fake("a").startPlan = [7];
  supervisor.failed(["b"], THREW);
  await pass(14);
  assert.deepEqual(take(), ["stop c"]);
  await pass(1);
  assert.deepEqual(take(), ["stop b", "stop a"]);
  await pass(99);
  assert.deepEqual(take(), []);
  await pass(1);
  assert.deepEqual(take(), ["start a"]);
  await pass(7);
  assert.deepEqual(take(), ["start b", "start c"]);
  assert.deepEqual(restarts(), { a: 1, b: 1, c: 1 });
  assert.deepEqual(takeEvents(), [
    "b running>failed",
    "c running>stopping",
    "c stopping>stopped",
    "b failed>stopping",
    "b stopping>stopped",
    "a running>stopping",
    "a stopping>stopped",
    "a stopped>backingOff",
    "b stopped>backingOff",
    "c stopped>backingOff",
    "a backingOff>starting",
    "a starting>running",
    "b backingOff>starting",
    "b starting>running",
    "c backingOff>starting",
    "c starting>running",
  ]);
});

test("rest-for-one: the failed child and those declared after it", async () => {
  const { supervisor, take, pass, restarts } = await running("abcd", { strategy: "rest-for-one" });
  supervisor.failed(["c"], DIED);
  await pass(100);
  assert.deepEqual(take(), ["stop d", "start c", "start d"]);
  assert.deepEqual(restarts(), { a: 0, b: 0, c: 1, d: 1 });
});

test("rest-for-one: an earlier child that fails meanwhile takes the whole restart over", async () => {
  const { supervisor, fake, take, pass, restarts } = await running("abcd", { strategy: "rest-for-one" });
  fake("d").startPlan = [10];
  supervisor.failed(["c"], DIED);
  await pass(105);
  assert.deepEqual(take(), ["stop d", "start c", "start d"]);
  supervisor.failed(["b"], DIED);
  await pass(100);
  assert.deepEqual(take(), ["stop d", "stop c", "start b", "start c", "start d"]);
  assert.deepEqual(restarts(), { a: 0, b: 1, c: 2, d: 2 });
});

test("rest-for-one: the wait that is taken over gives way to the new one", async () => {
  const { supervisor, take, pass } = await running("abc", { strategy: "rest-for-one" });
  for (const waitMs of [100, 10]) {
    supervisor.failed(["c"], DIED); // The second time its wait is 200 ms.
    await pass(waitMs);
  }
  take();
  supervisor.failed(["b"], DIED);
  await pass(99);
  assert.deepEqual(take(), []);
  assert.equal(supervisor.children()[2]?.nextStartInMs, 1);
  await pass(1);
  assert.deepEqual(take(), ["start b", "start c"]);
});

test("a failed child whose thread dies before its turn to be stopped is not asked to stop", async () => {
  const { supervisor, fake, take, pass } = await running("abc", { strategy: "one-for-all" });
  fake("c").stopPlan = [10];
  supervisor.failed(["a", "b"], THREW);
  await pass(5);
  supervisor.failed(["b"], DIED);
  await pass(10);
  assert.deepEqual(take(), ["stop c", "stop a"]);
});

test("a failed transient child that ends by itself before its turn is not asked to stop, but restarted", async () => {
  const { supervisor, fake, take, pass } = await running(
    "abc",
    { strategy: "one-for-all" },
    { b: { restart: "transient" } },
  );
  fake("c").stopPlan = [10];
  supervisor.failed(["b"], THREW);
  await pass(5);
  supervisor.ended("b");
  await pass(200);
  assert.deepEqual(take(), ["stop c", "stop a", "start a", "start b", "start c"]);
});

test("a sibling that cannot start again begins the restart anew, after a longer wait", async () => {
  const { supervisor, fake, take, pass, states } = await running("abc", { strategy: "one-for-all" });
  fake("b").startPlan = ["reject", "reject"];
  supervisor.failed(["c"], DIED); // First wait: c's 100 ms.
  await pass(100);
  assert.deepEqual(take(), ["stop b", "stop a", "start a", "start b", "stop a"]);
  await pass(100); // b's first.
  assert.deepEqual(take(), ["start a", "start b", "stop a"]);
  await pass(199); // b's second: 200 ms.
  assert.deepEqual(take(), []);
  await pass(1);
  assert.deepEqual(take(), ["start a", "start b", "start c"]);
  assert.deepEqual(states(), { a: "running", b: "running", c: "running" });
});

test("children that fall by one cause start in order after one wait, and count as one restart", async () => {
  const { supervisor, fake, take, takeEvents, pass, restarts } = await running("abc", {
    intensity: { restarts: 1, withinMs: 60_000 },
  });
  fake("a").startPlan = [5];
  supervisor.failed(["c", "a"], DIED);
  await pass(104);
  assert.deepEqual(take(), ["start a"]);
  await pass(1);
  assert.deepEqual(take(), ["start c"]);
  assert.deepEqual(restarts(), { a: 1, b: 0, c: 1 });
  assert.equal(supervisor.tree().recentRestarts, 1);
  assert.deepEqual(takeEvents(), [
    "c running>failed",
    "a running>failed",
    "a failed>backingOff",
    "c failed>backingOff",
    "a backingOff>starting",
    "a starting>running",
    "c backingOff>starting",
    "c starting>running",
  ]);
  supervisor.failed(["a"], DIED);
  await pass(0);
  assert.equal(supervisor.state, "escalated");
});

test("of several that fell together, one that cannot start leaves the others to go on", async () => {
  const { supervisor, fake, pass, states, restarts } = await running("abc");
  fake("a").startPlan = ["reject"];
  supervisor.failed(["a", "b", "c"], DIED);
  await pass(100);
  assert.deepEqual(states(), { a: "backingOff", b: "running", c: "running" });
  await pass(200);
  assert.deepEqual(states(), { a: "running", b: "running", c: "running" });
  assert.deepEqual(restarts(), { a: 2, b: 1, c: 1 });
});

test("a sibling that fails while it is being stopped for a restart adds nothing", async () => {
  const { supervisor, fake, take, pass } = await running("abc", {
    strategy: "one-for-all",
    intensity: { restarts: 1, withinMs: 60_000 },
  });
  fake("c").stopPlan = [10];
  supervisor.failed(["b"], DIED);
  await pass(5);
  supervisor.failed(["a"], DIED);
  supervisor.failed(["c"], THREW);
  await pass(200);
  assert.deepEqual(take(), ["stop c", "start a", "start b", "start c"]);
  assert.equal(supervisor.tree().recentRestarts, 1);
});

test("temporary children are never restarted, neither for their own failure nor for a sibling's", async () => {
  const policies = { b: { restart: "temporary" } } as const;
  const { supervisor, take, pass, states } = await running(
    "abc",
    { strategy: "one-for-all", intensity: { restarts: 1, withinMs: 60_000 } },
    policies,
  );
  supervisor.failed(["b"], THREW);
  await pass(1000);
  assert.deepEqual(take(), ["stop b"]);
  assert.deepEqual(states(), { a: "running", b: "stopped", c: "running" });
  assert.equal(supervisor.tree().recentRestarts, 0);

  const other = await running("abc", { strategy: "one-for-all" }, policies);
  other.supervisor.failed(["c"], DIED);
  await other.pass(1000);
  assert.deepEqual(other.take(), ["stop b", "stop a", "start a", "start c"]);
  assert.deepEqual(other.states(), { a: "running", b: "stopped", c: "running" });
});

test("a temporary child that fails beside a permanent one ends; the other restarts", async () => {
  const { supervisor, pass, states } = await running("ab", {}, { a: { restart: "temporary" } });
  supervisor.failed(["a", "b"], DIED);
  await pass(100);
  assert.deepEqual(states(), { a: "stopped", b: "running" });
});

test("an end that is no failure restarts a permanent child only, and leaves siblings alone", async () => {
  const { supervisor, take, pass, states } = await running(
    "abc",
    { strategy: "one-for-all" },
    { a: { restart: "transient" }, b: { restart: "temporary" } },
  );
  supervisor.ended("a");
  supervisor.ended("b");
  await pass(1000);
  assert.deepEqual(take(), []);
  assert.deepEqual(states(), { a: "stopped", b: "stopped", c: "running" });
  supervisor.ended("c");
  await pass(100);
  assert.deepEqual(take(), ["start c"], "those that ended well stay stopped");
  assert.equal(supervisor.children()[2]?.lastFailure?.reason.kind, "ended");
});

test("a transient child that failed is restarted", async () => {
  const { supervisor, take, pass } = await running("a", {}, { a: { restart: "transient" } });
  supervisor.failed(["a"], DIED);
  await pass(100);
  assert.deepEqual(take(), ["start a"]);
});

test("a temporary child may fail once it came up, not before, without failing the start of all", async () => {
  const policies = { a: { restart: "temporary" } } as const;
  for (const [behaviour, ok] of [
    [0, true],
    ["reject", false],
  ] as const) {
    const { supervisor, fake, take, pass, states } = build("ab", {}, policies);
    fake("a").startPlan = [behaviour];
    fake("b").startPlan = [10];
    const started = supervisor.start();
    await pass(5);
    if (ok) supervisor.failed(["a"], DIED);
    await pass(5);
    assert.equal((await started).ok, ok);
    assert.deepEqual(take(), ok ? ["start a", "start b"] : ["start a"]);
    assert.deepEqual(states(), { a: "stopped", b: ok ? "running" : "stopped" });
  }
});

test("a transient child that ends well before its siblings are up does not fail the start", async () => {
  const { supervisor, fake, pass, states } = await running("ab", {}, { a: { restart: "transient" } });
  const stopped = supervisor.stop();
  await pass(0);
  await stopped;
  fake("b").startPlan = [10];
  const started = supervisor.start();
  await pass(5);
  supervisor.ended("a");
  await pass(5);
  assert.deepEqual(await started, { ok: true });
  assert.deepEqual(states(), { a: "stopped", b: "running" });
});

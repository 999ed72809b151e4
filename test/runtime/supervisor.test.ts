/** Starting, stopping, deadlines, and what may come at the wrong moment. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type StartResult, Supervisor } from "../../runtime/supervisor/index.ts";
import { build, DIED, FakeChild, type House, running, settled, THREW } from "./supervisor-support.ts";

test("children start one after another in declared order, and stop in reverse order", async () => {
  const { supervisor, fake, take, takeEvents, pass, states } = build("abc");
  fake("a").startPlan = [10];
  const started = supervisor.start();
  await pass(9);
  assert.deepEqual(take(), ["start a"]);
  assert.deepEqual(states(), { a: "starting", b: "stopped", c: "stopped" });
  assert.equal(supervisor.state, "starting");
  await pass(1);
  assert.deepEqual(await started, { ok: true });
  assert.deepEqual(take(), ["start b", "start c"]);
  assert.equal(supervisor.state, "running");

  fake("c").stopPlan = [5];
  const stopped = supervisor.stop();
  await pass(4);
  assert.deepEqual(take(), ["stop c"]);
  assert.equal(supervisor.state, "stopping");
  await pass(1);
  await stopped;
  assert.deepEqual(take(), ["stop b", "stop a"]);
  assert.deepEqual(states(), { a: "stopped", b: "stopped", c: "stopped" });
  assert.equal(supervisor.state, "stopped");
  assert.deepEqual(takeEvents(), [
    "a stopped>starting",
    "a starting>running",
    "b stopped>starting",
    "b starting>running",
    "c stopped>starting",
    "c starting>running",
    "c running>stopping",
    "c stopping>stopped",
    "b running>stopping",
    "b stopping>stopped",
    "a running>stopping",
    "a stopping>stopped",
  ]);
});

test("a child that cannot start fails the start; those already up are stopped in reverse order", async () => {
  for (const behaviour of ["reject", "throw"] as const) {
    const { supervisor, fake, take, pass, states } = build("abcd");
    fake("c").startPlan = [behaviour];
    const started = supervisor.start();
    await pass(0);
    const message = behaviour === "reject" ? "start rejected" : "start threw";
    assert.deepEqual(await started, { ok: false, child: "c", failure: "refused", message });
    assert.deepEqual(take(), ["start a", "start b", "start c", "stop b", "stop a"]);
    assert.deepEqual(states(), { a: "stopped", b: "stopped", c: "stopped", d: "stopped" });
    assert.equal(supervisor.state, "stopped");
  }
});

test("a start that misses its deadline is killed, and times out at exactly that moment", async () => {
  const { supervisor, fake, take, pass } = build("ab");
  fake("b").startPlan = ["hang"];
  let result: StartResult | undefined;
  void supervisor.start().then((value) => {
    result = value;
  });
  await pass(49);
  assert.equal(result, undefined);
  assert.deepEqual(take(), ["start a", "start b"]);
  await pass(1);
  assert.deepEqual(result, {
    ok: false,
    child: "b",
    failure: "timed-out",
    message: "no start within 50 ms; killed",
  });
  assert.deepEqual(take(), ["kill b", "stop a"]);
});

test("a failure reported while all start is a death, whether of the starting child or of one before it", async () => {
  for (const culprit of ["a", "b"]) {
    const { supervisor, fake, take, pass } = build("abc");
    fake("b").startPlan = [10];
    const started = supervisor.start();
    await pass(5);
    take();
    supervisor.failed([culprit], DIED);
    await pass(0);
    assert.deepEqual(await started, { ok: false, child: culprit, failure: "died", message: "gone" });
    assert.deepEqual(take(), culprit === "a" ? ["stop b"] : ["stop a"]);
    await pass(100);
    assert.deepEqual(take(), [], "what starts late is not taken for a start");
  }
});

test("stopping while starting: the pending start is given up and comes out as failed once all is stopped", async () => {
  const { supervisor, fake, take, pass } = build("abc");
  fake("b").startPlan = ["hang"];
  fake("a").stopPlan = [5];
  const order: string[] = [];
  void supervisor.start().then((result) => order.push(`start ${result.ok}`));
  await pass(5);
  void supervisor.stop().then(() => order.push("stop"));
  await pass(4);
  assert.deepEqual(order, []);
  await pass(1);
  assert.deepEqual(order.sort(), ["start false", "stop"]);
  assert.deepEqual(take(), ["start a", "start b", "stop b", "stop a"]);
});

test("a stop past its deadline, or one that rejects, ends in a kill", async () => {
  const { supervisor, fake, take, takeEvents, pass, events } = await running("abc");
  fake("c").stopPlan = ["hang"];
  fake("b").stopPlan = ["reject"];
  fake("a").stopPlan = ["throw"];
  const stopped = supervisor.stop();
  await pass(19);
  assert.deepEqual(take(), ["stop c"]);
  await pass(1);
  await stopped;
  assert.deepEqual(take(), ["kill c", "stop b", "kill b", "stop a", "kill a"]);
  assert.equal(takeEvents().length, 6);
  const reasons = events.filter(({ to }) => to === "stopped").map(({ reason }) => reason);
  assert.deepEqual(reasons, [
    "not stopped within 20 ms; killed",
    "stop rejected: stop rejected; killed",
    "stop rejected: stop threw; killed",
  ]);
});

test("a start that resolves after its deadline is not taken for the next one", async () => {
  const { die, fake, pass, states } = await running("a");
  fake("a").startPlan = [160, "hang"]; // The first would resolve at 160, 10 ms into the second.
  die("a");
  await pass(100); // Backoff over: the first start.
  assert.deepEqual(states(), { a: "starting" });
  await pass(50); // Its deadline; the next backoff is 200 ms.
  assert.deepEqual(states(), { a: "backingOff" });
  await pass(110); // It resolves.
  assert.deepEqual(states(), { a: "backingOff" });
  fake("a").startPlan = [40];
  await pass(90); // The second start.
  assert.deepEqual(states(), { a: "starting" });
  await pass(39);
  assert.deepEqual(states(), { a: "starting" });
  await pass(1);
  assert.deepEqual(states(), { a: "running" });
  assert.equal(fake("a").overlaps, 0);
});

test("a late start that resolves during the next start's own wait is not taken for it", async () => {
  const { supervisor, fake, pass, states } = await running("a", { backoff: { initialMs: 0, maxMs: 0 } });
  fake("a").startPlan = [60, "hang"];
  supervisor.failed(["a"], DIED);
  await pass(55); // The first missed its deadline at 50, the second hangs since.
  assert.deepEqual(states(), { a: "starting" });
  await pass(10); // The first resolves at 60.
  assert.deepEqual(states(), { a: "starting" });
});

test("a child whose code failed is stopped before it starts again; one whose thread died is not asked", async () => {
  const { supervisor, take, takeEvents, pass } = await running("a");
  supervisor.failed(["a"], THREW);
  await pass(100);
  assert.deepEqual(take(), ["stop a", "start a"]);
  assert.deepEqual(takeEvents(), [
    "a running>failed",
    "a failed>stopping",
    "a stopping>stopped",
    "a stopped>backingOff",
    "a backingOff>starting",
    "a starting>running",
  ]);
  supervisor.failed(["a"], DIED);
  await pass(200);
  assert.deepEqual(take(), ["start a"]);
  assert.deepEqual(takeEvents(), [
    "a running>failed",
    "a failed>backingOff",
    "a backingOff>starting",
    "a starting>running",
  ]);
});

test("failing while failed, backing off or stopping changes nothing and counts nothing", async () => {
  const { supervisor, fake, take, pass, states } = await running("a", {
    intensity: { restarts: 1, withinMs: 60_000 },
  });
  fake("a").stopPlan = [10];
  supervisor.failed(["a"], THREW);
  supervisor.failed(["a"], THREW); // Stopping.
  await pass(10);
  supervisor.failed(["a"], DIED); // Backing off.
  await pass(100);
  assert.deepEqual(states(), { a: "running" });
  assert.deepEqual(take(), ["stop a", "start a"]);
  fake("a").stopPlan = ["hang"];
  const stopped = supervisor.stop();
  await pass(5);
  supervisor.failed(["a"], THREW);
  assert.deepEqual(states(), { a: "stopping" });
  supervisor.failed(["a"], DIED); // Nothing is left to stop.
  await pass(0);
  await stopped;
  assert.deepEqual(take(), ["stop a"]);
  supervisor.failed(["a"], DIED);
  await pass(1000);
  assert.deepEqual(take(), []);
});

test("failing again while restarting is another restart", async () => {
  const { supervisor, fake, pass, restarts, states } = await running("a");
  fake("a").startPlan = [10, 10];
  supervisor.failed(["a"], DIED);
  await pass(105);
  supervisor.failed(["a"], DIED);
  assert.deepEqual(states(), { a: "backingOff" });
  await pass(210);
  assert.deepEqual(restarts(), { a: 2 });
  assert.deepEqual(states(), { a: "running" });
});

test("kill ends all at once, by force and in reverse order, and a pending start and stop settle", async () => {
  const { supervisor, fake, take, pass, states } = build("abc");
  fake("b").startPlan = ["hang"];
  const started = supervisor.start();
  await pass(0);
  take();
  supervisor.kill();
  assert.deepEqual(take(), ["kill b", "kill a"]);
  assert.deepEqual(states(), { a: "stopped", b: "stopped", c: "stopped" });
  assert.equal((await started).ok, false);

  const again = supervisor.start();
  await pass(0);
  assert.deepEqual(await again, { ok: true });
  fake("c").stopPlan = ["hang"];
  const stopped = supervisor.stop();
  await pass(0);
  take();
  supervisor.kill();
  await stopped;
  assert.deepEqual(take(), ["kill c", "kill b", "kill a"]);
});

test("a port that has been killed, or need not start any more, is not called afterwards", async () => {
  const { supervisor, take, pass } = build("a");
  void supervisor.start();
  supervisor.kill();
  await pass(0);
  assert.deepEqual(take(), ["kill a"]);
  void supervisor.start();
  await pass(0);
  take();
  void supervisor.stop();
  supervisor.kill();
  await pass(0);
  assert.deepEqual(take(), ["kill a"]);
});

test("a stopped supervisor starts from a clean slate; a running one refuses to start", async () => {
  const { supervisor, pass } = await running("a", { intensity: { restarts: 1, withinMs: 60_000 } });
  await assert.rejects(supervisor.start(), /"house" is running; it can be started when stopped or escalated/);
  supervisor.failed(["a"], DIED);
  await pass(100);
  assert.equal(supervisor.tree().recentRestarts, 1);
  const stopped = supervisor.stop();
  await assert.rejects(supervisor.start(), /"house" is stopping/);
  await pass(0);
  await stopped;
  await supervisor.stop(); // Already stopped: at once.
  const started = supervisor.start();
  await pass(0);
  await started;
  const [a] = supervisor.children();
  assert.deepEqual(a, { name: "a", state: "running", restarts: 0, startedAtMs: 1_000_100 });
  assert.equal(supervisor.tree().recentRestarts, 0);
  supervisor.failed(["a"], DIED); // Within what is allowed again, and after the shortest wait.
  await pass(100);
  assert.equal(supervisor.children()[0]?.restarts, 1);
  assert.equal(supervisor.state, "running");
});

test("the status tells state, failure and the time to the next start", async () => {
  const { supervisor, pass } = await running("a");
  await pass(7);
  supervisor.failed(["a"], DIED);
  await pass(30);
  assert.deepEqual(supervisor.children(), [
    {
      name: "a",
      state: "backingOff",
      restarts: 0,
      lastFailure: { reason: DIED, atMs: 1_000_007 },
      nextStartInMs: 70,
    },
  ]);
  await pass(70);
  assert.deepEqual(supervisor.children(), [
    {
      name: "a",
      state: "running",
      restarts: 1,
      startedAtMs: 1_000_107,
      lastFailure: { reason: DIED, atMs: 1_000_007 },
    },
  ]);
});

test("events carry supervisor, child, states, reason, wall time and restarts", async () => {
  const { supervisor, pass, events } = await running("a");
  events.length = 0;
  await pass(3);
  supervisor.failed(["a"], DIED);
  await pass(100);
  const common = { supervisor: "house", child: "a" };
  const reason = '"a" failed (thread-died: gone)';
  assert.deepEqual(events, [
    {
      ...common,
      from: "running",
      to: "failed",
      reason: "thread-died: gone",
      atMs: 1_000_003,
      restarts: 0,
    },
    {
      ...common,
      from: "failed",
      to: "backingOff",
      reason: "next start in 100 ms",
      atMs: 1_000_003,
      restarts: 0,
    },
    { ...common, from: "backingOff", to: "starting", reason, atMs: 1_000_103, restarts: 1 },
    { ...common, from: "starting", to: "running", atMs: 1_000_103, restarts: 1 },
  ]);
});

test("observers and kills that throw wedge nothing, and are shown", async () => {
  const seen: string[] = [];
  const { supervisor, fake, pass, states } = await running("ab", {
    intensity: { restarts: 0, withinMs: 1 },
    onEvent: ({ child, to, reason }) => {
      seen.push(`${child} ${to} ${reason ?? ""}`);
      throw new Error("a bug in the observer");
    },
    onEscalate: () => {
      throw new Error("another");
    },
  });
  fake("b").stopPlan = ["hang"];
  fake("b").onKill = () => {
    throw new Error("cannot");
  };
  supervisor.failed(["a"], DIED);
  await pass(20);
  assert.equal(supervisor.state, "escalated");
  assert.deepEqual(states(), { a: "escalated", b: "stopped" });
  assert.ok(seen.includes("b stopped not stopped within 20 ms; killed; kill threw cannot"), seen.join("\n"));
  assert.equal(supervisor.tree().observerErrors, seen.length + 1);
});

test("observers and ports may call back", async () => {
  const clockHouse = build("ab");
  const { clock, pass } = clockHouse;
  const child = new FakeChild("c", clock, []);
  const calls: string[] = [];
  const supervisor: Supervisor = new Supervisor(
    {
      name: "called back",
      clock,
      random: () => 0,
      onEvent: ({ to }) => {
        calls.push(to);
        if (to === "failed") void supervisor.stopChild("c");
      },
    },
    [{ child }],
  );
  const started = supervisor.start();
  await pass(0);
  assert.deepEqual(await started, { ok: true });
  supervisor.failed(["c"], DIED);
  await pass(10_000);
  assert.deepEqual(calls, ["starting", "running", "failed", "stopped"]);
  // From inside start(): the child that is starting stops its own supervisor.
  const stopped: Promise<void>[] = [];
  child.beforeStart = () => {
    stopped.push(supervisor.stop());
  };
  await supervisor.stop();
  const again = supervisor.start();
  await pass(0);
  assert.equal((await again).ok, false);
  await Promise.all(stopped);
  assert.equal(supervisor.state, "stopped");
  assert.equal(child.live, false);
});

test("an observer that calls back is not called again before it has returned, and cannot restart what just failed", async () => {
  for (const strategy of ["one-for-one", "one-for-all"] as const) {
    let depth = 0;
    let deepest = 0;
    const answers: unknown[] = [];
    const house: House = await running("ab", {
      strategy,
      onEvent: ({ to }) => {
        deepest = Math.max(deepest, ++depth);
        if (to === "failed") {
          house.supervisor.failed(["b"], DIED);
          void house.supervisor.restart("a", "").then((answer) => answers.push(!answer.ok && answer.refused));
        }
        depth--;
      },
    });
    house.supervisor.failed(["a"], DIED);
    await house.pass(1000);
    assert.equal(deepest, 1);
    assert.deepEqual(answers, ["restarting", "restarting"]);
    assert.deepEqual(house.restarts(), { a: 1, b: 1 });
  }
});

test("killing one child may end others: they are neither killed nor restarted then", async () => {
  const { supervisor, fake, take, takeEvents, die } = await running("abc");
  fake("c").onKill = () => die("a", "b", "c"); // They share a thread.
  supervisor.kill();
  await settled();
  assert.deepEqual(take(), ["kill c"]);
  assert.deepEqual(takeEvents(), [
    "a running>failed",
    "b running>failed",
    "c running>stopped",
    "b failed>stopped",
    "a failed>stopped",
  ]);
});

test("a deadline's kill that takes others along restarts them all", async () => {
  const { supervisor, fake, take, pass, die, states } = await running("abc");
  fake("b").stopPlan = ["hang"];
  fake("b").onKill = () => die("a", "b");
  supervisor.failed(["b"], THREW);
  await pass(200);
  assert.deepEqual(take().sort(), ["kill b", "start a", "start b", "stop b"]);
  assert.deepEqual(states(), { a: "running", b: "running", c: "running" });
});

test("what does not fit the contract of failed() and ended() throws", async () => {
  const { supervisor, states } = await running("ab");
  assert.throws(
    () => supervisor.failed(["a", "z"], DIED),
    /supervisor "house" has no child "z"; it has "a", "b"/,
  );
  assert.deepEqual(states(), { a: "running", b: "running" }, "then none is taken as failed");
  assert.throws(() => supervisor.ended("z"), /no child "z"/);
});

test("a supervisor without children starts and stops", async () => {
  const { supervisor } = build("");
  assert.deepEqual(await supervisor.start(), { ok: true });
  await supervisor.stop();
  await settled();
  assert.equal(supervisor.state, "stopped");
});

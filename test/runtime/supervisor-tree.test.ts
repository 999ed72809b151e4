/** Supervisors under supervisors. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../runtime/clock.ts";
import { Supervisor, type SupervisorOptions } from "../../runtime/supervisor/index.ts";
import { DIED, FakeChild, pass } from "./supervisor-support.ts";

function tree(inner: Partial<SupervisorOptions> = {}, outer: Partial<SupervisorOptions> = {}) {
  const clock = new VirtualClock(0);
  const journal: string[] = [];
  const common = {
    clock,
    random: () => 0,
    backoff: { initialMs: 100, maxMs: 1000, factor: 2, jitter: 0, resetAfterMs: 5000 },
  };
  const fakes = ["a", "b", "c"].map((name) => new FakeChild(name, clock, journal));
  const [a, b, c] = fakes as [FakeChild, FakeChild, FakeChild];
  const lower = new Supervisor(
    { name: "lower", ...common, intensity: { restarts: 1, withinMs: 10_000 }, ...inner },
    [b, c].map((child) => ({ child, policy: { startDeadlineMs: 50, stopDeadlineMs: 20 } })),
  );
  const upper = new Supervisor(
    { name: "upper", ...common, intensity: { restarts: 1, withinMs: 10_000 }, ...outer },
    [{ child: a }, { child: lower, policy: { startDeadlineMs: 200, stopDeadlineMs: 30 } }],
  );
  return { clock, a, b, c, lower, upper, take: () => journal.splice(0) };
}

test("a tree starts depth first and stops in reverse", async () => {
  const { clock, upper, take } = tree();
  const started = upper.start();
  await pass(clock, 0);
  assert.deepEqual(await started, { ok: true });
  const stopped = upper.stop();
  await pass(clock, 0);
  await stopped;
  assert.deepEqual(take(), ["start a", "start b", "start c", "stop c", "stop b", "stop a"]);
});

test("a failing start below is a refusal above, which names the child", async () => {
  const { clock, upper, c, take } = tree();
  c.startPlan = ["hang"];
  const started = upper.start();
  await pass(clock, 50);
  assert.deepEqual(await started, {
    ok: false,
    child: "lower",
    failure: "refused",
    message: 'its child "c" timed-out: no start within 50 ms; killed',
  });
  assert.deepEqual(take(), ["start a", "start b", "start c", "kill c", "stop b", "stop a"]);
});

test("an escalation below is a failure above: the supervisor is started again from a clean slate", async () => {
  const { clock, upper, lower, take } = tree();
  void upper.start();
  await pass(clock, 0);
  lower.failed(["b"], DIED);
  await pass(clock, 100);
  take();
  lower.failed(["b"], DIED);
  await pass(clock, 0);
  assert.equal(lower.state, "escalated");
  const status = upper.children()[1];
  assert.equal(status?.state, "backingOff");
  assert.equal(status?.lastFailure?.reason.kind, "escalated");
  assert.match(
    status?.lastFailure?.reason.message ?? "",
    /^supervisor "lower" gave up: more than 1 restarts/,
  );
  assert.deepEqual(take(), ["stop c"], "an escalated supervisor is not asked to stop");
  await pass(clock, 100);
  assert.deepEqual(take(), ["start b", "start c"]);
  assert.deepEqual(
    lower.children().map(({ state, restarts }) => `${state} ${restarts}`),
    ["running 0", "running 0"],
  );
  assert.equal(lower.tree().recentRestarts, 0);
  assert.equal(upper.children()[1]?.restarts, 1);
});

test("escalations climb to the root", async () => {
  const reasons: string[] = [];
  const { clock, upper, lower, take } = tree(
    { intensity: { restarts: 0, withinMs: 1 } },
    { onEscalate: (reason) => reasons.push(reason) },
  );
  void upper.start();
  await pass(clock, 0);
  for (const waitMs of [100, 0]) {
    lower.failed(["c"], DIED);
    await pass(clock, waitMs);
  }
  assert.equal(upper.state, "escalated");
  assert.equal(reasons.length, 1);
  assert.match(
    reasons[0] ?? "",
    /"upper" gave up.*"lower" failed \(escalated: supervisor "lower" gave up.*"c"/,
  );
  assert.deepEqual(take().slice(-2), ["stop b", "stop a"]);
});

test("a supervisor that stops too slowly is killed with all below, and can start again", async () => {
  const { clock, upper, lower, b, c, take } = tree();
  void upper.start();
  await pass(clock, 0);
  take();
  c.stopPlan = [15]; // Within its own deadline of 20 ms, but b's hang takes both past 30.
  b.stopPlan = ["hang"];
  const restarted = upper.restart("lower", "too slow");
  await pass(clock, 30);
  assert.deepEqual(await restarted, { ok: true });
  assert.deepEqual(take(), ["stop c", "stop b", "kill b", "start b", "start c"]);
  assert.equal(lower.state, "running");
  await pass(clock, 100);
  assert.equal(lower.state, "running", "nothing of the old stop comes late");
});

test("a supervisor that starts too slowly is killed with all below", async () => {
  const { clock, upper, lower, b, c, take } = tree();
  void upper.start();
  await pass(clock, 0);
  take();
  b.startPlan = [49];
  c.startPlan = [49];
  upper.failed(["lower"], { kind: "threw", message: "" });
  await pass(clock, 100); // Backoff over; b takes 49 ms, c 49 more, then 102 are left of the deadline of 200.
  await pass(clock, 98);
  assert.equal(lower.state, "running");
  b.startPlan = [49];
  c.startPlan = ["hang"];
  c.stopPlan = ["hang"];
  take();
  const patient = upper.stop();
  await pass(clock, 30);
  await patient;
  assert.deepEqual(take(), ["stop c", "kill c", "stop b", "stop a"]);

  const impatient = tree();
  const top = new Supervisor({ name: "top", clock: impatient.clock, random: () => 0 }, [
    { child: impatient.upper, policy: { startDeadlineMs: 60 } },
  ]);
  impatient.b.startPlan = [49];
  impatient.c.startPlan = ["hang"];
  const started = top.start();
  await pass(impatient.clock, 60);
  assert.deepEqual(await started, {
    ok: false,
    child: "upper",
    failure: "timed-out",
    message: "no start within 60 ms; killed",
  });
  assert.deepEqual(impatient.take(), ["start a", "start b", "start c", "kill c", "kill b", "kill a"]);
  assert.equal(impatient.upper.state, "stopped");
});

test("tree() nests", async () => {
  const { clock, upper } = tree();
  void upper.start();
  await pass(clock, 0);
  const { name, state, strategy, children } = upper.tree();
  assert.deepEqual([name, state, strategy], ["upper", "running", "one-for-one"]);
  assert.deepEqual(
    children.map((child) => [
      child.name,
      child.subtree?.name,
      child.subtree?.children.map((one) => one.name),
    ]),
    [
      ["a", undefined, undefined],
      ["lower", "lower", ["b", "c"]],
    ],
  );
});

test("a supervisor is in one tree only", () => {
  const { clock, lower } = tree();
  assert.throws(
    () => new Supervisor({ name: "second", clock, random: () => 0 }, [{ child: lower }]),
    /supervisor "lower" has a parent already; it can be in one tree only/,
  );
});

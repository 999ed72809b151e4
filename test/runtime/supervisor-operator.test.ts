/** What an operator may do to one child. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../runtime/clock.ts";
import { SupervisorCore } from "../../runtime/supervisor/core.ts";
import type { CommandResult } from "../../runtime/supervisor/index.ts";
import { startChild, stopChild } from "../../runtime/supervisor/operator.ts";
import { checkDeclaration } from "../../runtime/supervisor/validate.ts";
import { build, DIED, FakeChild, pass, running } from "./supervisor-support.ts";

const done: CommandResult = { ok: true };

function refusal(result: CommandResult): string {
  return result.ok ? "done" : result.refused;
}

test("restart: at once, not counted towards the intensity, and resolved when the child is up again", async () => {
  const { supervisor, fake, take, pass, restarts, events } = await running("ab", {
    intensity: { restarts: 0, withinMs: 1000 },
  });
  fake("a").startPlan = [10];
  let result: CommandResult | undefined;
  void supervisor.restart("a", "new settings").then((value) => {
    result = value;
  });
  await pass(9);
  assert.equal(result, undefined);
  await pass(1);
  assert.deepEqual(result, done);
  assert.deepEqual(take(), ["stop a", "start a"]);
  assert.deepEqual(restarts(), { a: 1, b: 0 });
  assert.equal(supervisor.tree().recentRestarts, 0);
  assert.ok(events.some(({ to, reason }) => to === "stopping" && reason === "new settings"));
});

test("restart forgets the child's failures in a row: the next wait is the shortest", async () => {
  const { supervisor, pass } = await running("a");
  supervisor.failed(["a"], DIED);
  await pass(100);
  void supervisor.restart("a", "mended");
  await pass(0);
  supervisor.failed(["a"], DIED);
  await pass(0);
  assert.equal(supervisor.children()[0]?.nextStartInMs, 100);
});

test("restart honours the strategy for a running child", async () => {
  const { supervisor, take, pass } = await running("abc", { strategy: "rest-for-one" });
  const result = supervisor.restart("b", "");
  await pass(0);
  assert.deepEqual(await result, done);
  assert.deepEqual(take(), ["stop c", "stop b", "start b", "start c"]);
});

test("restart of a stopped child starts it, alone", async () => {
  const { supervisor, take, pass, restarts } = await running("abc", { strategy: "one-for-all" });
  void supervisor.stopChild("b");
  await pass(0);
  take();
  const result = supervisor.restart("b", "");
  await pass(0);
  assert.deepEqual(await result, done);
  assert.deepEqual(take(), ["start b"]);
  assert.deepEqual(restarts(), { a: 0, b: 1, c: 0 });
});

test("restart while restarting is refused, and so is a start", async () => {
  const { supervisor, fake, pass } = await running("ab");
  fake("a").stopPlan = [10];
  fake("a").startPlan = [10];
  supervisor.failed(["a"], { kind: "threw", message: "" });
  for (const waitMs of [0, 5, 50, 60]) {
    await pass(waitMs); // Failed, stopping, backing off, starting.
    const result = await supervisor.restart("a", "");
    assert.equal(refusal(result), "restarting");
    assert.match(
      result.ok ? "" : result.message,
      /^child "a" is being started or stopped already; try again/,
    );
    assert.equal(refusal(await supervisor.startChild("a")), "restarting");
  }
  const other = supervisor.restart("b", "");
  await pass(0);
  assert.deepEqual(await other, done, "a sibling that does not share its fate is free");
});

test("where siblings share their fate, a restart of one keeps the others from being started", async () => {
  const { supervisor, take, pass } = await running("abc", { strategy: "one-for-all" });
  void supervisor.stopChild("c");
  await pass(0);
  supervisor.failed(["a"], DIED);
  await pass(50);
  take();
  assert.equal(refusal(await supervisor.startChild("c")), "restarting");
  assert.equal(refusal(await supervisor.restart("c", "")), "restarting");
  await pass(50);
  assert.deepEqual(take(), ["start a", "start b"], "what is stopped on purpose stays stopped");
});

test("a restart whose start fails is interrupted, and then supervised as any failure", async () => {
  const { supervisor, fake, pass, states } = await running("a");
  fake("a").startPlan = ["reject"];
  const result = supervisor.restart("a", "");
  await pass(0);
  assert.equal(refusal(await result), "interrupted");
  assert.deepEqual(states(), { a: "backingOff" });
  assert.equal(supervisor.tree().recentRestarts, 1);
  await pass(100);
  assert.deepEqual(states(), { a: "running" });
});

test("stopChild holds a child down until startChild; its failures in a row are forgotten then", async () => {
  const { supervisor, take, pass, states, restarts } = await running("ab", { strategy: "one-for-all" });
  supervisor.failed(["a"], DIED);
  await pass(100);
  const stopped = supervisor.stopChild("a");
  await pass(0);
  assert.deepEqual(await stopped, done);
  assert.deepEqual(states(), { a: "stopped", b: "running" });
  take();
  supervisor.failed(["b"], DIED);
  await pass(100);
  assert.deepEqual(take(), ["start b"]);
  const started = supervisor.startChild("a");
  await pass(0);
  assert.deepEqual(await started, done);
  assert.deepEqual(restarts(), { a: 1, b: 2 }, "startChild is no restart");
  supervisor.failed(["a"], DIED);
  await pass(0);
  assert.equal(supervisor.children()[0]?.nextStartInMs, 100);
});

test("stopChild works in every state", async () => {
  const { supervisor, fake, take, pass, states } = await running("a");
  const stop = async (): Promise<void> => {
    const result = supervisor.stopChild("a");
    await pass(20);
    assert.deepEqual(await result, done);
    assert.deepEqual(states(), { a: "stopped" });
    await pass(1000);
    assert.deepEqual(states(), { a: "stopped" });
    take();
    const started = supervisor.startChild("a");
    await pass(0);
    assert.deepEqual(await started, done);
    take();
  };
  await stop(); // Running.
  supervisor.failed(["a"], DIED);
  await pass(50);
  await stop(); // Backing off.
  fake("a").startPlan = ["hang"];
  supervisor.failed(["a"], DIED);
  await pass(110);
  assert.deepEqual(states(), { a: "starting" });
  await stop(); // Starting.
  fake("a").stopPlan = [10];
  void supervisor.stopChild("a");
  await pass(5);
  await stop(); // Stopping.
  void supervisor.stopChild("a");
  await pass(0);
  await stop(); // Stopped.
});

// Breaks when each command is a round of its own: some thousands while a child hangs held the thread up for seconds.
test("stopChild asked again while it is under way is the same stop, and another when that is over", async () => {
  const clock = new VirtualClock(0);
  const journal: string[] = [];
  const child = new FakeChild("a", clock, journal);
  const options = { name: "house", clock, random: () => 0 };
  const core = new SupervisorCore(
    checkDeclaration(options, [{ child, policy: { stopDeadlineMs: 20 } }]),
    options,
  );
  core.startAll(() => {});
  await pass(clock, 0);
  let added = 0;
  const add = core.rounds.add.bind(core.rounds);
  core.rounds.add = (parts) => {
    added++;
    add(parts);
  };
  for (let time = 1; time <= 2; time++) {
    child.stopPlan = ["hang"];
    const stops = Array.from({ length: 100 }, () => stopChild(core, "a", ""));
    await pass(clock, 20);
    for (const result of await Promise.all(stops)) assert.deepEqual(result, done);
    assert.equal(core.find("a")?.state, "stopped");
    assert.equal(added, time);
    assert.deepEqual(await stopChild(core, "a", ""), done, "stopped already");
    const started = startChild(core, "a", "");
    await pass(clock, 0);
    assert.deepEqual(await started, done);
    added = time;
  }
  assert.deepEqual(journal, ["start a", "stop a", "kill a", "start a", "stop a", "kill a", "start a"]);
});

test("stopping one of several that restart together leaves the others to go on", async () => {
  const { supervisor, pass, states } = await running("abc");
  supervisor.failed(["a", "b", "c"], DIED);
  await pass(50);
  void supervisor.stopChild("a");
  await pass(50);
  assert.deepEqual(states(), { a: "stopped", b: "running", c: "running" });
});

test("commands that make no sense are refused with what is the matter", async () => {
  const { supervisor, pass } = build("ab");
  const unknown = await supervisor.restart("z", "");
  assert.deepEqual(unknown, {
    ok: false,
    refused: "unknown-child",
    message: 'supervisor "house" has no child "z"; it has "a", "b"',
  });
  assert.equal(refusal(await supervisor.stopChild("z")), "unknown-child");
  assert.equal(refusal(await supervisor.startChild("z")), "unknown-child");
  assert.deepEqual(await supervisor.restart("a", ""), {
    ok: false,
    refused: "not-running",
    message: 'supervisor "house" is stopped; start it, or wait until it runs',
  });
  const started = supervisor.start();
  await pass(0);
  await started;
  assert.equal(refusal(await supervisor.startChild("a")), "already-running");
});

test("a stop of the whole supervisor settles what is under way", async () => {
  const { supervisor, fake, pass } = await running("a");
  fake("a").startPlan = ["hang"];
  const result = supervisor.restart("a", "");
  await pass(5);
  void supervisor.stop();
  assert.equal(refusal(await result), "interrupted");
});

/**
 * What an operator's commands make of news that comes late: supervisors tell of a transition a moment after it.
 *
 * What would fail here: a pause that is taken for one of an incarnation that has ended, and stays, when the news of the present one's
 * start comes behind it; one that is still told of when its incarnation has ended.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ActorControl } from "../../runtime/actor-control.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { ChildState, Supervisor } from "../../runtime/supervisor/index.ts";

function control() {
  let done = () => {};
  const children = () => [{ name: "reader", state: "running" }];
  const made = new ActorControl({
    configs: new Map([["reader", {}]]),
    supervisorOf: () => ({ name: "group", state: "running", children }) as unknown as Supervisor,
    operate: () =>
      new Promise((resolve) => {
        done = () => resolve("done");
      }),
    clock: systemClock,
  });
  const note = (from: ChildState, to: ChildState) =>
    made.note({ supervisor: "group", child: "reader", from, to, reason: "", atMs: 0, restarts: 0 });
  return { made, note, finish: () => done() };
}

test("the news that an actor runs may come behind its pause", async () => {
  for (const isInTime of [true, false]) {
    const { made, note, finish } = control();
    const paused = made.command("reader", "pause", "");
    if (isInTime) note("starting", "running");
    finish();
    assert.deepEqual(await paused, { ok: true });
    if (!isInTime) note("starting", "running");
    assert.equal(made.isPaused("reader"), true);
    const resumed = made.command("reader", "resume", "");
    finish();
    assert.deepEqual(await resumed, { ok: true });
  }
});

test("the end of an actor ends its pause, and makes void one that is under way", async () => {
  const { made, note, finish } = control();
  const first = made.command("reader", "pause", "");
  finish();
  assert.deepEqual(await first, { ok: true });
  note("running", "failed");
  assert.equal(made.isPaused("reader"), false);
  const second = made.command("reader", "pause", "");
  note("running", "failed");
  finish();
  const refused = await second;
  assert.equal(refused.ok ? "done" : refused.refused, "interrupted");
  assert.equal(made.isPaused("reader"), false);
});

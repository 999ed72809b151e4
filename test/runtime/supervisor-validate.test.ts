/** A declaration that is wrong is refused before any child hears of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../runtime/clock.ts";
import {
  type ChildPolicy,
  MAX_DURATION_MS,
  Supervisor,
  type SupervisorOptions,
} from "../../runtime/supervisor/index.ts";
import { checkDeclaration } from "../../runtime/supervisor/validate.ts";
import { FakeChild } from "./supervisor-support.ts";

const clock = new VirtualClock();
const base: SupervisorOptions = { name: "house", clock, random: () => 0 };
const child = (name: string) => ({ child: new FakeChild(name, clock, []) });

test("what is left out takes the documented defaults", () => {
  const checked = checkDeclaration({ ...base, backoff: { maxMs: 500 } }, [child("a")]);
  assert.equal(checked.strategy, "one-for-one");
  assert.deepEqual(checked.intensity, { restarts: 5, withinMs: 60_000 });
  assert.deepEqual(checked.backoff, {
    initialMs: 100,
    maxMs: 500,
    factor: 2,
    jitter: 0.2,
    resetAfterMs: 60_000,
  });
  assert.deepEqual(checked.children[0]?.policy, {
    restart: "permanent",
    startDeadlineMs: 5000,
    stopDeadlineMs: 5000,
  });
});

test("every problem is named at once, and no child is touched", () => {
  const watched: string[] = [];
  const port = { ...child("b").child, name: "b", watch: () => watched.push("b") };
  const options = { ...base, intensity: { restarts: 1.5, withinMs: 0 } };
  assert.throws(
    () => new Supervisor(options, [{ child: port as unknown as FakeChild }, child("b")]),
    (error) => {
      assert.ok(error instanceof RangeError);
      assert.equal(
        error.message,
        'supervisor "house" cannot be built: intensity.restarts: expected a whole number ≥ 0, got 1.5; ' +
          `intensity.withinMs: expected 1 to ${MAX_DURATION_MS} ms, got 0; ` +
          'children[1].name: expected a name no other child has, got "b"',
      );
      return true;
    },
  );
  assert.deepEqual(watched, []);
});

test("the bounds of the options", () => {
  const bad: [string, object][] = [
    ["name", { name: "" }],
    ["strategy", { strategy: "one-for-some" }],
    ["intensity.restarts", { intensity: { restarts: -1, withinMs: 1 } }],
    ["intensity.restarts", { intensity: { restarts: Number.POSITIVE_INFINITY, withinMs: 1 } }],
    ["intensity.withinMs", { intensity: { restarts: 1, withinMs: Number.NaN } }],
    ["backoff.initialMs", { backoff: { initialMs: 30_001 } }],
    ["backoff.initialMs", { backoff: { initialMs: -1 } }],
    ["backoff.maxMs", { backoff: { maxMs: MAX_DURATION_MS + 1 } }],
    ["backoff.factor", { backoff: { factor: 0.9 } }],
    ["backoff.factor", { backoff: { factor: Number.POSITIVE_INFINITY } }],
    ["backoff.jitter", { backoff: { jitter: 1.1 } }],
    ["backoff.jitter", { backoff: { jitter: -0.1 } }],
    ["backoff.resetAfterMs", { backoff: { resetAfterMs: Number.NaN } }],
  ];
  for (const [field, options] of bad) {
    assert.throws(() => checkDeclaration({ ...base, ...options }, []), new RegExp(`: ${field}: expected`));
  }
  checkDeclaration(
    {
      ...base,
      intensity: { restarts: 0, withinMs: 1 },
      backoff: { initialMs: 0, maxMs: 0, factor: 1, jitter: 1, resetAfterMs: 0 },
    },
    [],
  );
});

test("the bounds of a child's policy", () => {
  const bad: [string, object][] = [
    ["restart", { restart: "always" }],
    ["startDeadlineMs", { startDeadlineMs: 0 }],
    ["startDeadlineMs", { startDeadlineMs: Number.POSITIVE_INFINITY }],
    ["stopDeadlineMs", { stopDeadlineMs: -1 }],
    ["stopDeadlineMs", { stopDeadlineMs: MAX_DURATION_MS + 1 }],
  ];
  for (const [field, policy] of bad) {
    const spec = { ...child("a"), policy: policy as Partial<ChildPolicy> };
    assert.throws(() => checkDeclaration(base, [spec]), new RegExp(`children\\[0\\]\\.${field}: expected`));
  }
  assert.throws(() => checkDeclaration(base, [child("")]), /children\[0\]\.name: expected a text/);
  checkDeclaration(base, [{ ...child("a"), policy: { startDeadlineMs: 1, stopDeadlineMs: 0 } }]);
});

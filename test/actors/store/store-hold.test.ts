import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOLD_MS } from "../../../actors/keeper/protocol.ts";
import { StoreHold } from "../../../actors/store/store-hold.ts";
import { ActorTimers } from "../../../runtime/actor/actor-timers.ts";
import type { ActorContext, AskResult } from "../../../runtime/actor/types.ts";
import { VirtualClock } from "../../../runtime/clock.ts";

type Answer = "held" | "nobody" | "closed" | "timed-out";

/** A hold, and what a keeper that gives these answers was told. */
function setUp(answer: Answer) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const timers = new ActorTimers(clock, () => {
    for (let due = timers.take(); due !== undefined; due = timers.take()) void due();
  });
  const tell = (to: string, message: object) => {
    if (answer === "nobody") throw new RangeError(`there is no actor ${to}`);
    told.push(Object.values(message).join(" "));
    return { ok: true };
  };
  const context = {
    every: timers.every.bind(timers),
    tell,
    ask: async (to: string, message: object): Promise<AskResult<unknown>> => {
      tell(to, message);
      if (answer === "held") return { ok: true, value: { ok: true } };
      return { ok: false, reason: answer as "closed" | "timed-out", message: "" };
    },
  };
  return { clock, told, timers, hold: new StoreHold(context as unknown as ActorContext<never>) };
}

describe("the store", () => {
  test("is held by each export for itself, again and again, until it lets go", async () => {
    const { clock, told, timers, hold } = setUp("held");
    assert.equal(await hold.take("a"), true);
    clock.advance(HOLD_MS / 2);
    assert.equal(await hold.take("b"), true);
    clock.advance(HOLD_MS / 3);
    assert.deepEqual(told.splice(0), [
      "keeper.hold a",
      "keeper.hold a",
      "keeper.hold b",
      "keeper.hold a",
      "keeper.hold b",
    ]);
    hold.release("a");
    hold.release("a");
    clock.advance(HOLD_MS / 3);
    assert.deepEqual(told.splice(0), ["keeper.release a", "keeper.hold b"]);
    hold.release("b");
    clock.advance(10 * HOLD_MS);
    assert.deepEqual(told.splice(0), ["keeper.release b"]);
    assert.equal(clock.nextDueMs(), undefined);
    assert.equal(await hold.take("c"), true);
    clock.advance(HOLD_MS / 3);
    assert.deepEqual(told, ["keeper.hold c", "keeper.hold c"]);
    timers.close();
  });

  test("is read without being held where there is no keeper, or it does not run", async () => {
    for (const answer of ["nobody", "closed"] as const) {
      const { clock, hold } = setUp(answer);
      assert.equal(await hold.take("a"), true);
      clock.advance(HOLD_MS);
      hold.release("a");
      assert.equal(clock.nextDueMs(), undefined);
    }
  });

  test("is not read when a keeper that runs does not answer", async () => {
    const { clock, told, hold } = setUp("timed-out");
    assert.equal(await hold.take("a"), false);
    assert.deepEqual(told, ["keeper.hold a", "keeper.release a"]);
    assert.equal(clock.nextDueMs(), undefined);
  });
});

/**
 * An actor's timers.
 *
 * What would fail here: a grid that moves or piles up, a timer that runs though it was cancelled, one that outlives its actor.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ActorContext } from "../../../runtime/actor/types.ts";
import type { Timer } from "../../../runtime/clock.ts";
import { openInline, say } from "../../fixtures/actor-inline.ts";

describe("timers", () => {
  async function withTimers(start: (context: ActorContext, note: () => void) => void) {
    const atMs: number[] = [];
    let originMs = 0;
    const inline = await openInline({
      actors: {
        actor: (context) => {
          originMs = context.clock.monotonicMs();
          start(context, () => {
            atMs.push(context.clock.monotonicMs() - originMs);
          });
          return {};
        },
      },
    });
    return { ...inline, atMs };
  }

  test("every: at once, then on the grid", async () => {
    const { pass, atMs } = await withTimers((context, note) => context.every(100, note));
    await pass(350);
    assert.deepEqual(atMs, [0, 100, 200, 300]);
  });

  test("every: late by several intervals, it runs once and stays on the grid", async () => {
    const { pass, settle, clock, atMs } = await withTimers((context, note) => context.every(100, note, 50));
    await pass(50);
    // Nobody has the thread from here on, until 475: 150 is late, 250, 350 and 450 are missed.
    clock.advance(425);
    await settle();
    await pass(200, 5);
    assert.deepEqual(atMs, [50, 475, 550, 650]);
  });

  test("every: a handler that takes longer than the interval is not piled up", async () => {
    const { pass, atMs } = await withTimers((context, note) =>
      context.every(100, async () => {
        note();
        await new Promise<void>((resolve) => context.clock.after(250, resolve));
      }),
    );
    await pass(1000);
    // Each time one that came due meanwhile follows at once, and only one.
    assert.deepEqual(atMs, [0, 250, 500, 750, 1000]);
  });

  test("cancelled from within its own handler, or while it is due, it does not run again", async () => {
    let timer: Timer | undefined;
    let other: Timer | undefined;
    const { pass, clock, settle, atMs } = await withTimers((context, note) => {
      timer = context.every(
        100,
        () => {
          note();
          if (atMs.length === 2) timer?.cancel();
        },
        100,
      );
      // Both come due at 100; the first one takes the second back while it stands in line.
      context.after(50, () => other?.cancel());
      other = context.after(50, () => assert.fail("it was cancelled"));
    });
    clock.advance(50);
    await settle();
    await pass(1000);
    assert.deepEqual(atMs, [100, 200]);
    assert.equal(clock.nextDueMs(), undefined);
  });

  test("delays and intervals that no timer takes are refused", async () => {
    await withTimers((context) => {
      for (const delayMs of [Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY]) {
        assert.throws(() => context.after(delayMs, () => {}), /timer delay: expected at most 2147483647 ms/);
        assert.throws(() => context.every(delayMs, () => {}), /timer interval: expected more than 0/);
      }
      assert.throws(() => context.every(0, () => {}), /timer interval: expected more than 0/);
      assert.throws(() => context.every(-1, () => {}), /timer interval: expected more than 0/);
    });
  });

  test("of an incarnation that failed do not fire in the next", async () => {
    let lives = 0;
    const fired: number[] = [];
    const inline = await openInline({
      actors: {
        actor: (context) => {
          const life = ++lives;
          context.every(
            100,
            () => {
              fired.push(life);
            },
            100,
          );
          return {
            receive: () => {
              throw new Error("on purpose");
            },
          };
        },
      },
    });
    inline.system.tell("actor", say("fail"));
    await inline.pass(200);
    assert.deepEqual([...new Set(fired)], [2]);
  });
});

/**
 * A batch that brings its reader down again and again.
 *
 * What would fail here: a poison batch that takes its neighbours with it, or is tried for ever, or is found only one crash for
 * each slot before it; one that is let through to the stages behind.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lagOf, noting, openInline, publish, source, wordAt } from "../../fixtures/actor-inline.ts";

describe("a poison batch", () => {
  for (const release of ["each", "end"] as const) {
    test(`is given up after three crashes of its own, and no other is (released at ${release})`, async () => {
      const handled: number[] = [];
      const begun: number[] = [];
      const largestTurns: number[] = [];
      const POISON = 5;
      const inline = await openInline({
        lanes: [{ name: "lane", slots: 32, tiers: [["actor"]] }],
        actors: {
          source: source("lane"),
          actor: (context) => ({
            stages: {
              lane: {
                drain(reader, maxSlots) {
                  largestTurns.push(maxSlots);
                  const batch: number[] = [];
                  for (let taken = 0; taken < maxSlots; taken++) {
                    const slot = reader.tryRead();
                    if (slot < 0) break;
                    const value = wordAt(context.memory, slot);
                    begun.push(value);
                    if (value === POISON) throw new Error("poison");
                    batch.push(value);
                    if (release === "each") reader.release();
                    if (release === "each") handled.push(value);
                  }
                  reader.release();
                  if (release === "end") handled.push(...batch);
                },
                poisoned: (slot) => `slot ${wordAt(context.memory, slot)} was too much`,
              },
            },
          }),
        },
      });
      publish(inline.system, "lane", 0, 20);
      await inline.pass(200);
      assert.deepEqual(
        handled,
        Array.from({ length: 20 }, (_, value) => value).filter((value) => value !== POISON),
        "every other slot is handled once",
      );
      const { deadLetters } = inline.system.status();
      assert.deepEqual(
        deadLetters.latest.map(({ to, kind, reason }) => [to, kind, reason]),
        [["actor/lane", "batch", "slot 5 was too much"]],
      );
      const crashes = release === "each" ? 3 : 4;
      assert.equal(inline.state("actor").restarts, crashes);
      assert.equal(begun.filter((value) => value === POISON).length, crashes);
      assert.equal(lagOf(inline, "actor"), 0);
      // Everything in the turn that first failed is taken alone from then on.
      assert.equal(largestTurns[0], 64);
      assert.deepEqual([...new Set(largestTurns.slice(1))], [1]);
    });
  }

  test("after 64 slots alone, turns are of many again", async () => {
    const turns: number[] = [];
    let failures = 1;
    const inline = await openInline({
      lanes: [{ name: "lane", slots: 256, tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: (context) => {
          const inner = noting(context, () => {
            if (failures-- > 0) throw new Error("once");
          });
          return {
            stages: {
              lane: {
                ...inner,
                drain(reader, maxSlots) {
                  turns.push(maxSlots);
                  return inner.drain(reader, maxSlots);
                },
              },
            },
          };
        },
      },
    });
    publish(inline.system, "lane", 0, 200);
    await inline.pass(20);
    assert.deepEqual(turns, [64, ...Array.from({ length: 64 }, () => 1), 64, 64, 64]);
  });

  test("that cannot even be given up is never let through: the system gives up instead", async () => {
    const escalations: string[] = [];
    const inline = await openInline({
      group: { intensity: { restarts: 5, withinMs: 60_000 } },
      system: { onEscalate: (reason) => escalations.push(reason) },
      lanes: [{ name: "lane", tiers: [["actor"], ["after"]] }],
      actors: {
        source: source("lane"),
        actor: () => ({
          stages: {
            lane: {
              drain: () => {
                throw new Error("poison");
              },
              poisoned: () => {
                throw new Error("too poisonous");
              },
            },
          },
        }),
        after: (context) => ({ stages: { lane: noting(context, () => assert.fail("it was let through")) } }),
      },
    });
    publish(inline.system, "lane", 0, 1);
    await inline.pass(60_000, 50);
    assert.equal(escalations.length, 1);
    assert.equal(lagOf(inline, "actor"), 1);
  });
});

/**
 * One actor in an inline system: what it does first, what asking costs it, and what a failure leaves.
 *
 * What would fail here: another order of timers, messages and lanes; a stage that is passed over; two handlers at once; a
 * question that wedges who asks; a failure that leaves the mailbox or the lane stuck, or is told twice.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StageHandler } from "../../../runtime/actor/types.ts";
import { lagOf, noting, openInline, publish, say, source, wordAt } from "../../fixtures/actor-inline.ts";

describe("what an actor does first", () => {
  test("timers that are due, then messages, then lanes", async () => {
    const did: string[] = [];
    const inline = await openInline({
      lanes: [{ name: "lane", tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: (context) => {
          context.after(10, () => {
            did.push("timer");
          });
          return {
            stages: { lane: noting(context, (value) => did.push(`slot ${value}`)) },
            receive: ({ kind }) => {
              did.push(kind);
            },
          };
        },
      },
    });
    publish(inline.system, "lane", 0, 1);
    inline.system.tell("actor", say("first message"));
    inline.system.tell("actor", say("second message"));
    inline.clock.advance(10);
    await inline.settle();
    assert.deepEqual(did, ["timer", "first message", "second message", "slot 0"]);
  });

  test("a message gets through to an actor whose lane never runs dry", async () => {
    let slots = 0;
    const at: number[] = [];
    const inline = await openInline({
      lanes: [{ name: "lane", slots: 128, tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: (context) => ({
          stages: { lane: noting(context, () => slots++) },
          receive: () => {
            at.push(slots);
          },
        }),
      },
    });
    publish(inline.system, "lane", 0, 128);
    await inline.system.step();
    inline.system.tell("actor", say("hello"));
    await inline.settle();
    assert.deepEqual([at, slots], [[64], 128], "after the first turn of 64 slots");
  });

  test("lanes take turns, however full one of them is", async () => {
    const turns: string[] = [];
    const names = ["a", "b", "c"];
    const inline = await openInline({
      lanes: names.map((name) => ({ name, slots: 256, tiers: [["actor"]] })),
      actors: {
        source: source(...names),
        actor: (context) => ({
          stages: Object.fromEntries(
            names.map((name) => {
              const inner = noting(context, () => {});
              const drain: StageHandler["drain"] = (reader, maxSlots) => {
                turns.push(name);
                return inner.drain(reader, maxSlots);
              };
              return [name, { ...inner, drain }];
            }),
          ),
        }),
      },
    });
    publish(inline.system, "a", 0, 256);
    publish(inline.system, "b", 0, 1);
    publish(inline.system, "c", 0, 65);
    await inline.settle();
    assert.equal(turns.join(""), "abcacaa");
  });

  test("what it is at is done before the next thing begins, also when it waits", async () => {
    const did: string[] = [];
    const inline = await openInline({
      actors: {
        actor: (context) => ({
          async receive({ kind }) {
            did.push(`${kind} begins`);
            await new Promise<void>((resolve) => context.clock.after(10, resolve));
            did.push(`${kind} ends`);
          },
        }),
      },
    });
    inline.system.tell("actor", say("one"));
    inline.system.tell("actor", say("two"));
    await inline.settle();
    assert.deepEqual(did, ["one begins"], "a step that waits for time lets the scheduler go");
    await inline.pass(20);
    assert.deepEqual(did, ["one begins", "one ends", "two begins", "two ends"]);
  });
});

describe("asking", () => {
  test("an actor that asks another within a handler gets its answer, one step at a time", async () => {
    const inline = await openInline({
      actors: {
        asker: (context) => ({
          receive: async (_, reply) => reply(await context.ask("other", say("question"), 100)),
        }),
        other: () => ({ receive: ({ kind }, reply) => reply(`re: ${kind}`) }),
      },
    });
    const answer = await inline.run(inline.system.ask("asker", say("go"), 1000));
    assert.deepEqual(answer, { ok: true, value: { ok: true, value: "re: question" } });
  });

  test("one that asks itself and waits gets no answer but its deadline's, and is not wedged", async () => {
    const did: string[] = [];
    const inline = await openInline({
      actors: {
        actor: (context) => ({
          async receive({ kind }, reply) {
            did.push(kind);
            if (kind === "ask yourself") reply(await context.ask("actor", say("from myself"), 50));
            else reply("too late");
          },
        }),
      },
    });
    const answer = await inline.run(inline.system.ask("actor", say("ask yourself"), 1000));
    assert.ok(answer.ok);
    assert.deepEqual(answer.value, {
      ok: false,
      reason: "timed-out",
      message: "actor did not answer within 50 ms",
    });
    assert.deepEqual(did, ["ask yourself", "from myself"]);
  });

  test("a question to one that takes no messages is answered", async () => {
    const inline = await openInline({ actors: { actor: () => ({}) } });
    assert.deepEqual(await inline.run(inline.system.ask("actor", say("hello"), 100)), {
      ok: false,
      reason: "failed",
      message: "actor takes no messages",
    });
  });
});

describe("a handler that fails", () => {
  for (const how of ["threw", "rejected"] as const) {
    const fail = (): Promise<void> => {
      if (how === "rejected") return Promise.reject(new TypeError("on purpose"));
      throw new TypeError("on purpose");
    };

    test(`in a message (${how}): who asked is told, the next incarnation takes the next message`, async () => {
      const stops: number[] = [];
      let lives = 0;
      const inline = await openInline({
        actors: {
          actor: () => {
            const life = ++lives;
            return {
              receive: ({ kind }, reply) => (kind === "fail" ? fail() : reply(life)),
              stop: () => {
                stops.push(life);
              },
            };
          },
        },
      });
      const failed = inline.system.ask("actor", say("fail"), 1000);
      const behind = inline.system.ask("actor", say("life"), 1000);
      assert.deepEqual(await inline.run(failed), {
        ok: false,
        reason: "failed",
        message: "actor failed on it",
      });
      const unseen = await inline.run(behind);
      assert.ok(!unseen.ok && unseen.reason === "closed");
      await inline.pass(10);
      const { state, restarts, lastFailure } = inline.state("actor");
      assert.deepEqual([state, restarts], ["running", 1]);
      assert.deepEqual(lastFailure?.reason, { kind: how, message: "TypeError: on purpose" });
      assert.deepEqual(stops, [1], "stopped after its failure, once");
      const next = await inline.run(inline.system.ask("actor", say("life"), 1000));
      assert.deepEqual(next, { ok: true, value: 2 });
      await inline.run(inline.system.stop());
      assert.deepEqual(stops, [1, 2]);
      assert.equal(inline.system.status().deadLetters.count, 1);
    });

    test(`in a timer (${how}) is the actor's failure`, async () => {
      let lives = 0;
      const inline = await openInline({
        actors: {
          actor: (context) => {
            if (++lives === 1) context.after(5, fail);
            return {};
          },
        },
      });
      await inline.pass(30);
      assert.equal(inline.state("actor").restarts, 1);
      assert.equal(inline.state("actor").lastFailure?.reason.kind, how);
    });

    test(`in a lane (${how}), released one by one: only the slot it fell at comes again`, async () => {
      const seen: number[] = [];
      let failures = 1;
      const inline = await openInline({
        lanes: [{ name: "lane", tiers: [["actor"]] }],
        actors: {
          source: source("lane"),
          actor: (context) => ({
            stages: {
              lane: {
                async drain(reader, maxSlots) {
                  for (let taken = 0; taken < maxSlots; taken++) {
                    const slot = reader.tryRead();
                    if (slot < 0) break;
                    seen.push(wordAt(context.memory, slot));
                    if (seen.at(-1) === 3 && failures-- > 0) await fail();
                    reader.release();
                  }
                },
                poisoned: () => "never",
              },
            },
          }),
        },
      });
      publish(inline.system, "lane", 0, 6);
      await inline.pass(50);
      assert.deepEqual(seen, [0, 1, 2, 3, 3, 4, 5]);
      assert.equal(lagOf(inline, "actor"), 0);
    });
  }

  test("late, after it was killed, is nobody's failure", async () => {
    let rejectOld: (error: Error) => void = () => {};
    const inline = await openInline({
      group: { policy: { stopDeadlineMs: 10 } },
      actors: {
        actor: () => ({
          receive: ({ kind }) =>
            kind === "hang" ? new Promise<void>((_, reject) => (rejectOld = reject)) : undefined,
        }),
      },
    });
    inline.system.tell("actor", say("hang"));
    void inline.system.step();
    const restarted = inline.system.restart("actor", "it hangs");
    // The stop deadline passes: it is killed, and the next one runs.
    for (let turn = 0; turn < 10; turn++) {
      inline.clock.advance(10);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await restarted, { ok: true });
    rejectOld(new Error("late"));
    await inline.pass(20);
    assert.deepEqual([inline.state("actor").state, inline.state("actor").restarts], ["running", 1]);
    assert.equal(inline.state("actor").lastFailure, undefined);
  });
});

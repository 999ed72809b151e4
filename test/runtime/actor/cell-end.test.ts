/**
 * How an actor ends, and how it does not begin.
 *
 * What would fail here: an end that leaves slots behind, takes more than there were, or never comes; a `stop` that is forgotten
 * or comes twice; a handler that runs on beside the end; a factory whose work is left lying about.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Behaviour } from "../../../runtime/actor/types.ts";
import { buildInline, lagOf, noting, openInline, publish, say, source } from "../../fixtures/actor-inline.ts";

// Nobody steps these systems while they stop: what is done, the end itself has done.
describe("an orderly end", () => {
  test("drains what the lanes hold, then stops the behaviour, once", async () => {
    const did: string[] = [];
    const inline = await openInline({
      lanes: [
        { name: "a", tiers: [["actor"]] },
        { name: "b", tiers: [["actor"]] },
      ],
      actors: {
        source: source("a", "b"),
        actor: (context) => ({
          stages: {
            a: noting(context, (value) => did.push(`a${value}`)),
            b: noting(context, (value) => did.push(`b${value}`)),
          },
          stop: () => {
            did.push("stop");
          },
        }),
      },
    });
    publish(inline.system, "a", 0, 3);
    publish(inline.system, "b", 0, 2);
    await inline.system.stop();
    assert.deepEqual(did.toSorted(), ["a0", "a1", "a2", "b0", "b1", "stop"]);
    assert.equal(did.at(-1), "stop");
    await inline.system.stop();
    assert.equal(did.length, 6);
  });

  test("takes no more than the lanes held when it began", async () => {
    const seen: number[] = [];
    const inline = await openInline({
      lanes: [{ name: "lane", slots: 8, tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: (context) => ({
          stages: {
            lane: noting(context, (value) => {
              seen.push(value);
              // A writer that goes on: for each slot that is read there is another.
              if (seen.length > 1) publish(inline.system, "lane", value + 5, 1);
            }),
          },
        }),
      },
    });
    publish(inline.system, "lane", 0, 6);
    await inline.system.stop();
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
    assert.equal(lagOf(inline, "actor"), 5);
  });

  test("comes also when the handler will not take what is left", async () => {
    let turns = 0;
    const inline = await openInline({
      lanes: [{ name: "lane", tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: () => ({
          stages: {
            lane: {
              drain: () => {
                turns++;
              },
              poisoned: () => "",
            },
          },
        }),
      },
    });
    publish(inline.system, "lane", 0, 3);
    await inline.system.stop();
    assert.equal(turns, 3, "as many as there are slots");
    assert.equal(inline.state("actor").state, "stopped");
  });

  test("comes also when the last slot fails it, and the behaviour is still stopped once", async () => {
    const stops: string[] = [];
    const inline = await openInline({
      lanes: [{ name: "lane", tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: () => ({
          stages: {
            lane: {
              drain: () => {
                throw new Error("at the last moment");
              },
              poisoned: () => "",
            },
          },
          stop: () => {
            stops.push("stop");
          },
        }),
      },
    });
    publish(inline.system, "lane", 0, 1);
    await inline.system.stop();
    assert.deepEqual(stops, ["stop"]);
    const { state, restarts } = inline.state("actor");
    assert.deepEqual([state, restarts], ["stopped", 0]);
    assert.equal(lagOf(inline, "actor"), 1, "it waits for the next start");
  });

  test("waits for the handler under way, and runs no other beside it", async () => {
    const did: string[] = [];
    const inline = await openInline({
      lanes: [{ name: "lane", tiers: [["actor"]] }],
      actors: {
        source: source("lane"),
        actor: (context) => ({
          async receive(_, reply) {
            did.push("begins");
            await new Promise<void>((resolve) => context.clock.after(100, resolve));
            did.push("ends");
            reply("done");
          },
          stages: { lane: noting(context, (value) => did.push(`slot ${value}`)) },
          stop: () => {
            did.push("stop");
          },
        }),
      },
    });
    const asked = inline.system.ask("actor", say("slow"), 1000);
    await inline.settle();
    publish(inline.system, "lane", 0, 1);
    await inline.run(inline.system.stop());
    assert.deepEqual(did, ["begins", "ends", "slot 0", "stop"]);
    assert.deepEqual(await asked, { ok: true, value: "done" }, "it was answered, not cut off");
  });

  test("a kept question can still be answered by `stop`, and is answered if it is not", async () => {
    const kept: ((value: unknown) => void)[] = [];
    const inline = await openInline({
      actors: {
        keeper: () => ({
          receive: (_, reply) => {
            kept.push(reply);
          },
          stop: () => kept[0]?.("goodbye"),
        }),
      },
    });
    const answered = inline.system.ask("keeper", say("a"), 60_000);
    const forgotten = inline.system.ask("keeper", say("b"), 60_000);
    await inline.settle();
    await inline.run(inline.system.stop());
    assert.deepEqual(await answered, { ok: true, value: "goodbye" });
    assert.deepEqual(await forgotten, { ok: false, reason: "closed", message: "keeper has ended" });
  });
});

describe("a start that does not come about", () => {
  test("a behaviour without a handler for its lane is refused, and given back", async () => {
    const stops: string[] = [];
    await assert.rejects(
      openInline({
        lanes: [{ name: "lane", tiers: [["actor"]] }],
        actors: {
          source: source("lane"),
          actor: () => ({
            stop: () => {
              stops.push("stop");
            },
          }),
        },
      }),
      /no handler for lane lane, of which it is a stage/,
    );
    assert.deepEqual(stops, ["stop"]);
  });

  test("stopped while its factory is under way: it ends when the factory does, and is given back", async () => {
    const stops: string[] = [];
    let finish: (behaviour: Behaviour) => void = () => {};
    let lives = 0;
    const { system, clock, run, settle } = await openInline({
      actors: {
        actor: () => {
          if (++lives === 1) return {};
          return new Promise<Behaviour>((resolve) => {
            finish = resolve;
          });
        },
      },
    });
    const restart = system.restart("actor", "to have it start again");
    await settle();
    const stopping = system.stop();
    let isStopped = false;
    void stopping.then(() => {
      isStopped = true;
    });
    await settle();
    assert.equal(isStopped, false, "it holds on until nothing of it is left");
    finish({
      stop: () => {
        stops.push("stop");
      },
    });
    await run(stopping);
    assert.deepEqual(stops, ["stop"]);
    const interrupted = await restart;
    assert.ok(!interrupted.ok && interrupted.refused === "interrupted");
    assert.ok(clock.monotonicMs() < 5000, "no deadline was needed");
  });

  test("a factory that never comes to an end is killed at its deadline, and nothing is left running", async () => {
    const stops: string[] = [];
    let finish: (behaviour: Behaviour) => void = () => {};
    const { system, state, run } = buildInline({
      group: { policy: { startDeadlineMs: 100 } },
      actors: {
        first: () => ({}),
        never: () =>
          new Promise<Behaviour>((resolve) => {
            finish = resolve;
          }),
      },
    });
    const started = await run(system.start());
    assert.ok(!started.ok && started.failure === "refused");
    assert.match(started.message, /"never" timed-out: no start within 100 ms; killed/);
    assert.equal(state("first").state, "stopped");
    finish({
      stop: () => {
        stops.push("stop");
      },
    });
    await run(Promise.resolve());
    assert.deepEqual(stops, ["stop"], "what comes late is given back");
    assert.deepEqual(system.tell("never", say("hello")).ok, false);
  });
});

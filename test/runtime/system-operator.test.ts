/**
 * What an operator does to single actors of a running system, inline.
 *
 * What would fail here: a paused actor that drains, or lets its timers run, or answers nothing; one that is paused for ever, or
 * across a restart; a slot that is lost or seen twice by any sequence of commands; a command that makes no sense and is taken,
 * or is refused without saying why; one that is never answered; a configuration that is forgotten by the next start, or kept
 * though it was refused; a transition that is not told.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ActorContext, Behaviour } from "../../runtime/actor/types.ts";
import { TAKE_WITHIN_MS } from "../../runtime/actor-control.ts";
import type { CommandResult } from "../../runtime/supervisor/index.ts";
import { ACTOR_COMMANDS, type ActorCommand, type ReconfigureResult } from "../../runtime/system.ts";
import { type Inline, lagOf, noting, openInline, publish, say, source } from "../fixtures/actor-inline.ts";

const DONE: CommandResult = { ok: true };
const LANE = { name: "lane", tiers: [["reader"]] };

const refusal = (result: CommandResult | ReconfigureResult) => (result.ok ? "done" : result.refused);

/** A system with a reader of a lane, which notes what it sees, ticks every 10 ms, and echoes. */
async function openReader(more: (context: ActorContext) => Partial<Behaviour> = () => ({})) {
  const seen: number[] = [];
  const did: string[] = [];
  const inline = await openInline({
    lanes: [LANE],
    actors: {
      writer: source("lane"),
      reader: (context) => ({
        stages: { lane: noting(context, (value) => seen.push(value)) },
        receive: ({ kind }, reply) => reply(`echo ${kind}`),
        stop: () => void did.push("stop"),
        ...more(context),
      }),
    },
  });
  return { ...inline, inline, seen, did };
}

const isPaused = ({ system }: Pick<Inline, "system">, actor: string) =>
  system.status().actors.find(({ name }) => name === actor)?.paused;

describe("a paused actor", () => {
  test("takes nothing from its lanes, which keep it, answers, and goes on where it was", async () => {
    const { system, run, settle, seen, inline, events } = await openReader();
    publish(system, "lane", 0, 2);
    await settle();
    assert.deepEqual(await run(system.command("reader", "pause", "to look at it")), DONE);
    assert.equal(isPaused(inline, "reader"), true);
    publish(system, "lane", 2, 3);
    await settle();
    assert.deepEqual(seen, [0, 1]);
    assert.equal(lagOf(inline, "reader"), 3);
    assert.deepEqual(await run(system.ask("reader", say("hello"), 100)), { ok: true, value: "echo hello" });
    assert.deepEqual(await run(system.command("reader", "resume", "seen enough")), DONE);
    await settle();
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    assert.equal(isPaused(inline, "reader"), false);
    assert.deepEqual(
      events
        .slice(-2)
        .map(({ supervisor, child, from, to, reason }) => [supervisor, child, from, to, reason]),
      [
        ["group", "reader", "running", "paused", "to look at it"],
        ["group", "reader", "paused", "running", "seen enough"],
      ],
    );
  });

  test("has its own pause and resume called, between two handlers", async () => {
    const did: string[] = [];
    let finish = () => {};
    const { system, run, settle } = await openReader((context) => ({
      receive: async (_, reply) => {
        context.clock.after(0, () => {});
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        did.push("handled");
        reply(null);
      },
      pause: () => void did.push("pause"),
      resume: () => void did.push("resume"),
    }));
    system.tell("reader", say("work"));
    await settle();
    const paused = system.command("reader", "pause", "");
    await settle();
    assert.deepEqual(did, []);
    finish();
    assert.deepEqual(await run(paused), DONE);
    assert.deepEqual(await run(system.command("reader", "resume", "")), DONE);
    assert.deepEqual(did, ["handled", "pause", "resume"]);
  });

  test("is not paused after a restart, a failure, or a stop and a start", async () => {
    for (const end of ["restart", "fail", "stop"] as const) {
      const { system, run, settle, seen, inline, events, pass } = await openReader(() => ({
        receive({ kind }) {
          if (kind === "fail") throw new Error("on purpose");
        },
      }));
      assert.deepEqual(await run(system.command("reader", "pause", "")), DONE);
      publish(system, "lane", 0, 1);
      if (end === "fail") {
        system.tell("reader", say("fail"));
        await pass(50);
      } else if (end === "restart")
        assert.deepEqual(await run(system.command("reader", "restart", "")), DONE);
      else {
        assert.deepEqual(await run(system.command("reader", "stop", "")), DONE);
        assert.equal(isPaused(inline, "reader"), false, end);
        assert.deepEqual(await run(system.command("reader", "start", "")), DONE);
      }
      await settle();
      assert.equal(isPaused(inline, "reader"), false, end);
      assert.deepEqual(seen, [0], end);
      const left = events.find(({ child, from }) => child === "reader" && from === "paused");
      assert.equal(left?.to, end === "fail" ? "failed" : "stopping", end);
    }
  });

  test("drains what its lanes hold when it is stopped in order", async () => {
    const { system, run, seen, did } = await openReader();
    await run(system.command("reader", "pause", ""));
    publish(system, "lane", 0, 5);
    await run(system.stop());
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    assert.deepEqual(did, ["stop"]);
  });

  test("that fails on its pause has failed, and whoever asked is told", async () => {
    const { system, run, state, pass } = await openReader(() => ({
      pause() {
        throw new Error("it cannot");
      },
    }));
    assert.equal(refusal(await run(system.command("reader", "pause", ""))), "interrupted");
    await pass(50);
    assert.deepEqual([state("reader").state, state("reader").restarts], ["running", 1]);
    assert.match(state("reader").lastFailure?.reason.message ?? "", /it cannot/);
  });
});

describe("a command that makes no sense", () => {
  test("is refused, with what to do", async () => {
    const { system, run } = await openInline({
      actors: { idle: () => ({}), timed: () => ({ pause: () => {} }) },
    });
    const refused = async (actor: string, command: ActorCommand) => {
      const result = await run(system.command(actor, command, ""));
      assert.ok(!result.ok, `${command} ${actor}`);
      return [result.refused, result.message];
    };
    assert.deepEqual(await refused("nobody", "pause"), [
      "unknown-child",
      "there is no actor nobody; there are idle, timed",
    ]);
    assert.equal((await refused("idle", "start"))[0], "already-running");
    assert.deepEqual(await refused("idle", "pause"), [
      "cannot-pause",
      "idle does nothing by itself that could be paused; stop it instead",
    ]);
    assert.deepEqual(await refused("timed", "resume"), ["not-paused", "timed is not paused"]);
    assert.deepEqual(await run(system.command("timed", "pause", "")), DONE);
    assert.deepEqual(await refused("timed", "pause"), [
      "already-paused",
      "timed is paused already; resume it",
    ]);
    assert.deepEqual(await run(system.command("timed", "stop", "")), DONE);
    for (const command of ["pause", "resume"] as const) {
      const [reason, message] = await refused("timed", command);
      assert.equal(reason, "not-running");
      assert.match(
        message ?? "",
        /^only an actor that runs can be (paused|resumed), and timed is stopped; start it first$/,
      );
    }
    assert.deepEqual(
      await run(system.command("timed", "stop", "")),
      DONE,
      "it is stopped: nothing to refuse",
    );
    await run(system.stop());
    for (const command of ACTOR_COMMANDS) assert.equal((await refused("idle", command))[0], "not-running");
  });

  test("is refused while another one is carried out, and interrupted by the actor's end", async () => {
    const { system, run, settle } = await openReader((context) => ({
      // Never comes back.
      receive: () => {
        context.clock.after(0, () => {});
        return new Promise<void>(() => {});
      },
    }));
    system.tell("reader", say("hang"));
    await settle();
    const pausing = system.command("reader", "pause", "");
    await settle();
    for (const command of ["pause", "resume"] as const) {
      assert.equal(refusal(await system.command("reader", command, "")), "busy");
    }
    assert.equal(refusal(await system.reconfigure("reader", {}, "")), "busy");
    assert.deepEqual(await run(system.command("reader", "stop", "")), DONE);
    assert.equal(refusal(await run(pausing)), "interrupted");
  });
});

describe("another configuration", () => {
  /** Whether it takes a configuration while it runs is what the configuration says. */
  interface Config {
    readonly value: number;
    readonly live?: boolean;
    readonly fails?: "start" | "take";
  }

  async function openConfigured() {
    const starts: number[] = [];
    const taken: number[] = [];
    const inline = await openInline({
      actors: {
        actor: {
          make(context) {
            const { value, fails } = context.config as Config;
            if (fails === "start") throw new Error(`${value} is no good`);
            starts.push(value);
            return {
              reconfigure(config) {
                const next = config as Config;
                if (next.fails === "take") throw new Error("it breaks on it");
                if (next.live !== true) return false;
                taken.push(next.value);
                return true;
              },
              receive() {
                throw new Error("on purpose");
              },
            };
          },
          spec: { config: { value: 1 } satisfies Config },
        },
        plain: {
          make: (context) => {
            starts.push(context.config as number);
            return {};
          },
          spec: { config: 100 },
        },
      },
    });
    const to = (config: Config, actor = "actor") =>
      inline.run(inline.system.reconfigure(actor, config, "wished for"));
    return { ...inline, starts, taken, to };
  }

  test("is taken live where it can be, and kept by the next start", async () => {
    const { system, run, starts, taken, to, state } = await openConfigured();
    assert.deepEqual(await to({ value: 2, live: true }), { ok: true, effect: "live" });
    assert.deepEqual([starts, taken, state("actor").restarts], [[1, 100], [2], 0]);
    await run(system.command("actor", "restart", ""));
    assert.deepEqual(starts, [1, 100, 2]);
  });

  test("restarts an actor that does not take it, or has no way to", async () => {
    const { starts, taken, to, state, events, run, system } = await openConfigured();
    assert.deepEqual(await to({ value: 2 }), { ok: true, effect: "restarted" });
    assert.deepEqual([starts, taken, state("actor").restarts], [[1, 100, 2], [], 1]);
    assert.ok(
      events.some(
        ({ child, to: state, reason }) =>
          child === "actor" && state === "stopping" && reason === "wished for",
      ),
    );
    assert.deepEqual(await run(system.reconfigure("plain", 200, "")), { ok: true, effect: "restarted" });
    assert.equal(starts.at(-1), 200);
  });

  // Breaks when it is waited for without end: then no setting could be changed any more.
  test("restarts an actor that is at something and does not come back", async () => {
    const values: unknown[] = [];
    const taken: unknown[] = [];
    const inline = await openInline({
      actors: {
        actor: {
          make(context) {
            values.push(context.config);
            return {
              receive: () => new Promise((resolve) => context.clock.after(2 ** 30, () => resolve())),
              reconfigure: (next) => taken.push(next) > 0,
            };
          },
          spec: { config: 1 },
        },
      },
    });
    const { system, run, settle, pass, state } = inline;
    system.tell("actor", say("wait"));
    await settle();
    let isOver = false;
    const changed = system.reconfigure("actor", 2, "wished for").finally(() => {
      isOver = true;
    });
    await pass(TAKE_WITHIN_MS - 10);
    assert.deepEqual([isOver, values], [false, [1]]);
    assert.deepEqual(await run(changed), { ok: true, effect: "restarted" });
    assert.deepEqual([values, taken, state("actor").state], [[1, 2], [], "running"]);
    assert.deepEqual(await run(system.reconfigure("actor", 3, "")), { ok: true, effect: "live" });
    assert.deepEqual(taken, [3]);
  });

  test("is kept for one that is stopped", async () => {
    const { system, run, starts, to } = await openConfigured();
    await run(system.command("actor", "stop", ""));
    assert.deepEqual(await to({ value: 2 }), { ok: true, effect: "kept" });
    assert.deepEqual(starts, [1, 100]);
    await run(system.command("actor", "start", ""));
    assert.deepEqual(starts, [1, 100, 2]);
  });

  test("is kept for one that waits to be started again after a failure", async () => {
    const { system, settle, starts, to, pass, state } = await openConfigured();
    system.tell("actor", say("fail"));
    await settle();
    assert.equal(state("actor").state, "backingOff");
    assert.deepEqual(await to({ value: 2 }), { ok: true, effect: "kept" });
    await pass(50);
    assert.deepEqual(starts, [1, 100, 2]);
  });

  test("with which it does not start is taken back, and supervision starts it with the old one", async () => {
    const { starts, to, pass, state } = await openConfigured();
    assert.equal(refusal(await to({ value: 2, fails: "start" })), "interrupted");
    await pass(50);
    assert.deepEqual([state("actor").state, starts], ["running", [1, 100, 1]]);
  });

  test("that it breaks on is a failure of the actor's, and that of the next one", async () => {
    const { starts, to, pass } = await openConfigured();
    assert.deepEqual(await to({ value: 2, fails: "take" }), { ok: true, effect: "restarted" });
    await pass(50);
    assert.deepEqual(starts, [1, 100, 2]);
  });

  test("is refused for an unknown actor, and when nothing runs", async () => {
    const { system, run, to, starts } = await openConfigured();
    assert.equal(refusal(await to({ value: 2 }, "nobody")), "unknown-child");
    await run(system.stop());
    assert.equal(refusal(await to({ value: 2 })), "not-running");
    await run(system.start());
    assert.deepEqual(starts, [1, 100, 1, 100], "what was refused is not kept");
  });
});

describe("any sequence of commands", () => {
  const commands = fc.array(
    fc.record({
      actor: fc.constantFrom("first", "second"),
      command: fc.constantFrom(...ACTOR_COMMANDS),
      publish: fc.integer({ min: 0, max: 4 }),
      /** Whether what was asked for is waited for before the next. */
      waits: fc.boolean(),
      passMs: fc.constantFrom(0, 0, 5, 20),
    }),
    { minLength: 1, maxLength: 40 },
  );

  test("loses no slot and shows none twice, and every command is answered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), commands, fc.boolean(), async (seed, steps, isAsync) => {
        const seen: Record<string, number[]> = { first: [], second: [] };
        const running = new Set<string>();
        const stage =
          (name: string) =>
          (context: ActorContext): Behaviour => {
            assert.ok(!running.has(name), "two incarnations at once");
            running.add(name);
            const handler = noting(context, (value) => seen[name]!.push(value));
            return {
              stages: {
                lane: {
                  ...handler,
                  async drain(reader, maxSlots) {
                    if (isAsync) await null;
                    await handler.drain(reader, maxSlots);
                  },
                },
              },
              stop: () => void running.delete(name),
            };
          };
        const inline = await openInline({
          seed,
          lanes: [{ name: "lane", slots: 8, tiers: [["first"], ["second"]] }],
          actors: { writer: source("lane"), first: stage("first"), second: stage("second") },
        });
        const { system, pass, run, state } = inline;
        let published = 0;
        const asked: Promise<CommandResult>[] = [];
        for (const { actor, command, publish: wanted, waits, passMs } of steps) {
          const room = 8 - Math.max(lagOf(inline, "first"), lagOf(inline, "second"));
          const count = Math.min(wanted, room);
          publish(system, "lane", published, count);
          published += count;
          const result = system.command(actor, command, "");
          asked.push(result);
          if (waits) await run(result);
          await pass(passMs, 1);
          if (waits && (await result).ok) {
            const wantedState = command === "stop" ? "stopped" : "running";
            assert.equal(state(actor).state, wantedState, `${command} ${actor}`);
            assert.equal(isPaused(inline, actor), command === "pause", command);
          }
        }
        await run(Promise.all(asked));
        // However it stands: start what is stopped, resume what is paused, and all of it is there.
        for (const actor of ["first", "second"]) {
          await run(system.command(actor, "start", ""));
          await run(system.command(actor, "resume", ""));
        }
        await pass(10);
        const all = Array.from({ length: published }, (_, value) => value);
        assert.deepEqual(seen, { first: all, second: all });
        await run(system.stop());
        assert.deepEqual([...running], []);
      }),
      { seed: 22_1126, numRuns: 80 },
    );
  });
});

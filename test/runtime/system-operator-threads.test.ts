/**
 * What an operator does to actors on other threads than the one that built the system.
 *
 * What would fail here: a command or its answer that goes astray on the way, a death of the thread that leaves one unanswered,
 * a configuration that stays behind when the thread is made anew, a level of the log that reaches one thread alone.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configureLogging } from "../../runtime/log.ts";
import { type ActorTransition, createSystem, type System } from "../../runtime/system.ts";
import { actorSpec, laneShape, publish, stateOf } from "../fixtures/actor-inline.ts";
import { makeMemory } from "../fixtures/lane-setup.ts";
import type { Look, OperatedConfig, OperatedMessage } from "../fixtures/operated-actor.ts";

const MODULE = new URL("../fixtures/operated-actor.ts", import.meta.url).href;
/** What only a lost message can use up. */
const LOST_MS = 60_000;
const PATIENT = { timeout: 240_000 };
const DONE = { ok: true };

interface Operated {
  readonly system: System;
  readonly transitions: readonly ActorTransition[];
  look(kind?: OperatedMessage["kind"]): Promise<Look>;
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>;
}

/** One actor on a thread of its own, a reader of the lane `lane`. */
async function open(thread: string, work: (operated: Operated) => Promise<void>): Promise<void> {
  const transitions: ActorTransition[] = [];
  const system = createSystem({
    memory: makeMemory(2 ** 16),
    arenaFrom: 64,
    lanes: [laneShape({ name: "lane", tiers: [["actor"]] })],
    groups: [
      {
        name: "group",
        backoff: { initialMs: 1, maxMs: 1, jitter: 0 },
        // A busy machine may take its time to make a thread.
        policy: { startDeadlineMs: LOST_MS, stopDeadlineMs: LOST_MS },
        actors: [
          actorSpec("writer", { module: MODULE, config: { value: 0 }, writes: ["lane"] }),
          actorSpec("actor", { module: MODULE, thread, config: { value: 1 } satisfies OperatedConfig }),
        ],
      },
    ],
    seed: 1,
    logLevel: "info",
    hungAfterMs: LOST_MS,
    onSupervision: (transition) => transitions.push(transition),
  });
  const operated: Operated = {
    system,
    transitions,
    async look(kind = "look") {
      const answer = await system.ask<Look>("actor", { kind }, LOST_MS);
      assert.ok(answer.ok, JSON.stringify(answer));
      return answer.value;
    },
    async until(what, holds) {
      const endMs = performance.now() + LOST_MS;
      while (!(await holds())) {
        assert.ok(performance.now() < endMs, `in vain: ${what}`);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
  try {
    assert.deepEqual(await system.start(), DONE);
    await work(operated);
  } finally {
    await system.stop();
  }
}

const isPaused = (system: System) => system.status().actors.find(({ name }) => name === "actor")?.paused;

for (const thread of ["main", "other"]) {
  describe(`on the thread ${thread}`, () => {
    test("a paused actor leaves its lane and its timers alone, answers, and goes on", PATIENT, async () => {
      await open(thread, async ({ system, transitions, look, until }) => {
        publish(system, "lane", 0, 3);
        await until("it has read", async () => (await look()).slots === 3);
        assert.deepEqual(await system.command("actor", "pause", "to see"), DONE);
        assert.equal(isPaused(system), true);
        const before = await look();
        publish(system, "lane", 3, 4);
        // As many turns as a timer of a millisecond and a lane would need to be heard of.
        for (let turn = 0; turn < 20; turn++) assert.deepEqual(await look(), before);
        assert.equal((await system.command("actor", "pause", "")).ok, false);
        assert.deepEqual(await system.command("actor", "resume", "seen"), DONE);
        await until("it goes on", async () => {
          const { slots, ticks } = await look();
          return slots === 7 && ticks > before.ticks;
        });
        assert.deepEqual(
          transitions.slice(-2).map(({ from, to }) => [from, to]),
          [
            ["running", "paused"],
            ["paused", "running"],
          ],
        );
      });
    });

    test("a configuration is taken live or by a restart, and a start has it", PATIENT, async () => {
      await open(thread, async ({ system, look }) => {
        const live = { value: 2, live: true } satisfies OperatedConfig;
        assert.deepEqual(await system.reconfigure("actor", live, ""), { ok: true, effect: "live" });
        assert.equal((await look()).value, 2);
        assert.deepEqual(await system.reconfigure("actor", { value: 3 }, ""), {
          ok: true,
          effect: "restarted",
        });
        assert.equal((await look()).value, 3);
        assert.equal(stateOf(system, "actor").restarts, 1);
        assert.deepEqual(await system.command("actor", "stop", ""), DONE);
        assert.deepEqual(await system.reconfigure("actor", { value: 4 }, ""), { ok: true, effect: "kept" });
        assert.deepEqual(await system.command("actor", "start", ""), DONE);
        assert.equal((await look()).value, 4);
      });
    });
  });
}

describe("on another thread", () => {
  test("a pause that a handler keeps waiting ends with the thread", PATIENT, async () => {
    await open("other", async ({ system, look }) => {
      await look();
      assert.ok(system.tell("actor", { kind: "hold" }).ok);
      const pausing = system.command("actor", "pause", "");
      assert.equal((await system.command("actor", "pause", "")).ok, false, "one at a time");
      system.killThread("other");
      const interrupted = await pausing;
      assert.deepEqual([interrupted.ok, interrupted.ok ? "" : interrupted.refused], [false, "interrupted"]);
    });
  });

  test(
    "a live configuration is that of the next life of the thread, which is not paused",
    PATIENT,
    async () => {
      await open("other", async ({ system, look, until }) => {
        await system.reconfigure("actor", { value: 2, live: true }, "");
        assert.deepEqual(await system.command("actor", "pause", ""), DONE);
        system.killThread("other");
        await until("it runs again", () => {
          const { state, restarts } = stateOf(system, "actor");
          return state === "running" && restarts === 1;
        });
        assert.equal(isPaused(system), false);
        assert.equal((await look()).value, 2);
      });
    },
  );

  test("a configuration that cannot be copied is told as a bug, and not kept", PATIENT, async () => {
    await open("other", async ({ system, look }) => {
      await assert.rejects(system.reconfigure("actor", { value: () => {} }, ""));
      assert.deepEqual(await system.command("actor", "restart", ""), DONE);
      assert.equal((await look()).value, 1);
    });
  });

  test(
    "the level of the log changes there too, in this life of the thread and the next",
    PATIENT,
    async () => {
      const lines: string[] = [];
      const hasLine = () => lines.some((line) => line.includes("a fine line"));
      const logging = configureLogging({ level: "info", write: (line) => lines.push(line) });
      try {
        await open("other", async ({ system, look, until }) => {
          await look("log");
          assert.equal(lines.length, 0);
          system.setLogLevel("debug");
          await look("log");
          await until("the line comes", hasLine);
          system.killThread("other");
          await until(
            "it runs again",
            () => stateOf(system, "actor").restarts === 1 && stateOf(system, "actor").state === "running",
          );
          lines.length = 0;
          await look("log");
          await until("the line comes again", hasLine);
          system.setLogLevel("warning");
          lines.length = 0;
          await look("log");
          await look();
          assert.deepEqual(lines, []);
        });
      } finally {
        logging.close();
      }
    },
  );
});

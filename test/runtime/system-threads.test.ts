/**
 * A system on real threads: messages every way, and every way in which a thread can come to an end.
 *
 * What would fail here: a packet that goes astray or arrives out of order, a place in a mailbox that is lost on the way, a stray
 * error that nobody hears of, a death that takes others with it or is counted twice, an actor that does not come back, a
 * question that only its deadline ends, a dead thread that is still listened to, a stop or a start that never comes to an end.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AskResult } from "../../runtime/actor/types.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { createSystem, type System, type SystemSpec } from "../../runtime/system.ts";
import { actorSpec, stateOf } from "../fixtures/actor-inline.ts";
import { HANG_ENDS, SCRATCH_WORDS, type ThreadMessage, WENT_ON } from "../fixtures/actor-on-thread.ts";
import { makeMemory } from "../fixtures/lane-setup.ts";

const MODULE = new URL("../fixtures/actor-on-thread.ts", import.meta.url).href;
/** What only a lost message can use up. */
const LOST_MS = 60_000;
const PATIENT = { timeout: 240_000 };
/** On the host's clock a busy machine may take its time to make a thread: no start of one is to be given up, and none taken for hung. */
const UNHURRIED = { startDeadlineMs: LOST_MS, stopDeadlineMs: LOST_MS };

interface Threads {
  readonly system: System;
  ask<T>(to: string, message: ThreadMessage): Promise<AskResult<T>>;
  tell(to: string, message: ThreadMessage): boolean;
  /** Resolves once `holds`: looks at every supervision event, and at every turn of the event loop. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Until these have been restarted this often, in declared order, and all run. */
  untilRestarts(restarts: Readonly<Record<string, number>>): Promise<void>;
  stop(): Promise<void>;
}

interface ActorPlace {
  readonly thread: string;
  readonly module?: string;
  readonly config?: unknown;
  readonly mailboxSize?: number;
}

function build(places: Readonly<Record<string, ActorPlace>>, more: Partial<SystemSpec> = {}): Threads {
  const names = Object.keys(places);
  const system = createSystem({
    memory: makeMemory(2 ** 16),
    arenaFrom: 64,
    lanes: [],
    groups: [
      {
        name: "group",
        backoff: { initialMs: 1, maxMs: 1, jitter: 0 },
        ...(more.clock === undefined ? { policy: UNHURRIED } : {}),
        actors: Object.entries(places).map(([name, place]) =>
          actorSpec(name, { module: MODULE, config: null, scratchBytes: SCRATCH_WORDS * 4, ...place }),
        ),
      },
    ],
    seed: 1,
    logLevel: "fatal",
    hungAfterMs: LOST_MS,
    ...more,
  });
  const threads: Threads = {
    system,
    ask: (to, message) => system.ask(to, message, LOST_MS),
    tell: (to, message) => system.tell(to, message).ok,
    async until(what, holds) {
      const endMs = performance.now() + LOST_MS;
      while (!holds()) {
        assert.ok(performance.now() < endMs, `in vain: ${what}; ${JSON.stringify(system.status())}`);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    untilRestarts(restarts) {
      const wanted = names.map((name) => [name, "running", restarts[name] ?? 0]);
      const shown = () =>
        names.map((name) => [name, stateOf(system, name).state, stateOf(system, name).restarts]);
      return threads.until(JSON.stringify(wanted), () => JSON.stringify(shown()) === JSON.stringify(wanted));
    },
    stop: () => system.stop(),
  };
  return threads;
}

async function open(
  places: Readonly<Record<string, ActorPlace>>,
  work: (threads: Threads) => Promise<void>,
  more: Partial<SystemSpec> = {},
): Promise<void> {
  const threads = build(places, more);
  try {
    assert.deepEqual(await threads.system.start(), { ok: true });
    await work(threads);
    await threads.until("no mailbox holds a place that nobody uses", () =>
      threads.system.status().actors.every(({ mailbox }) => mailbox.depth === 0),
    );
  } finally {
    await threads.stop();
  }
}

const PAIR = { a: { thread: "one" }, b: { thread: "two", mailboxSize: 5 }, home: { thread: "main" } };

describe("messages across threads", () => {
  test("questions are answered from main to a worker, back, and from worker to worker", PATIENT, async () => {
    await open(PAIR, async ({ ask }) => {
      const value = { deep: [1, "two", null] };
      assert.deepEqual(await ask("a", { kind: "echo", value }), { ok: true, value });
      for (const [from, to] of [
        ["a", "home"],
        ["home", "b"],
        ["a", "b"],
        ["b", "a"],
      ] as const) {
        assert.deepEqual(
          await ask(from, { kind: "relay", to, value }),
          { ok: true, value: { ok: true, value } },
          `${from} asks ${to}`,
        );
      }
    });
  });

  test("a flood is refused or delivered, each message one of the two, and in order", PATIENT, async () => {
    await open(PAIR, async ({ ask }) => {
      const COUNT = 2000;
      for (const [from, to] of [
        ["a", "b"],
        ["home", "b"],
        ["b", "home"],
      ] as const) {
        const before = await ask<number[]>(to, { kind: "kept" });
        const flooded = await ask<number>(from, { kind: "flood", to, count: COUNT });
        assert.ok(before.ok && flooded.ok);
        // Behind the flood in the same mailbox, once there is a place; whoever refuses it is full.
        let kept = await ask<number[]>(to, { kind: "kept" });
        while (!kept.ok || kept.value.length - before.value.length + flooded.value < COUNT) {
          assert.ok(kept.ok || kept.reason === "full");
          // It is refused without a turn of the event loop, which an actor of this thread may be waiting for.
          await new Promise<void>((resolve) => setImmediate(resolve));
          kept = await ask<number[]>(to, { kind: "kept" });
        }
        const values = kept.value.slice(before.value.length);
        assert.equal(values.length + flooded.value, COUNT);
        assert.deepEqual(
          values,
          values.toSorted((x, y) => x - y),
        );
        assert.ok(values.length >= 5, "as many as there are places, at the least");
      }
    });
  });

  test(
    "what cannot be copied to another thread fails its sender, and nobody waits for it",
    PATIENT,
    async () => {
      await open({ a: { thread: "one" }, b: { thread: "two" } }, async ({ ask, system, untilRestarts }) => {
        const told = await ask("a", { kind: "tell-uncloneable", to: "b" });
        assert.deepEqual(told, { ok: true, value: "DataCloneError" });
        const answer = await ask("b", { kind: "uncloneable" });
        assert.ok(!answer.ok && answer.reason === "failed");
        assert.match(answer.message, /b gave an answer that cannot go to another thread/);
        await untilRestarts({ b: 1 });
        assert.match(stateOf(system, "b").lastFailure?.reason.message ?? "", /DataCloneError/);
      });
    },
  );
});

describe("a failure on a thread", () => {
  test("of a handler is that actor's alone", PATIENT, async () => {
    const places = { a: { thread: "one" }, sibling: { thread: "one" } };
    await open(places, async ({ ask, system, untilRestarts }) => {
      const answer = await ask("a", { kind: "throw" });
      assert.deepEqual(answer, { ok: false, reason: "failed", message: "a failed on it" });
      await untilRestarts({ a: 1 });
      assert.deepEqual(stateOf(system, "a").lastFailure?.reason, {
        kind: "rejected",
        message: "Error: it was told to",
      });
      assert.deepEqual(await ask("a", { kind: "life" }), { ok: true, value: 2 });
      assert.deepEqual(await ask("sibling", { kind: "life" }), { ok: true, value: 1 });
    });
  });

  const deaths: readonly [message: ThreadMessage, reason: RegExp][] = [
    [{ kind: "reject-later" }, /thread one: .*Error: a stray promise/],
    [{ kind: "throw-later" }, /thread one: .*Error: in an event callback/],
    [{ kind: "exit" }, /thread one: the thread ended with code 3/],
  ];
  for (const [message, reason] of deaths) {
    test(
      `by ${message.kind} is the death of the thread: its actors come back, once each, and no others`,
      PATIENT,
      async () => {
        const places = { a: { thread: "one" }, sibling: { thread: "one" }, far: { thread: "two" } };
        await open(places, async ({ ask, tell, system, untilRestarts }) => {
          const kept = ask("sibling", { kind: "hold" });
          assert.deepEqual(await ask("sibling", { kind: "echo", value: 1 }), { ok: true, value: 1 });
          assert.ok(tell("a", message));
          const unanswered = await kept;
          assert.deepEqual(unanswered, { ok: false, reason: "closed", message: "sibling has ended" });
          await untilRestarts({ a: 1, sibling: 1 });
          for (const name of ["a", "sibling"]) {
            const { lastFailure } = stateOf(system, name);
            assert.equal(lastFailure?.reason.kind, "thread-died");
            assert.match(lastFailure.reason.message, reason);
            assert.deepEqual(await ask(name, { kind: "life" }), { ok: true, value: 2 });
          }
          assert.deepEqual(await ask("far", { kind: "life" }), { ok: true, value: 1 });
          assert.deepEqual(await ask("far", { kind: "relay", to: "a", value: 2 }), {
            ok: true,
            value: { ok: true, value: 2 },
          });
        });
      },
    );
  }

  test(
    "killing a thread is one restart each, time after time, and of no thread it is refused",
    PATIENT,
    async () => {
      const places = { a: { thread: "one" }, sibling: { thread: "one" } };
      await open(places, async ({ system, untilRestarts, tell }) => {
        for (let time = 1; time <= 3; time++) {
          assert.equal(system.killThread("one"), true);
          assert.equal(tell("a", { kind: "hold" }), false, "a mailbox on a dead thread is closed at once");
          await untilRestarts({ a: time, sibling: time });
        }
        assert.equal(system.killThread("nowhere"), false);
      });
    },
  );

  test(
    "one that hangs is found by its silence, and what it does afterwards is nobody's",
    PATIENT,
    async () => {
      const clock = new VirtualClock();
      const places = { a: { thread: "one" }, far: { thread: "two" } };
      const work = async ({ system, ask, tell, until }: Threads) => {
        const words = new Int32Array(system.memory.buffer);
        const at = await ask<number>("a", { kind: "scratch" });
        assert.ok(at.ok);
        const scratch = at.value >>> 2;
        const late = ask("a", { kind: "hang" });
        try {
          assert.ok(tell("far", { kind: "hold" }));
          // Time goes on only when the thread that does not hang has shown that it lives.
          for (let quarter = 0; stateOf(system, "a").state === "running"; quarter++) {
            assert.ok(quarter < 8, "it is not found");
            clock.advance(250);
            assert.deepEqual(await ask("far", { kind: "echo", value: quarter }), {
              ok: true,
              value: quarter,
            });
          }
          const { lastFailure } = stateOf(system, "a");
          assert.equal(lastFailure?.reason.kind, "thread-died");
          assert.match(lastFailure.reason.message, /thread one: the thread did not answer for 1\d\d\d ms/);
          assert.deepEqual(await late, { ok: false, reason: "closed", message: "a has ended" });
          await until("a waits for its restart", () => stateOf(system, "a").state === "backingOff");
          clock.advance(1);
          await until("a runs again", () => stateOf(system, "a").state === "running");
          assert.equal(stateOf(system, "far").restarts, 0);
          // On Deno the old thread is in its loop to this moment. It may go on now, and give its answer to nobody.
          Atomics.store(words, scratch + HANG_ENDS, 1);
          assert.deepEqual(await ask("a", { kind: "life" }), { ok: true, value: 2 });
          assert.ok(Atomics.load(words, scratch + WENT_ON) <= 1);
          assert.deepEqual([stateOf(system, "a").state, stateOf(system, "a").restarts], ["running", 1]);
        } finally {
          // Deno cannot end a thread in a loop: should this fail, the test would never end.
          Atomics.store(words, scratch + HANG_ENDS, 1);
        }
      };
      await open(places, work, { clock, hungAfterMs: 1000 });
    },
  );
});

describe("a start on a thread", () => {
  test("that is refused says why, and leaves nothing running", PATIENT, async () => {
    const { system, stop } = build({
      good: { thread: "one" },
      bad: { thread: "one", config: { start: "throw" } },
    });
    try {
      const started = await system.start();
      assert.ok(!started.ok);
      assert.match(started.message, /"bad" refused: Error: it will not start/);
      assert.equal(stateOf(system, "good").state, "stopped");
      assert.equal(system.tell("good", { kind: "hold" }).ok, false);
    } finally {
      await stop();
    }
  });

  test("with a configuration that cannot be copied is refused", PATIENT, async () => {
    const { system, stop } = build({ bad: { thread: "one", config: { start: () => {} } } });
    try {
      const started = await system.start();
      assert.ok(!started.ok);
      assert.match(started.message, /"bad" refused: /);
    } finally {
      await stop();
    }
  });

  test("that never comes to an end is killed with its thread at the deadline", PATIENT, async () => {
    const clock = new VirtualClock();
    const { system, stop, until } = build(
      { good: { thread: "one" }, never: { thread: "one", config: { start: "never" } } },
      { clock },
    );
    const starting = system.start();
    await until("never starts", () => stateOf(system, "never").state === "starting");
    clock.advance(5000);
    const started = await starting;
    assert.ok(!started.ok);
    assert.match(started.message, /"never" timed-out: no start within 5000 ms; killed/);
    assert.equal(stateOf(system, "good").state, "stopped");
    await stop();
  });

  test("that is pending when the system is stopped is given up, by force if need be", PATIENT, async () => {
    const clock = new VirtualClock();
    const { system, until } = build(
      { good: { thread: "one" }, never: { thread: "two", config: { start: "never" } } },
      { clock },
    );
    const starting = system.start();
    await until("never starts", () => stateOf(system, "never").state === "starting");
    const stopping = system.stop();
    await until("never is asked to stop", () => stateOf(system, "never").state === "stopping");
    clock.advance(5000);
    await stopping;
    const started = await starting;
    assert.ok(!started.ok);
    assert.match(started.message, /stopped before it was up/);
    for (const name of ["good", "never"]) assert.equal(stateOf(system, name).state, "stopped");
  });

  test("that was prepared takes the threads that are there, and runs nobody before", PATIENT, async () => {
    const { system, ask, tell, stop } = build({ a: { thread: "one" } });
    system.prepare();
    system.prepare();
    assert.equal(stateOf(system, "a").state, "stopped");
    assert.equal(tell("a", { kind: "hold" }), false);
    assert.deepEqual(await system.start(), { ok: true });
    assert.deepEqual(await ask("a", { kind: "life" }), { ok: true, value: 1 });
    await stop();
  });

  for (const thread of ["one", "main"]) {
    test(`on ${thread} of what cannot be loaded, prepared or not, is refused with why`, PATIENT, async () => {
      const module = new URL("no-such-actor.ts", MODULE).href;
      const { system, stop } = build({ good: { thread: "one" }, bad: { thread, module } });
      system.prepare();
      // Whoever loads ahead has met it by now, and has told nobody.
      await assert.rejects(import(module));
      const started = await system.start();
      assert.ok(!started.ok);
      assert.match(started.message, /"bad" refused: .*no-such-actor\.ts/);
      await stop();
    });
  }

  test("whose thread ends after it was prepared is on another", PATIENT, async () => {
    const { system, ask, stop } = build({ a: { thread: "one" } });
    system.prepare();
    assert.equal(system.killThread("one"), true);
    assert.deepEqual(await system.start(), { ok: true });
    assert.deepEqual(await ask("a", { kind: "life" }), { ok: true, value: 1 });
    await stop();
  });

  test(
    "that is called off when it was only prepared ends the threads, and can be made again",
    PATIENT,
    async () => {
      const { system, ask, stop } = build({ a: { thread: "one" } });
      system.prepare();
      await stop();
      assert.equal(stateOf(system, "a").state, "stopped");
      assert.deepEqual(await system.start(), { ok: true });
      assert.deepEqual(await ask("a", { kind: "life" }), { ok: true, value: 1 });
      await stop();
    },
  );

  test("a system that was stopped starts again, with new threads", PATIENT, async () => {
    const { system, ask, stop } = build({ a: { thread: "one" } });
    assert.deepEqual(await system.start(), { ok: true });
    await stop();
    assert.equal(system.tell("a", { kind: "hold" }).ok, false);
    assert.deepEqual(await system.start(), { ok: true });
    assert.deepEqual(await ask("a", { kind: "life" }), { ok: true, value: 2 });
    await stop();
  });
});

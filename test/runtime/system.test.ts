/**
 * A system as a whole, inline: what may be declared, in which order it comes up and goes down, what its status shows, and
 * that a seed is a run.
 *
 * What would fail here: a declaration that is taken and cannot work, or is refused without saying what is wrong; another order
 * of start or stop; a restart that is not counted, or counted for others; a list of dead letters without a bound; an
 * escalation nobody hears of; chance or time that does not come from the seed and the clock.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ActorContext, Behaviour } from "../../runtime/actor/types.ts";
import { createSystem, SystemError, type SystemSpec } from "../../runtime/system.ts";
import {
  actorSpec,
  buildInline,
  type InlineActor,
  laneShape,
  openInline,
  publish,
  wordAt,
} from "../fixtures/actor-inline.ts";
import { makeMemory } from "../fixtures/lane-setup.ts";

describe("a declaration", () => {
  const lane = laneShape({ name: "lane", tiers: [["reader"]] });
  const group = (...actors: SystemSpec["groups"][number]["actors"]) => [{ name: "group", actors }];
  const writer = actorSpec("writer", { writes: ["lane"] });
  const reader = actorSpec("reader");
  const good = { lanes: [lane], groups: group(writer, reader) };

  const bad: readonly (readonly [what: string, spec: Partial<SystemSpec>, message: RegExp | string])[] = [
    [
      "two actors of one name, in two groups",
      { lanes: [], groups: [...group(reader), { name: "other", actors: [reader] }] },
      "two actors have one name among reader, reader",
    ],
    ["two lanes of one name", { lanes: [lane, lane] }, "two lanes have one name among lane, lane"],
    ["a lane without a writer", { groups: group(reader) }, "lane lane needs exactly one writer; it has none"],
    [
      "a lane with two writers",
      { groups: group(writer, actorSpec("second", { writes: ["lane"] }), reader) },
      "lane lane needs exactly one writer; it has writer and second",
    ],
    [
      "a stage that is no actor",
      { groups: group(writer) },
      "lane lane has the stage reader, but there is no such actor",
    ],
    [
      "a writer that reads its own lane",
      { groups: group(actorSpec("reader", { writes: ["lane"] })) },
      "actor reader is both the writer and a stage of lane lane",
    ],
    [
      "a written lane that is not there",
      { lanes: [], groups: group(actorSpec("writer", { writes: ["nowhere"] })) },
      "actor writer writes lane nowhere, which is not there",
    ],
    ...[0, -1, 1.5, 65_536, Number.NaN, Number.POSITIVE_INFINITY].map((mailboxSize) => {
      const groups = group(writer, actorSpec("reader", { mailboxSize }));
      const message = `actor reader: expected a mailbox of 1 to 65535 messages, got ${mailboxSize}`;
      return [`a mailbox of ${mailboxSize}`, { groups }, message] as const;
    }),
    ...[0, -1, Number.NaN, 2 ** 31].map((hungAfterMs) => {
      const message = `hungAfterMs: expected more than 0 and at most 2147483647 ms, got ${hungAfterMs}`;
      return [`hungAfterMs ${hungAfterMs}`, { hungAfterMs }, message] as const;
    }),
    ["a lane of an impossible shape", { lanes: [{ ...lane, slots: 3 }] }, /slots must be a power of two/],
    ["two groups of one name", { groups: [...good.groups, { name: "group", actors: [] }] }, /no other child/],
    [
      "a memory that is too small",
      { memory: makeMemory(1), lanes: [{ ...lane, slots: 2048 }] },
      /no room for lane lane/,
    ],
  ];

  for (const [what, spec, message] of bad) {
    test(`${what} is refused`, () => {
      const whole = { memory: makeMemory(2 ** 18), arenaFrom: 0, ...good, ...spec };
      assert.throws(
        () => createSystem(whole),
        (error: Error) => {
          if (typeof message !== "string") return message.test(error.message);
          assert.ok(error instanceof SystemError);
          assert.equal(error.message, message);
          return true;
        },
      );
    });
  }

  test("an actor may open only what it declared", async () => {
    const inline = await openInline({
      lanes: [{ name: "lane", tiers: [["reader"]] }],
      actors: {
        writer: { make: () => ({}), spec: { writes: ["lane"] } },
        reader: (context) => {
          assert.throws(() => context.writer("lane"), /reader does not declare that it writes lane/);
          assert.throws(() => context.lane("other"), /there is no lane other/);
          return { stages: { lane: { drain: () => {}, poisoned: () => "" } } };
        },
      },
    });
    assert.equal(inline.state("reader").state, "running");
    assert.throws(() => inline.system.tell("nobody", { kind: "hello" }), /there is no actor nobody/);
  });
});

describe("order", () => {
  test("actors start in the declared order, each after the one before runs, and stop in the reverse one", async () => {
    const did: string[] = [];
    const make = (name: string) => async (): Promise<Behaviour> => {
      did.push(`${name} starts`);
      await Promise.resolve();
      did.push(`${name} runs`);
      return {
        async stop() {
          did.push(`${name} stops`);
          await Promise.resolve();
          did.push(`${name} ended`);
        },
      };
    };
    const names = ["a", "b", "c"];
    const inline = await openInline({
      actors: Object.fromEntries(names.map((name) => [name, make(name)])),
    });
    assert.deepEqual(
      did,
      names.flatMap((name) => [`${name} starts`, `${name} runs`]),
    );
    did.length = 0;
    await inline.run(inline.system.stop());
    assert.deepEqual(
      did,
      names.toReversed().flatMap((name) => [`${name} stops`, `${name} ended`]),
    );
  });

  test("each has its own deadline to start and to stop, however long that of the group is by then", async () => {
    const slow =
      (ms: number) =>
      async (context: ActorContext): Promise<Behaviour> => {
        const wait = () => new Promise<void>((resolve) => void context.clock.after(ms, resolve));
        await wait();
        return { stop: wait };
      };
    const inline = buildInline({
      actors: { a: slow(59_000), b: slow(59_000) },
      group: { policy: { startDeadlineMs: 60_000, stopDeadlineMs: 60_000 } },
    });
    const lapse = async (work: Promise<unknown>): Promise<number> => {
      const fromMs = inline.clock.monotonicMs();
      let isDone = false;
      void work.finally(() => {
        isDone = true;
      });
      while (!isDone) await inline.pass(1000, 1000);
      return inline.clock.monotonicMs() - fromMs;
    };
    const starting = inline.system.start();
    await lapse(starting);
    assert.deepEqual(await starting, { ok: true });
    assert.ok((await lapse(inline.system.stop())) >= 118_000, "one was killed while it stopped");
  });

  test("when one refuses, those before it are stopped again, and the reason is told", async () => {
    const did: string[] = [];
    const inline = buildInline({
      actors: {
        a: () => ({
          stop: () => {
            did.push("a stops");
          },
        }),
        b: () => {
          throw new RangeError("not today");
        },
        c: () => {
          did.push("c starts");
          return {};
        },
      },
    });
    const started = await inline.run(inline.system.start());
    assert.ok(!started.ok);
    assert.match(started.message, /"b" refused: not today/);
    assert.deepEqual(did, ["a stops"]);
    assert.equal(inline.system.tell("a", { kind: "hello" }).ok, false);
  });

  test("stop while start is pending gives the start up, and leaves nothing running", async () => {
    const did: string[] = [];
    const inline = buildInline({
      actors: {
        a: () => ({
          stop: () => {
            did.push("a stops");
          },
        }),
        b: (context) =>
          new Promise<Behaviour>((resolve) => {
            context.clock.after(50, () => resolve({ stop: () => void did.push("b stops") }));
          }),
        c: () => assert.fail("c has no business to start"),
      },
    });
    const starting = inline.system.start();
    for (let turn = 0; turn < 3; turn++) await inline.settle();
    const stopping = inline.system.stop();
    const started = await inline.run(starting);
    assert.ok(!started.ok);
    assert.match(started.message, /stopped before it was up/);
    await inline.run(stopping);
    assert.deepEqual(did, ["b stops", "a stops"]);
  });

  test("a stopped system starts again, on the same lanes", async () => {
    const seen: number[] = [];
    const inline = await openInline({
      lanes: [{ name: "lane", tiers: [["reader"]] }],
      actors: {
        writer: { make: () => ({}), spec: { writes: ["lane"] } },
        reader: (context) => ({
          stages: {
            lane: {
              drain(reader) {
                seen.push(wordAt(context.memory, reader.tryRead()));
                reader.release();
              },
              poisoned: () => "",
            },
          },
        }),
      },
    });
    await inline.run(inline.system.stop());
    publish(inline.system, "lane", 7, 2);
    await inline.settle();
    assert.deepEqual(seen, []);
    assert.deepEqual(await inline.run(inline.system.start()), { ok: true });
    await inline.settle();
    assert.deepEqual(seen, [7, 8]);
  });
});

describe("restarts and status", () => {
  test("an operator's restart is one restart of that actor, and of an unknown one is refused by name", async () => {
    const { system, run, state } = await openInline({ actors: { a: () => ({}), b: () => ({}) } });
    assert.deepEqual(await run(system.restart("a", "to see")), { ok: true });
    assert.deepEqual([state("a").restarts, state("b").restarts], [1, 0]);
    assert.deepEqual(await system.restart("c", "to see"), {
      ok: false,
      refused: "unknown-child",
      message: "there is no actor c; there are a, b",
    });
    assert.equal(system.killThread("main"), false, "inline, all is on the thread that cannot be killed");
  });

  test("mailbox and lag are what waits at this moment", async () => {
    const { system } = await openInline({
      lanes: [{ name: "lane", tiers: [["first"], ["second"]] }],
      actors: {
        writer: { make: () => ({}), spec: { writes: ["lane"] } },
        first: {
          make: () => ({
            receive: () => {},
            stages: {
              lane: {
                drain(reader) {
                  reader.tryRead();
                  reader.tryRead();
                  reader.release();
                },
                poisoned: () => "",
              },
            },
          }),
          spec: { mailboxSize: 5 },
        },
        second: () => ({ stages: { lane: { drain: () => {}, poisoned: () => "" } } }),
      },
    });
    const shown = () => {
      const { mailbox, lag } = system.status().actors.find(({ name }) => name === "first")!;
      return [mailbox.depth, mailbox.capacity, lag["lane"]];
    };
    assert.deepEqual(shown(), [0, 5, 0]);
    publish(system, "lane", 0, 3);
    for (let message = 0; message < 7; message++) system.tell("first", { kind: "hello" });
    assert.deepEqual(shown(), [5, 5, 3]);
    const { lanes, actors } = system.status();
    assert.equal(lanes[0]?.published, 3);
    assert.equal(actors.find(({ name }) => name === "second")?.lag["lane"], 3);
    assert.deepEqual(
      actors.map(({ thread }) => thread),
      ["main", "main", "main"],
    );
  });

  test("dead letters are all counted, and the latest 64 kept, without what they said", async () => {
    const { system } = await openInline({
      actors: { a: { make: () => ({ receive: () => {} }), spec: { mailboxSize: 100 } } },
    });
    for (let letter = 0; letter < 100; letter++) {
      system.tell("a", { kind: `letter ${letter}`, secret: "s3cret" } as { kind: string });
    }
    await system.stop();
    const { deadLetters } = system.status();
    assert.equal(deadLetters.count, 100);
    assert.equal(deadLetters.latest.length, 64);
    assert.equal(deadLetters.latest.at(-1)?.kind, "letter 99");
    assert.ok(!JSON.stringify(deadLetters).includes("s3cret"));
  });

  test("one that fails too often brings its group down, and a group that does, the system", async () => {
    const escalations: string[] = [];
    const stops: string[] = [];
    const { pass, system, state } = await openInline({
      group: { intensity: { restarts: 2, withinMs: 60_000 } },
      system: { onEscalate: (reason) => escalations.push(reason) },
      actors: {
        good: () => ({
          stop: () => {
            stops.push("good stops");
          },
        }),
        bad: (context) => {
          context.after(10, () => {
            throw new Error("again");
          });
          return {};
        },
      },
    });
    await pass(60_000, 25);
    assert.equal(escalations.length, 1);
    assert.match(escalations[0]!, /gave up: more than 5 restarts within 60000 ms; "group" failed/);
    assert.equal(system.status().supervisors.state, "escalated");
    assert.equal(state("good").state, "stopped");
    // Six lives of the group, each ended in order.
    assert.equal(stops.length, 6);
  });
});

describe("a seed", () => {
  /** Three actors that pass tokens on, with timers and a lane; what each did, in order. */
  async function trace(seed: number): Promise<string> {
    const did: string[] = [];
    const actor = (name: string, next: string): InlineActor => ({
      make: (context) => {
        context.every(7, () => {
          did.push(`${name} timer`);
          context.tell(next, { kind: "timed" });
        });
        return {
          async receive({ kind }) {
            did.push(`${name} ${kind}`);
            if (kind === "go") {
              await context.ask(next, { kind: "question" }, 20);
              did.push(`${name} answered`);
            }
            if (kind === "fail") throw new Error("on purpose");
          },
        };
      },
    });
    const { system, pass } = await openInline({
      seed,
      group: { backoff: { initialMs: 10, maxMs: 10, jitter: 1 } },
      actors: { a: actor("a", "b"), b: actor("b", "c"), c: actor("c", "a") },
    });
    for (const name of ["a", "b", "c"]) system.tell(name, { kind: "go" });
    system.tell("b", { kind: "fail" });
    await pass(100, 3);
    return did.join("\n");
  }

  test("is a run: the same one gives the same trace, others give others", async () => {
    const traces: string[] = [];
    for (let seed = 1; seed <= 10; seed++) traces.push(await trace(seed));
    for (let seed = 1; seed <= 10; seed++) assert.equal(await trace(seed), traces[seed - 1], `seed ${seed}`);
    assert.ok(new Set(traces).size >= 9, "different seeds see different interleavings");
  });

  test("only an inline system is stepped", () => {
    const system = createSystem({ memory: makeMemory(4096), arenaFrom: 0, lanes: [], groups: [] });
    assert.throws(() => system.step(), /only an inline system is stepped/);
  });
});

/**
 * The tree, commands to one actor, what is told of transitions, and health.
 *
 * What would fail here: a state that is shown as another, a refusal that is answered as done or without its reason, a command that
 * keeps its asker waiting, a transition that is told twice or not at all, a gap that is not told, a watcher that is never let go,
 * an actor that an operator stopped and that has the whole process restarted for it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WATCHERS } from "../../http/routes/actors.ts";
import { STALL_MS } from "../../http/streams/limits.ts";
import { createTransitionLog, TRANSITIONS_KEPT } from "../../http/transitions.ts";
import type { CommandRefusal, CommandResult } from "../../runtime/supervisor/index.ts";
import { ACTOR_COMMANDS, type ActorTransition } from "../../runtime/system.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type ControlOptions, openControl, START_MS, settle, statusOf } from "./support.ts";

const START = new Date(START_MS).toISOString();
const OPENING = ": millrace\nretry: 2000\n\n";
const POST = { method: "POST" };

test("the tree shows each actor with its state, failures, lag and mailbox", async () => {
  const status = () => statusOf({ recorder: "backingOff", sampler: "paused" });
  const response = await openControl({ status }).request("/v1/actors");
  assert.equal(response.status, 200);
  const actor = (name: string, state: string) => ({
    ...{ kind: "actor", name, state, thread: "main", restarts: 2, startedAt: START, nextStartInMs: null },
    lastFailure: { kind: "threw", message: "Error: boom", at: START },
    lagSlots: { memory: 5 },
    mailbox: { depth: 3, capacity: 64 },
  });
  assert.deepEqual(await response.json(), {
    tree: {
      ...{ kind: "supervisor", name: "millrace", state: "running", strategy: "one-for-one" },
      ...{ restarts: 0, recentRestarts: 0 },
      children: [
        {
          ...{ kind: "supervisor", name: "group", state: "running", strategy: "rest-for-one" },
          ...{ restarts: 0, recentRestarts: 1 },
          children: [actor("recorder", "backingOff"), actor("sampler", "paused")],
        },
      ],
    },
    deadLetters: { count: 1, latest: [{ to: "x", kind: "batch", reason: "why", at: START }] },
  });
});

test("health is ok when every actor runs, and says since when", async () => {
  const { request, clock } = openControl();
  clock.advance(90_500);
  const response = await request("/health");
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.deepEqual(await response.json(), {
    status: "ok",
    version: "1.2.3",
    uptimeSeconds: 90,
    actors: { running: 2, total: 2, paused: [], stopped: [], down: [] },
  });
});

test("health is degraded and no failure by what an operator stopped, and a failure by all else", async () => {
  const none = { paused: [], stopped: [], down: [] };
  const cases = [
    [statusOf({ a: "running", b: "backingOff" }), 503, { running: 1, total: 2, ...none, down: ["b"] }],
    [
      statusOf({ a: "paused", b: "stopped" }),
      200,
      { running: 0, total: 2, ...none, paused: ["a"], stopped: ["b"] },
    ],
    [
      statusOf({ a: "paused", b: "starting" }),
      503,
      { running: 0, total: 2, ...none, paused: ["a"], down: ["b"] },
    ],
    [statusOf({}), 503, { running: 0, total: 0, ...none }],
  ] as const;
  for (const [status, code, actors] of cases) {
    const response = await openControl({ status: () => status }).request("/health");
    assert.equal(response.status, code, JSON.stringify(actors));
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal(body["status"], "degraded");
    assert.deepEqual(body["actors"], actors);
  }
});

test("what is not started yet, or no more, was stopped by nobody", async () => {
  for (const state of ["starting", "stopping", "escalated", "stopped"] as const) {
    const status = statusOf({ a: "running", b: "stopped" });
    const group = status.supervisors.children[0]!;
    const supervisors = {
      ...status.supervisors,
      children: [{ ...group, subtree: { ...group.subtree!, state } }],
    };
    const response = await openControl({ status: () => ({ ...status, supervisors }) }).request("/health");
    assert.equal(response.status, 503, state);
  }
});

test("a command is carried out, and by whom it was asked is told to the supervisor and the log", async () => {
  for (const command of ACTOR_COMMANDS) {
    const calls: string[][] = [];
    const { request, log } = openControl({
      status: () => statusOf({ recorder: "paused" }),
      command: async (...call) => {
        calls.push(call);
        return { ok: true };
      },
    });
    const response = await request(`/v1/actors/recorder/${command}`, POST);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {
      actor: "recorder",
      command,
      state: "paused",
      tree: "/v1/actors",
    });
    assert.deepEqual(calls, [["recorder", command, `${command} asked for over HTTP`]]);
    assert.deepEqual(log[0]?.properties, { wanted: command, actor: "recorder", by: "over HTTP" });
  }
});

test("a command that takes its time is accepted before it is over", async () => {
  const { request, clock } = openControl({ command: () => new Promise(() => {}) });
  const response = request("/v1/actors/recorder/restart", POST);
  await settle();
  clock.advance(1000);
  assert.equal((await response).status, 202);
});

test("a command to no actor is 404 with those there are, and an unknown command is nothing", async () => {
  const { request } = openControl();
  const unknown = await assertProblem(await request("/v1/actors/nonesuch/stop", POST), "unknown-actor");
  assert.deepEqual(unknown["actors"], ["recorder", "broadcaster"]);
  await assertProblem(await request("/v1/actors/recorder/explode", POST), "not-found");
  await assertProblem(await request("/v1/actors/recorder/stop"), "method-not-allowed");
});

test("a refusal is 409 with its reason, and says to come again where that can help", async () => {
  const cases: readonly (readonly [CommandRefusal, boolean])[] = [
    ["already-running", false],
    ["not-running", false],
    ["already-paused", false],
    ["not-paused", false],
    ["cannot-pause", false],
    ["restarting", true],
    ["busy", true],
    ["interrupted", true],
  ];
  for (const [refused, again] of cases) {
    const result: CommandResult = { ok: false, refused, message: "what is the matter, and what to do" };
    const { request, log } = openControl({ command: async () => result });
    const response = await request("/v1/actors/recorder/pause", POST);
    assert.equal(response.headers.get("retry-after"), again ? "1" : null, refused);
    const body = await assertProblem(response, "command-refused");
    const { reason, actor, state, detail } = body;
    assert.deepEqual([reason, actor, state, detail], [refused, "recorder", "running", result.message]);
    assert.deepEqual(log, []);
  }
});

function transition(more: Partial<ActorTransition> = {}): ActorTransition {
  return {
    ...{ supervisor: "group", child: "sampler", from: "running", to: "paused", reason: "asked for" },
    ...{ atMs: START_MS, restarts: 3, ...more },
  };
}

/** A watcher, and what it has been told since it was last asked. */
async function watch(query = "", headers: Record<string, string> = {}, options: ControlOptions = {}) {
  const transitions = options.transitions ?? createTransitionLog();
  const control = openControl({ ...options, transitions });
  const response = await control.request(`/v1/actors/events${query}`, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.getReader();
  let text = "";
  let isOver = false;
  const pump = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    isOver = true;
  };
  void pump().catch(() => {});
  const told = async () => {
    await settle();
    const now = text;
    text = "";
    return now;
  };
  return { ...control, transitions, reader, told, isOver: () => isOver };
}

/** Numbers in the order told; `gap` for a gap. */
const numbersOf = (text: string) =>
  text
    .split("\n\n")
    .filter((block) => block.startsWith("event: "))
    .map((block) => (block.startsWith("event: gap") ? "gap" : Number(/^id: (\d+)$/m.exec(block)?.[1])));

function filled(count: number) {
  const transitions = createTransitionLog();
  for (let number = 1; number <= count; number++) transitions.add(transition());
  return transitions;
}

test("a watcher is told of each transition as it comes, with its number as the id", async () => {
  const { transitions, told } = await watch("", {}, { transitions: filled(2) });
  assert.equal(await told(), OPENING);
  transitions.add(transition());
  assert.equal(
    await told(),
    `event: transition\nid: 3\ndata: ${JSON.stringify({
      ...{ number: 3, at: START, supervisor: "group", actor: "sampler", from: "running", to: "paused" },
      ...{ reason: "asked for", restarts: 3 },
    })}\n\n`,
  );
  const { reason: _, ...silent } = transition();
  transitions.add(silent);
  transitions.add(transition({ reason: "x".repeat(2000) }));
  const text = await told();
  assert.deepEqual(numbersOf(text), [4, 5]);
  assert.match(text, /"reason":null/);
  assert.ok(text.length < 1500);
});

test("a watcher that comes back goes on behind what it had, by header or by address", async () => {
  for (const [query, headers] of [
    ["?after=3", {}],
    ["", { "last-event-id": "3" }],
    // What a browser sends by itself is newer than the address that it was first given.
    ["?after=1", { "last-event-id": "3" }],
  ] as const) {
    const { transitions, told } = await watch(query, headers, { transitions: filled(5) });
    assert.deepEqual(numbersOf(await told()), [4, 5]);
    transitions.add(transition());
    assert.deepEqual(numbersOf(await told()), [6]);
  }
  const { told } = await watch("?after=0", {}, { transitions: filled(5) });
  assert.deepEqual(numbersOf(await told()), [1, 2, 3, 4, 5]);
});

test("a gap is told: of what is no longer kept, and of another process's numbers", async () => {
  const late = await watch("?after=4", {}, { transitions: filled(TRANSITIONS_KEPT + 10) });
  const text = await late.told();
  assert.match(text, /event: gap\ndata: {"after":4,"missed":6}\n\n/);
  const kept = Array.from({ length: TRANSITIONS_KEPT }, (_, index) => 11 + index);
  assert.deepEqual(numbersOf(text), ["gap", ...kept]);
  const foreign = await watch("?after=40", {}, { transitions: filled(2) });
  const other = await foreign.told();
  assert.match(other, /event: gap\ndata: {"after":40,"missed":null}\n\n/);
  assert.deepEqual(numbersOf(other), ["gap", 1, 2]);
  const early = await watch("?after=40");
  assert.deepEqual(numbersOf(await early.told()), ["gap"]);
  early.transitions.add(transition());
  assert.deepEqual(numbersOf(await early.told()), [1], "told once, and on from there");
});

test("a number that is none is refused", async () => {
  const { request } = openControl();
  for (const after of ["", "-1", "1.5", "x", "9".repeat(16)]) {
    await assertProblem(await request(`/v1/actors/events?after=${after}`), "bad-parameter");
    await assertProblem(
      await request("/v1/actors/events", { headers: { "last-event-id": `${after}x` } }),
      "bad-parameter",
    );
  }
});

test("a silent stream lives, and ends with the server", async () => {
  const { clock, closing, told, isOver, transitions } = await watch();
  await told();
  clock.advance(14_999);
  assert.equal(await told(), "");
  clock.advance(1);
  assert.equal(await told(), ": still here\n\n");
  transitions.add(transition());
  assert.deepEqual(numbersOf(await told()), [1]);
  clock.advance(14_999);
  assert.equal(await told(), "", "what was said counts as well");
  closing.abort();
  await settle();
  assert.equal(isOver(), true);
});

test("there are at most so many watchers, and who goes makes room", async () => {
  const { request } = openControl();
  const open = async () => (await request("/v1/actors/events")).body!.getReader();
  const readers = [];
  for (let watcher = 0; watcher < MAX_WATCHERS; watcher++) readers.push(await open());
  await assertProblem(await request("/v1/actors/events"), "too-many");
  assert.equal((await request("/v1/actors/events", { method: "HEAD" })).status, 200, "HEAD takes no place");
  await readers[0]!.cancel();
  await settle();
  readers.push(await open());
  await assertProblem(await request("/v1/actors/events"), "too-many");
  for (const reader of readers) await reader.cancel();
});

// Breaks when only the stream ends: then who takes nothing keeps its connection, and may open the next one.
test("a watcher that takes nothing for 30 s is cut off and makes room, one that goes by itself is not cut", async () => {
  const transitions = createTransitionLog();
  let cuts = 0;
  const connection = { cutSoon: () => void cuts++ };
  const { clock, request } = openControl({ transitions, connection });
  const open = () => request("/v1/actors/events");
  const silent: Response[] = [];
  for (let watcher = 0; watcher < MAX_WATCHERS; watcher++) silent.push(await open());
  await settle();
  transitions.add(transition());
  await settle();
  clock.advance(STALL_MS - 1);
  await settle();
  await assertProblem(await open(), "too-many");
  clock.advance(1);
  await settle();
  assert.equal(cuts, MAX_WATCHERS);
  const gone = await open();
  assert.equal(gone.status, 200);
  await gone.body!.cancel();
  await settle();
  assert.equal(cuts, MAX_WATCHERS);
});

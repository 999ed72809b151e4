import assert from "node:assert/strict";
import { test } from "node:test";
import type { BroadcasterMessage, Pulled } from "../../actors/broadcaster/protocol.ts";
import { MAX_SUBSCRIBERS } from "../../actors/broadcaster/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type Asked, closed, good, openControl, settle } from "./support.ts";

const OPENING = ": millrace\nretry: 2000\n\n";

/** A broadcaster that is answered for by the test: it keeps pulls until something is given. */
class FakeBroadcaster {
  readonly subscriptions: (readonly string[] | "all")[] = [];
  readonly unsubscribed: string[] = [];
  pulls = 0;
  refuse: AskResult<unknown> | undefined;
  readonly #waiting = new Map<string, (result: AskResult<unknown>) => void>();

  readonly answer = ({ message }: Asked): AskResult<unknown> | Promise<AskResult<unknown>> => {
    const asked = message as BroadcasterMessage;
    switch (asked.kind) {
      case "broadcast.subscribe":
        if (this.refuse !== undefined) return this.refuse;
        this.subscriptions.push(asked.datasets);
        return good({ ok: true, id: `s${this.subscriptions.length}` });
      case "broadcast.pull":
        this.pulls++;
        return new Promise((resolve) => {
          this.#waiting.set(asked.id, resolve);
        });
      case "broadcast.unsubscribe":
        this.unsubscribed.push(asked.id);
        this.#waiting.get(asked.id)?.(good({ ok: false, reason: "unknown-subscriber", message: "gone" }));
        return good({ unsubscribed: true });
      default:
        return closed;
    }
  };

  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** Answers the pull that waits: there is one stream in the tests that call it. */
  async give(result: AskResult<unknown>): Promise<void> {
    await settle();
    const [waiting] = this.#waiting;
    assert.ok(waiting !== undefined, "nobody pulls");
    this.#waiting.clear();
    waiting[1](result);
    await settle();
  }

  rows(dataset: string, sequences: readonly number[], dropped = 0): Promise<void> {
    const events = sequences.map((sequence) => ({ dataset, sequence, json: `{"n":${sequence}}` }));
    return this.give(good({ ok: true, events, dropped } satisfies Pulled));
  }
}

function open() {
  const broadcaster = new FakeBroadcaster();
  return { broadcaster, ...openControl({ answer: broadcaster.answer }) };
}

/** What has come over a stream; each read gives what is new. */
function reading(response: Response) {
  const reader = response.body!.getReader();
  return {
    next: async () => new TextDecoder().decode((await reader.read()).value),
    ended: async () => (await reader.read()).done,
    cancel: () => reader.cancel(),
  };
}

test("a stream opens at once, and gives each row as an event under its number", async () => {
  const { broadcaster, request } = open();
  const response = await request("/v1/streams/memory");
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const stream = reading(response);
  assert.equal(await stream.next(), OPENING);
  assert.deepEqual(broadcaster.subscriptions, [["memory"]]);
  const [text] = await Promise.all([stream.next(), broadcaster.rows("memory", [41, 42])]);
  assert.equal(text, 'event: memory\nid: 41\ndata: {"n":41}\n\nevent: memory\nid: 42\ndata: {"n":42}\n\n');
  await stream.cancel();
});

test("all is a stream of every dataset", async () => {
  const { broadcaster, request } = open();
  const stream = reading(await request("/v1/streams/all"));
  await stream.next();
  assert.deepEqual(broadcaster.subscriptions, ["all"]);
  const [text] = await Promise.all([stream.next(), broadcaster.rows("process_1m", [0])]);
  assert.equal(text, 'event: process_1m\nid: 0\ndata: {"n":0}\n\n');
  await stream.cancel();
});

test("rows that were dropped are told before those that came after them", async () => {
  const { broadcaster, request } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  const [text] = await Promise.all([stream.next(), broadcaster.rows("memory", [9], 8)]);
  assert.equal(text, 'event: dropped\ndata: {"rows":8}\n\nevent: memory\nid: 9\ndata: {"n":9}\n\n');
  await stream.cancel();
});

test("a pull waits as long as a heartbeat lasts, and one without rows is a comment", async () => {
  const { broadcaster, request, asked } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  const [text] = await Promise.all([stream.next(), broadcaster.rows("memory", [])]);
  assert.equal(text, ": still here\n\n");
  const pull = asked.find(({ message }) => message.kind === "broadcast.pull");
  assert.deepEqual(pull?.message, { kind: "broadcast.pull", id: "s1", waitMs: 15_000 });
  assert.ok(pull.deadlineMs > 15_000);
  await stream.cancel();
});

test("no rows are pulled before the last ones were taken", async () => {
  const { broadcaster, request } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  // What the stream's own buffers take, and not one pull more.
  let given = 0;
  await settle();
  while (broadcaster.waits && given < 50) await broadcaster.rows("memory", [given++]);
  assert.ok(given < 5, `${given} pulls went into a stream that nobody reads`);
  assert.equal(broadcaster.waits, false);
  await stream.next();
  await settle();
  assert.ok(broadcaster.pulls <= given + 1);
  await stream.cancel();
});

test("a client that goes ends its subscription", async () => {
  const { broadcaster, request } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  await settle();
  await stream.cancel();
  await settle();
  assert.deepEqual(broadcaster.unsubscribed, ["s1"]);
  assert.equal(broadcaster.pulls, 1);
});

test("the server's end ends every stream, and its subscription", async () => {
  const { broadcaster, request, closing } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  await settle();
  closing.abort();
  assert.equal(await stream.ended(), true);
  assert.deepEqual(broadcaster.unsubscribed, ["s1"]);
});

test("a client that takes nothing for half a minute is cut off", async () => {
  const { broadcaster, request, clock } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  for (let given = 0; given < 50; given++) {
    await settle();
    if (!broadcaster.waits) break;
    await broadcaster.rows("memory", [given]);
  }
  clock.advance(30_000 - 1);
  await settle();
  assert.deepEqual(broadcaster.unsubscribed, []);
  clock.advance(1);
  await settle();
  assert.deepEqual(broadcaster.unsubscribed, ["s1"]);
});

test("when the broadcaster fails the stream goes on with the next one, and says that there is a gap", async () => {
  for (const failure of [closed, good({ ok: false, reason: "unknown-subscriber", message: "gone" })]) {
    const { broadcaster, request, clock } = open();
    const stream = reading(await request("/v1/streams/memory"));
    await stream.next();
    broadcaster.refuse = closed;
    await broadcaster.give(failure);
    clock.advance(250);
    await settle();
    broadcaster.refuse = undefined;
    const next = stream.next();
    clock.advance(250);
    assert.equal(await next, 'event: dropped\ndata: {"rows":null}\n\n');
    const [text] = await Promise.all([stream.next(), broadcaster.rows("memory", [5])]);
    assert.equal(text, 'event: memory\nid: 5\ndata: {"n":5}\n\n');
    await stream.cancel();
    await settle();
    assert.equal(broadcaster.unsubscribed.at(-1), "s2");
  }
});

test("a full mailbox is waited for, and nothing is lost", async () => {
  const { broadcaster, request, clock } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  await broadcaster.give({ ok: false, reason: "full", message: "full" });
  assert.equal(broadcaster.pulls, 1);
  clock.advance(250);
  const [text] = await Promise.all([stream.next(), broadcaster.rows("memory", [1])]);
  assert.equal(text, 'event: memory\nid: 1\ndata: {"n":1}\n\n');
  assert.equal(broadcaster.subscriptions.length, 1);
  await stream.cancel();
});

test("a broadcaster that does not come back ends the stream", async () => {
  const { broadcaster, request, clock } = open();
  const stream = reading(await request("/v1/streams/memory"));
  await stream.next();
  broadcaster.refuse = closed;
  await broadcaster.give(closed);
  for (let attempt = 0; attempt < 130; attempt++) {
    clock.advance(250);
    await settle();
  }
  assert.equal(await stream.ended(), true);
});

test("a stream that cannot be had is refused as a problem", async () => {
  const { broadcaster, request } = open();
  const body = await assertProblem(await request("/v1/streams/nonesuch"), "unknown-dataset");
  assert.ok((body["datasets"] as string[]).includes("all"));
  assert.deepEqual(broadcaster.subscriptions, []);
  broadcaster.refuse = closed;
  await assertProblem(await request("/v1/streams/memory"), "actor-unavailable");
  broadcaster.refuse = good({ ok: false, reason: "too-many", message: "256 clients are subscribed" });
  const full = await assertProblem(await request("/v1/streams/memory"), "too-many");
  assert.equal(full.detail, "256 clients are subscribed");
});

test("connections are counted, refused beyond the most, and counted down when they end", async () => {
  const { broadcaster, request } = open();
  broadcaster.refuse = closed;
  for (let count = 0; count < MAX_SUBSCRIBERS; count++) await (await request("/v1/streams/all")).text();
  broadcaster.refuse = undefined;
  const streams = [];
  for (let count = 0; count < MAX_SUBSCRIBERS; count++)
    streams.push(reading(await request("/v1/streams/all")));
  await assertProblem(await request("/v1/streams/all"), "too-many");
  await streams[3]!.cancel();
  await settle();
  const again = reading(await request("/v1/streams/all"));
  assert.equal(await again.next(), OPENING);
  for (const stream of [...streams, again]) await stream.cancel();
});

test("HEAD of a stream subscribes nobody", async () => {
  const { broadcaster, request } = open();
  const response = await request("/v1/streams/memory", { method: "HEAD" });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.deepEqual(broadcaster.subscriptions, []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { refuse } from "../../../actors/refused.ts";
import { WRITE_BYTES } from "../../../http/streams/limits.ts";
import { RowSocket, type RowSocketOptions } from "../../../http/streams/row-socket.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { Socket } from "../../../runtime/platform/index.ts";
import { settle } from "../support.ts";
import { chunk, FakeClient, FakeFeed, wish } from "./fake-feed.ts";

class FakeSocket implements Socket {
  readonly sent: (string | Uint8Array)[] = [];
  bufferedBytes = 0;
  writes = 0;
  closed: string | undefined;
  /** Whether what is sent stays in the buffer. */
  isSlow = false;

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.sent.push(data);
    if (this.isSlow) this.bufferedBytes += data.length;
  }

  together(sends: () => void): void {
    this.writes++;
    sends();
  }

  close(code: number, reason: string): void {
    this.closed = `${code} ${reason}`;
  }

  cut(): void {
    this.closed = "cut";
  }

  /** What was sent since the last time. */
  news(): unknown[] {
    return this.sent.splice(0).map((data) => {
      if (typeof data !== "string") return data;
      return data.startsWith("{") ? JSON.parse(data) : data;
    });
  }
}

function open(only?: RowSocketOptions["only"]) {
  const feed = new FakeFeed();
  const clock = new VirtualClock();
  const socket = new FakeSocket();
  let ends = 0;
  const faults: unknown[] = [];
  const session = new RowSocket({
    ...{ feed, clock },
    known: () => ({ datasets: ["memory", "process"], nowMs: clock.nowMs() }),
    ...(only === undefined ? {} : { only }),
    onFault: (error) => faults.push(error),
    onEnd: () => ends++,
  });
  session.open(socket);
  return {
    ...{ feed, clock, socket, session, faults },
    ends: () => ends,
    /** Says it, and gives what is answered. */
    async say(message: unknown): Promise<unknown[]> {
      session.message(socket, typeof message === "string" ? message : JSON.stringify(message));
      await settle();
      return socket.news();
    },
  };
}

async function subscribed(ref = "x", more: object = {}) {
  const opened = open();
  await opened.say({ op: "subscribe", ref, datasets: ["memory"], ...more });
  return { ...opened, client: opened.feed.last };
}

function openOne(more: Parameters<typeof wish>[0] = {}) {
  const client = new FakeClient("c", "websocket", wish(more));
  client.at = { memory: 7 };
  return { client, ...open({ ref: "memory", wish: client.wish, client }) };
}

test("who subscribes is told under which numbers the rows come, and where they begin", async () => {
  const { feed, say } = open();
  feed.answer = (client) => {
    client.at = { memory: 12, process: 34 };
    return { ok: true, client };
  };
  const message = {
    ...{ op: "subscribe", ref: "a b", datasets: ["memory", "process"], format: "msgpack" },
    ...{ where: "pid = 1", positions: { memory: 12 }, whenFull: "disconnect" },
  };
  assert.deepEqual(await say(message), [
    {
      op: "subscribed",
      ref: "a b",
      subscriptions: { memory: 1, process: 2 },
      positions: { memory: 12, process: 34 },
    },
  ]);
  assert.equal(feed.last.transport, "websocket");
  assert.deepEqual(feed.last.wish, {
    ...{
      datasets: ["memory", "process"],
      format: "msgpack",
      framing: "message",
      columns: null,
      where: "pid = 1",
    },
    ...{ from: { kind: "positions", positions: { memory: 12 } }, whenFull: "disconnect" },
  });
});

test("rows of JSON are text, of other formats bytes", async () => {
  const json = await subscribed();
  json.client.rows("head\nrow");
  assert.deepEqual(json.socket.news(), ["head\nrow"]);
  const bytes = await subscribed("x", { format: "protobuf" });
  bytes.client.rows("head\nrow");
  assert.deepEqual(bytes.socket.news(), [new TextEncoder().encode("head\nrow")]);
});

test("what waited before the subscription is told comes behind it", async () => {
  const { feed, say } = open();
  feed.answer = (client) => {
    client.rows("row");
    return { ok: true, client };
  };
  const [first, second] = await say({ op: "subscribe", ref: "x", datasets: ["memory"] });
  assert.equal((first as { op: string }).op, "subscribed");
  assert.equal(second, "row");
});

test("notices and the end are told under the subscription's name", async () => {
  const { client, socket, say } = await subscribed();
  const notice = { notice: "gap", dataset: "memory", rows: 3, next: 5 } as const;
  client.put({ kind: "notice", notice }, { kind: "end", reason: "full" });
  assert.deepEqual(socket.news(), [
    { op: "notice", ref: "x", ...notice },
    { op: "ended", ref: "x", reason: "full" },
  ]);
  assert.equal(client.isClosed, true);
  // The socket lives, and the name is free.
  assert.equal(socket.closed, undefined);
  const [again] = await say({ op: "subscribe", ref: "x", datasets: ["memory"] });
  assert.equal((again as { op: string }).op, "subscribed");
});

test("subscriptions take turns", async () => {
  const { feed, socket, session, say } = open();
  for (const ref of ["a", "b"]) await say({ op: "subscribe", ref, datasets: ["memory"] });
  socket.bufferedBytes = WRITE_BYTES;
  for (const client of feed.all) for (const count of [1, 2, 3]) client.rows(`${client.id} ${count}`);
  assert.deepEqual(socket.news(), []);
  socket.bufferedBytes = 0;
  const before = socket.writes;
  session.drain();
  // What waits goes out together.
  assert.equal(socket.writes, before + 1);
  assert.deepEqual(socket.news(), ["c1 1", "c2 1", "c1 2", "c2 2", "c1 3", "c2 3"]);
});

test("a socket that is full is given nothing until it has drained", async () => {
  const { client, socket, session } = await subscribed();
  socket.isSlow = true;
  const piece = "x".repeat(100_000);
  for (let count = 0; count < 10; count++) client.rows(piece);
  assert.equal(socket.news().length, 3);
  assert.equal(client.waiting, 7);
  client.rows("more");
  assert.equal(socket.news().length, 0);
  socket.isSlow = false;
  socket.bufferedBytes = 0;
  session.drain();
  assert.equal(socket.news().length, 8);
});

test("a subscription that is not wanted any more gives nothing, and its name is free", async () => {
  const { client, say, socket } = await subscribed();
  assert.deepEqual(await say({ op: "unsubscribe", ref: "x" }), [{ op: "unsubscribed", ref: "x" }]);
  assert.equal(client.isClosed, true);
  client.rows("late");
  assert.deepEqual(socket.news(), []);
  const [unknown] = await say({ op: "unsubscribe", ref: "x" });
  assert.equal((unknown as { reason: string }).reason, "unknown-ref");
});

test("who unsubscribes before the feed has answered gets no subscription", async () => {
  const { feed, say } = open();
  let answer: () => void = () => {};
  feed.answer = (client) =>
    new Promise((resolve) => {
      answer = () => resolve({ ok: true, client });
    });
  assert.deepEqual(await say({ op: "subscribe", ref: "x", datasets: ["memory"] }), []);
  const [busy] = await say({ op: "filter", ref: "x", where: null });
  assert.equal((busy as { reason: string }).reason, "busy");
  assert.deepEqual(await say({ op: "unsubscribe", ref: "x" }), [{ op: "unsubscribed", ref: "x" }]);
  answer();
  await settle();
  assert.equal(feed.last.isClosed, true);
  assert.deepEqual(await say({ op: "ping" }), [{ op: "pong" }]);
});

test("a filter is changed in place: what is left out stays, null is none", async () => {
  const { client, say } = await subscribed("x", { where: "used_percent > 5", columns: ["timestamp"] });
  client.subscriptions = { memory: 9 };
  client.changed = Promise.resolve({ ok: true, positions: { memory: 40 } });
  assert.deepEqual(await say({ op: "filter", ref: "x", where: "used_percent > 6" }), [
    { op: "filtered", ref: "x", subscriptions: { memory: 9 }, positions: { memory: 40 } },
  ]);
  await say({ op: "filter", ref: "x", columns: null });
  await say({ op: "filter", ref: "x", where: null });
  assert.deepEqual(client.changes, [
    { where: "used_percent > 6", columns: ["timestamp"] },
    { where: "used_percent > 6", columns: null },
    { where: null, columns: null },
  ]);
});

test("a change is answered before the next one is taken: none is kept waiting", async () => {
  const { client, say } = await subscribed();
  client.changed = new Promise(() => {});
  assert.deepEqual(await say({ op: "filter", ref: "x", where: null }), []);
  for (let count = 0; count < 3; count++) {
    const [busy] = await say({ op: "filter", ref: "x", where: null });
    assert.equal((busy as { reason: string }).reason, "busy");
  }
  assert.equal(client.changes.length, 1);
  assert.deepEqual(await say({ op: "unsubscribe", ref: "x" }), [{ op: "unsubscribed", ref: "x" }]);
});

test("a change that is refused changes nothing", async () => {
  const { client, say } = await subscribed("x", { where: "used_percent > 5" });
  client.changed = Promise.resolve(refuse("bad-filter", "where: no"));
  assert.deepEqual(await say({ op: "filter", ref: "x", where: "bogus" }), [
    { op: "refused", ref: "x", reason: "bad-filter", message: "where: no" },
  ]);
  client.changed = Promise.resolve({ ok: true, positions: {} });
  await say({ op: "filter", ref: "x", columns: ["timestamp"] });
  assert.deepEqual(client.changes.at(-1), { where: "used_percent > 5", columns: ["timestamp"] });
});

test("what cannot be done is refused by name, and the socket goes on", async () => {
  const { feed, say, session, socket } = await subscribed();
  const refusal = async (message: unknown) => {
    const [first] = await say(message);
    const { op, ref, reason, message: text } = first as Record<string, unknown>;
    assert.equal(op, "refused");
    assert.ok(String(text).length > 0 && String(text).length < 500, String(text));
    return `${ref} ${reason}`;
  };
  assert.equal(await refusal("{"), "null bad-message");
  assert.equal(await refusal("null"), "null bad-message");
  assert.equal(await refusal("[]"), "null bad-message");
  assert.equal(await refusal({ op: "shout", ref: "y" }), "y bad-message");
  assert.equal(await refusal({ op: "toString" }), "null bad-message");
  assert.equal(await refusal({ op: "subscribe", datasets: ["memory"] }), "null bad-message");
  assert.equal(await refusal({ op: "subscribe", ref: "", datasets: ["memory"] }), " bad-message");
  assert.equal(
    await refusal({ op: "subscribe", ref: "y".repeat(65), datasets: ["memory"] }),
    "null bad-message",
  );
  assert.equal(await refusal({ op: "subscribe", ref: "y", datasets: "memory" }), "y bad-message");
  assert.equal(await refusal({ op: "subscribe", ref: "y", datasets: ["memory"], limit: 5 }), "y bad-message");
  assert.equal(
    await refusal({ op: "subscribe", ref: "y", datasets: ["memory"], positions: { memory: -1 } }),
    "y bad-message",
  );
  assert.equal(await refusal({ op: "subscribe", ref: "y", datasets: ["nope"] }), "y bad-parameter");
  assert.equal(
    await refusal({ op: "subscribe", ref: "y", datasets: ["memory"], since: "never" }),
    "y bad-parameter",
  );
  assert.equal(await refusal({ op: "subscribe", ref: "x", datasets: ["memory"] }), "x ref-taken");
  feed.answer = () => refuse("too-many", "256 clients are subscribed");
  assert.equal(await refusal({ op: "subscribe", ref: "y", datasets: ["memory"] }), "y too-many");
  session.message(socket, new Uint8Array(3));
  assert.equal((socket.news()[0] as { reason: string }).reason, "bad-message");
  assert.deepEqual(await say({ op: "ping" }), [{ op: "pong" }]);
  assert.equal(socket.closed, undefined);
});

test("a socket has at most 32 subscriptions, those included that are not answered yet", async () => {
  const { feed, session, socket } = open();
  feed.answer = () => new Promise(() => {});
  for (let count = 0; count < 33; count++) {
    session.message(socket, JSON.stringify({ op: "subscribe", ref: `r${count}`, datasets: ["memory"] }));
  }
  await settle();
  assert.deepEqual(
    socket
      .news()
      .map((message) => `${(message as { ref: string }).ref} ${(message as { reason: string }).reason}`),
    ["r32 too-many"],
  );
  assert.equal(feed.all.length, 32);
});

test("with nothing to say for 15 s a beat is sent; a socket without subscriptions lives on it", async () => {
  const { clock, socket } = open();
  clock.advance(14_999);
  assert.deepEqual(socket.news(), []);
  clock.advance(1);
  assert.deepEqual(socket.news(), [{ op: "beat" }]);
  clock.advance(3_600_000);
  assert.equal(socket.news().length, 240);
  assert.equal(socket.closed, undefined);
});

test("a socket that takes nothing for 30 s is cut when all its subscriptions want to be disconnected", async () => {
  const cases = [
    [["disconnect"], "cut"],
    [["disconnect", "drop-oldest"], undefined],
    [["drop-oldest"], undefined],
    [[], undefined],
  ] as const;
  for (const [rules, closed] of cases) {
    const { clock, session, socket, say } = open();
    for (const [index, whenFull] of rules.entries()) {
      await say({ op: "subscribe", ref: `r${index}`, datasets: ["memory"], whenFull });
    }
    socket.bufferedBytes = WRITE_BYTES;
    clock.advance(20_000);
    // It took something.
    session.drain();
    clock.advance(29_999);
    assert.equal(socket.closed, undefined);
    clock.advance(1);
    assert.equal(socket.closed, closed);
    assert.deepEqual(socket.news(), []);
  }
});

test("who asks and does not read the answers is cut", async () => {
  const { socket, session } = open();
  socket.isSlow = true;
  for (let count = 0; count < 100_000 && socket.closed === undefined; count++) {
    session.message(socket, JSON.stringify({ op: "ping" }));
  }
  assert.equal(socket.closed, "cut");
  assert.ok(socket.bufferedBytes < 3 * WRITE_BYTES);
});

test("a socket of one subscription begins with it, keeps it alone, and closes with it", async () => {
  const { client, socket, say } = openOne();
  assert.deepEqual(socket.news(), [
    { op: "subscribed", ref: "memory", subscriptions: { memory: 1 }, positions: { memory: 7 } },
  ]);
  for (const message of [
    { op: "subscribe", ref: "y", datasets: ["memory"] },
    { op: "unsubscribe", ref: "memory" },
  ]) {
    const [refusal] = await say(message);
    assert.equal((refusal as { reason: string }).reason, "one-subscription");
  }
  await say({ op: "filter", ref: "memory", where: null });
  assert.equal(client.changes.length, 1);
  client.put(chunk("row"), { kind: "end", reason: "full" });
  assert.deepEqual(socket.news(), ["row", { op: "ended", ref: "memory", reason: "full" }]);
  assert.equal(socket.closed, "1013 full");
  const ending = openOne();
  ending.client.end("closing");
  assert.equal(ending.socket.closed, "1001 closing");
});

test("a socket that closes before it was open ends its subscription", () => {
  const client = new FakeClient("c", "websocket", wish());
  const clock = new VirtualClock();
  let ends = 0;
  const session = new RowSocket({
    ...{ feed: new FakeFeed(), clock, only: { ref: "memory", wish: client.wish, client } },
    known: () => ({ datasets: ["memory"], nowMs: 0 }),
    onFault: assert.fail,
    onEnd: () => ends++,
  });
  session.close();
  assert.equal(client.isClosed, true);
  assert.equal(ends, 1);
});

test("a socket that closes ends its subscriptions, and what is answered later is not kept", async () => {
  const { feed, session, socket, clock, say, ends } = open();
  await say({ op: "subscribe", ref: "a", datasets: ["memory"] });
  let answer: () => void = () => {};
  feed.answer = (client) =>
    new Promise((resolve) => {
      answer = () => resolve({ ok: true, client });
    });
  await say({ op: "subscribe", ref: "b", datasets: ["memory"] });
  session.close();
  answer();
  await settle();
  assert.deepEqual(
    feed.all.map(({ isClosed }) => isClosed),
    [true, true],
  );
  assert.equal(ends(), 1);
  assert.equal(clock.nextDueMs(), undefined);
  assert.deepEqual(socket.news(), []);
});

test("a fault of our own is told to the log, and takes one socket with it", async () => {
  const { feed, faults, socket, say } = open();
  const fault = new Error("a bug");
  feed.answer = () => Promise.reject(fault);
  await say({ op: "subscribe", ref: "x", datasets: ["memory"] });
  assert.deepEqual(faults, [fault]);
  assert.equal(socket.closed, "cut");
});

test("no message is too odd: each is answered once, and none ends the socket", async () => {
  const { socket, say } = await subscribed();
  const field = fc.constantFrom(
    "op",
    "ref",
    "datasets",
    "format",
    "columns",
    "where",
    "since",
    "positions",
    "whenFull",
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom("subscribe", "unsubscribe", "filter", "ping", "memory", "x"),
    fc.constant(["memory"]),
  );
  const message = fc.oneof(
    fc.string(),
    fc.dictionary(field, value).map((fields) => JSON.stringify(fields)),
    fc.jsonValue().map((any) => JSON.stringify(any)),
  );
  await fc.assert(
    fc.asyncProperty(message, async (text) => {
      const answers = await say(text);
      assert.equal(answers.length, 1, text);
      assert.equal(typeof (answers[0] as { op?: unknown }).op, "string");
      assert.equal(socket.closed, undefined);
    }),
    { seed: 20260601, numRuns: 200 },
  );
});

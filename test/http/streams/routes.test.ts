import assert from "node:assert/strict";
import { test } from "node:test";
import { refuse } from "../../../actors/refused.ts";
import { datasets } from "../../../datasets/index.ts";
import { MAX_STREAMS } from "../../../http/streams/limits.ts";
import type { Socket, SocketHandlers } from "../../../runtime/platform/index.ts";
import { assertProblem, assertSecured } from "../problems.ts";
import { type ControlOptions, closed, good, openControl, settle } from "../support.ts";
import { FakeFeed } from "./fake-feed.ts";

const OPENING = ": millrace\nretry: 2000\n\n";
const UPGRADE = { connection: "Upgrade", upgrade: "WebSocket" };
const names = datasets.map(({ name }) => name);

function open(more: ControlOptions = {}) {
  const feed = new FakeFeed();
  const { subscribe, clients, close } = feed;
  const bound = { subscribe: subscribe.bind(feed), clients: clients.bind(feed), close: close.bind(feed) };
  return { feed, ...openControl({ feed: bound, ...more }) };
}

/** A connection that can be upgraded, and what it was asked for. */
function upgradable() {
  const asked: string[] = [];
  const handlers: SocketHandlers[] = [];
  return {
    asked,
    handlers,
    connection: {
      upgrade(handler: SocketHandlers) {
        handlers.push(handler);
        return new Response(null);
      },
      keepOpen: () => void asked.push("keepOpen"),
      cutSoon: () => void asked.push("cutSoon"),
    },
  };
}

function reading(response: Response) {
  const reader = response.body!.getReader();
  return {
    next: async () => new TextDecoder().decode((await reader.read()).value),
    ended: async () => (await reader.read()).done,
    cancel: () => reader.cancel(),
  };
}

test("a stream opens at once, keeps its connection, and gives each row as it comes", async () => {
  const { asked, connection } = upgradable();
  const { feed, request } = open({ connection });
  const response = await request("/v1/streams/memory");
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.deepEqual(asked, ["keepOpen"]);
  const stream = reading(response);
  assert.equal(await stream.next(), OPENING);
  assert.equal(feed.last.transport, "sse");
  const next = stream.next();
  feed.last.rows("event: memory\nid: 41\ndata: {}\n\n");
  assert.equal(await next, "event: memory\nid: 41\ndata: {}\n\n");
  await stream.cancel();
  assert.equal(feed.last.isClosed, true);
});

test("what the address and the headers say reaches the feed", async () => {
  const { feed, request, clock } = open();
  const query = "datasets=memory,process&where=timestamp%20%3E%200&whenFull=disconnect&since=-1h";
  await request(`/v1/streams/all?${query}`);
  assert.deepEqual(feed.last.wish, {
    datasets: ["memory", "process"],
    format: "jsonl",
    framing: "sse",
    columns: null,
    where: "timestamp > 0",
    from: { kind: "since", sinceMs: clock.nowMs() - 3_600_000 },
    whenFull: "disconnect",
  });
  await request("/v1/streams/all");
  assert.deepEqual(feed.last.wish.datasets, names);
  await request("/v1/streams/memory", { headers: { "last-event-id": "6" } });
  assert.deepEqual(feed.last.wish.from, { kind: "positions", positions: { memory: 7 } });
});

test("a raw stream has the type and the beginning of its format", async () => {
  const { feed, request } = open();
  feed.answer = (client) => {
    client.preamble = new TextEncoder().encode("schema");
    return { ok: true, client };
  };
  const response = await request("/v1/streams/memory?format=arrow", {
    headers: { accept: "application/vnd.apache.arrow.stream" },
  });
  assert.equal(response.headers.get("content-type"), "application/vnd.apache.arrow.stream");
  assert.equal(await reading(response).next(), "schema");
  assert.equal(feed.last.transport, "http");
  assert.equal(feed.last.wish.framing, "raw");
});

test("a stream that ended because its client takes nothing has its connection cut, another has not", async () => {
  for (const [reason, wanted] of [
    ["full", ["keepOpen", "cutSoon"]],
    ["closing", ["keepOpen"]],
  ] as const) {
    const { asked, connection } = upgradable();
    const { feed, request } = open({ connection });
    const stream = reading(await request("/v1/streams/memory"));
    await stream.next();
    const last = stream.next();
    feed.last.end(reason);
    assert.match(await last, new RegExp(`event: ended\ndata: {"reason":"${reason}"}`));
    assert.equal(await stream.ended(), true);
    assert.deepEqual(asked, wanted);
  }
});

test("what cannot be had is refused as a problem that names it", async () => {
  const { feed, request } = open();
  const unknown = await assertProblem(await request("/v1/streams/nonesuch"), "unknown-dataset");
  assert.deepEqual(unknown["datasets"], [...names, "all"]);
  const bad = await assertProblem(await request("/v1/streams/memory?since=never"), "bad-parameter");
  assert.equal(bad["parameter"], "since");
  assert.equal(bad["came"], '"never"');
  await assertProblem(await request("/v1/streams/memory?since=-1h&since=-2h"), "bad-parameter");
  await assertProblem(await request("/v1/streams/memory?sinse=-1h"), "bad-parameter");
  await assertProblem(
    await request("/v1/streams/memory", { headers: { accept: "image/png" } }),
    "not-acceptable",
  );
  assert.equal(feed.all.length, 0);
  for (const [reason, code] of [
    ["bad-filter", "bad-filter"],
    ["unknown-column", "unknown-column"],
    ["bad-option", "bad-parameter"],
    ["unknown-dataset", "unknown-dataset"],
    ["too-many", "too-many"],
    ["unavailable", "actor-unavailable"],
  ] as const) {
    feed.answer = () => refuse(reason, "what was wrong");
    const body = await assertProblem(await request("/v1/streams/memory"), code);
    assert.match(body.detail, /what was wrong/);
  }
});

test("connections are counted, refused beyond the most, and counted down when they end", async () => {
  const { feed, request } = open();
  feed.answer = () => refuse("unavailable", "not there");
  for (let count = 0; count < MAX_STREAMS; count++) await (await request("/v1/streams/all")).text();
  feed.answer = (client) => ({ ok: true, client });
  const streams = [];
  for (let count = 0; count < MAX_STREAMS; count++) streams.push(reading(await request("/v1/streams/all")));
  await assertProblem(await request("/v1/streams/all"), "too-many");
  await streams[3]!.cancel();
  const again = await request("/v1/streams/all");
  assert.equal(again.status, 200);
  await assertProblem(await request("/v1/streams/memory", { headers: UPGRADE }), "too-many");
  feed.all[MAX_STREAMS + 5]!.end("full");
  await streams[5]!.next();
  assert.equal((await request("/v1/streams/all")).status, 200);
});

test("HEAD of a stream says its type and subscribes nobody", async () => {
  const { feed, request } = open();
  const type = async (path: string) =>
    (await request(`/v1/streams/${path}`, { method: "HEAD" })).headers.get("content-type");
  assert.equal(await type("memory"), "text/event-stream");
  assert.equal(await type("memory?framing=raw&format=msgpack"), "application/msgpack");
  assert.equal((await request("/v1/streams/memory?format=xml", { method: "HEAD" })).status, 400);
  assert.equal(feed.all.length, 0);
});

test("the list says who is connected, which outlets there are, and what can be had", async () => {
  const outlet = {
    id: "o1",
    spec: {
      ...{ transport: "tcp", host: "127.0.0.1", port: 9999, datasets: ["memory"], format: "jsonl" },
      ...{ columns: null, where: null, whenFull: "drop-oldest" },
    },
    ...{ openedMs: 0, expiresMs: null, clients: [], sentRows: 5 },
  };
  let isThere = true;
  const { request } = open({ answer: () => (isThere ? good({ ok: true, outlets: [outlet] }) : closed) });
  await request("/v1/streams/memory?format=msgpack");
  const list = async () => (await (await request("/v1/streams")).json()) as Record<string, unknown[]>;
  const { clients, outlets, ...more } = await list();
  assert.deepEqual(clients, [
    {
      ...{ id: "c1", transport: "sse", datasets: ["memory"], format: "msgpack", whenFull: "drop-oldest" },
      ...{ state: "live", queuedBytes: 3, sentRows: 2, sentBytes: 1, droppedRows: 4 },
      since: "1970-01-01T00:00:00.000Z",
    },
  ]);
  assert.equal((outlets as { address: string }[])[0]?.address, "tcp://127.0.0.1:9999");
  assert.deepEqual(more, {
    datasets: names,
    formats: ["jsonl", "msgpack", "protobuf", "arrow"],
    transports: ["sse", "http", "websocket", "tcp", "pipe", "zeromq"],
  });
  isThere = false;
  assert.deepEqual((await list())["outlets"], []);
});

test("the Protobuf schema is served as text, not as a dataset", async () => {
  const response = await open().request("/v1/streams/schema.proto");
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
  assert.match(await response.text(), /syntax = "proto3";[\s\S]*message Record/);
});

class Told implements Socket {
  readonly sent: string[] = [];
  readonly bufferedBytes = 0;
  send(data: string | Uint8Array): void {
    this.sent.push(String(data));
  }
  together(sends: () => void): void {
    sends();
  }
  close(): void {}
  cut(): void {}
}

test("an upgrade of a dataset is a WebSocket of that subscription", async () => {
  const { handlers, connection } = upgradable();
  const { feed, request } = open({ connection });
  await request("/v1/streams/memory?format=jsonl&where=timestamp%20%3E%200", { headers: UPGRADE });
  assert.equal(feed.last.transport, "websocket");
  assert.equal(feed.last.wish.framing, "message");
  const socket = new Told();
  handlers[0]!.open(socket);
  feed.last.rows("row");
  assert.deepEqual(socket.sent, [
    '{"op":"subscribed","ref":"memory","subscriptions":{"memory":1},"positions":{}}',
    "row",
  ]);
  handlers[0]!.close(socket);
  assert.equal(feed.last.isClosed, true);
});

test("an upgrade of the list is a WebSocket that its client subscribes on", async () => {
  const { handlers, connection } = upgradable();
  const { feed, request } = open({ connection });
  await request("/v1/streams", { headers: UPGRADE });
  const socket = new Told();
  handlers[0]!.open(socket);
  handlers[0]!.message(
    socket,
    JSON.stringify({ op: "subscribe", ref: "x", datasets: ["memory", "process"] }),
  );
  await settle();
  assert.deepEqual(feed.last.wish.datasets, ["memory", "process"]);
  assert.match(socket.sent[0] ?? "", /^{"op":"subscribed","ref":"x"/);
});

test("an upgrade is refused as any request is, and one that does not come about leaves nothing behind", async () => {
  const { feed, request } = open();
  await assertProblem(await request("/v1/streams/nonesuch", { headers: UPGRADE }), "unknown-dataset");
  await assertProblem(await request("/v1/streams/memory?framing=raw", { headers: UPGRADE }), "bad-parameter");
  for (let count = 0; count <= MAX_STREAMS; count++) {
    await assertProblem(await request("/v1/streams/memory", { headers: UPGRADE }), "bad-parameter");
    assert.equal(feed.last.isClosed, true);
    await assertProblem(await request("/v1/streams", { headers: UPGRADE }), "bad-parameter");
  }
  feed.answer = () => refuse("bad-filter", "where: no");
  await assertProblem(await request("/v1/streams/memory", { headers: UPGRADE }), "bad-filter");
});

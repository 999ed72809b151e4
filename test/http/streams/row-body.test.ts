import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePositions } from "../../../actors/broadcaster/positions.ts";
import type { StreamFormat } from "../../../datasets/records/format.ts";
import { eventForm, rawForm } from "../../../http/streams/body-forms.ts";
import { WRITE_BYTES } from "../../../http/streams/limits.ts";
import { type BodyForm, rowBody } from "../../../http/streams/row-body.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { settle } from "../support.ts";
import { chunk, FakeClient, wish } from "./fake-feed.ts";

const OPENING = ": millrace\nretry: 2000\n\n";
const DROPPED = { notice: "dropped", dataset: "memory", rows: 8, next: 9 } as const;

interface Opened {
  readonly client: FakeClient;
  readonly clock: VirtualClock;
  readonly ends: string[];
  readonly gone: AbortController;
  read(): Promise<string>;
  /** Whether it has ended. */
  ended(): Promise<boolean>;
  cancel(): Promise<void>;
}

function open(form: BodyForm = eventForm("jsonl", ["memory"]), endsWhenStalled = false): Opened {
  const client = new FakeClient("c", "sse", wish({ framing: "sse" }));
  const clock = new VirtualClock();
  const ends: string[] = [];
  const gone = new AbortController();
  const reader = rowBody({
    ...{ client, form, clock, endsWhenStalled, gone: gone.signal },
    onEnd: (by) => ends.push(by),
  }).getReader();
  return {
    ...{ client, clock, ends, gone },
    read: async () => new TextDecoder().decode((await reader.read()).value),
    ended: async () => (await reader.read()).done,
    cancel: () => reader.cancel(),
  };
}

test("events begin with a word, and each row comes as it came", async () => {
  const { client, read } = open();
  assert.equal(await read(), OPENING);
  const next = read();
  client.rows("event: memory\nid: 41\ndata: {}\n\n");
  assert.equal(await next, "event: memory\nid: 41\ndata: {}\n\n");
});

test("what waited before the runtime asks comes at once, with the opening before it", async () => {
  const { client, read } = open();
  client.rows("a");
  client.rows("b");
  assert.equal(await read(), `${OPENING}ab`);
});

test("where the client stands is said at once, and with each beat, by an id that is no event's", async () => {
  const client = new FakeClient("c", "sse", wish({ framing: "sse" }));
  client.at = { memory: 42 };
  const clock = new VirtualClock();
  const reader = rowBody({
    ...{ client, form: eventForm("jsonl", ["memory"]), clock, endsWhenStalled: false },
    ...{ gone: new AbortController().signal, onEnd() {} },
  }).getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  assert.equal(await read(), ": millrace\nretry: 2000\nid: 41\n\n");
  const beat = read();
  // Rows that the filter leaves out are no event, and count all the same.
  client.at = { memory: 52 };
  clock.advance(15_000);
  assert.equal(await beat, ": still here\nid: 51\n\n");
  const several = eventForm("jsonl", ["memory", "process"]);
  const opening = new TextDecoder().decode(several.opening({ process: 7 }));
  const id = /^id: (.+)$/m.exec(opening)?.[1];
  assert.deepEqual(parsePositions(id ?? "", ["memory", "process"]), { process: 7 });
});

test("nothing is taken before it is asked for, and what waits is taken as one piece of bounded size", async () => {
  const { client, read } = open();
  await read();
  const piece = "x".repeat(100_000);
  for (let count = 0; count < 10; count++) client.rows(piece);
  await settle();
  assert.equal(client.taken, 0);
  assert.equal((await read()).length, 300_000);
  await settle();
  assert.equal(client.taken, 3);
  assert.equal(client.waiting, 7);
  // A chunk is never cut.
  assert.ok(300_000 - piece.length < WRITE_BYTES);
});

test("one chunk goes out as the very bytes that all clients share", async () => {
  const client = new FakeClient("c", "http", wish({ framing: "raw" }));
  const options = {
    client,
    clock: new VirtualClock(),
    endsWhenStalled: false,
    gone: new AbortController().signal,
  };
  const body = rowBody({ ...options, form: rawForm("jsonl", new Uint8Array()), onEnd() {} });
  const item = chunk("row\n");
  client.put(item);
  const { value } = await body.getReader().read();
  assert.ok(item.kind === "chunk");
  assert.equal(value, item.bytes);
});

test("notices stand between the rows, in the form's own way", async () => {
  const events = open();
  await events.read();
  events.client.put(chunk("a"), { kind: "notice", notice: DROPPED }, chunk("b"));
  assert.equal(await events.read(), `aevent: dropped\ndata: ${JSON.stringify(DROPPED)}\n\nb`);
  const lines = open(rawForm("jsonl", new Uint8Array()));
  lines.client.put({ kind: "notice", notice: DROPPED }, chunk("b"));
  assert.equal(await lines.read(), `${JSON.stringify(DROPPED)}\nb`);
});

test("a notice that the form cannot tell is passed over, and is no empty piece", async () => {
  const { client, read } = open(rawForm("arrow", new Uint8Array()));
  client.put({ kind: "notice", notice: DROPPED });
  const next = read();
  await settle();
  client.rows("rows");
  assert.equal(await next, "rows");
});

test("a raw stream begins with its format's preamble and nothing else", async () => {
  const { read } = open(rawForm("arrow", new TextEncoder().encode("schema")));
  assert.equal(await read(), "schema");
  for (const format of ["jsonl", "msgpack", "protobuf"] satisfies StreamFormat[]) {
    const { client, read: next } = open(rawForm(format, new Uint8Array()));
    client.rows("first");
    assert.equal(await next(), "first");
  }
});

test("with nothing to say for 15 s events have a comment, and raw bytes nothing", async () => {
  const { clock, client, read } = open();
  await read();
  const next = read();
  clock.advance(14_999);
  client.rows("row");
  assert.equal(await next, "row");
  const beat = read();
  clock.advance(14_999);
  await settle();
  assert.equal(client.taken, 1);
  clock.advance(1);
  assert.equal(await beat, ": still here\n\n");
  const raw = open(rawForm("jsonl", new Uint8Array()));
  const line = raw.read();
  raw.clock.advance(3_600_000);
  await settle();
  raw.client.rows("late");
  assert.equal(await line, "late");
  assert.deepEqual(raw.ends, []);
});

test("no comment is given to a client that has not taken what it was given", async () => {
  const { clock, client, read } = open();
  await read();
  clock.advance(60_000);
  client.rows("row");
  assert.equal(await read(), "row");
});

test("a client that takes nothing for 30 s is ended when its rule is to disconnect, and only then", async () => {
  for (const [endsWhenStalled, ends] of [
    [true, ["stalled"]],
    [false, []],
  ] as const) {
    const opened = open(eventForm("jsonl", ["memory"]), endsWhenStalled);
    await opened.read();
    opened.client.rows("row");
    opened.clock.advance(29_999);
    assert.deepEqual(opened.ends, []);
    opened.clock.advance(1);
    assert.deepEqual(opened.ends, ends);
    assert.equal(opened.client.isClosed, endsWhenStalled);
    assert.equal(await opened.ended(), endsWhenStalled);
  }
});

test("a client that waits for rows is not one that takes nothing", async () => {
  const { clock, ends, read } = open(rawForm("jsonl", new Uint8Array()), true);
  void read();
  await settle();
  clock.advance(3_600_000);
  assert.deepEqual(ends, []);
});

test("the feed's end is told, and ends the stream", async () => {
  const { client, clock, ends, read, ended } = open();
  await read();
  client.rows("last");
  client.end("full");
  assert.equal(await read(), 'lastevent: ended\ndata: {"reason":"full"}\n\n');
  assert.equal(await ended(), true);
  assert.deepEqual(ends, ["full"]);
  assert.equal(client.isClosed, true);
  assert.equal(clock.nextDueMs(), undefined);
  const raw = open(rawForm("msgpack", new Uint8Array()));
  raw.client.end("closing");
  assert.equal(await raw.ended(), true);
});

test("a client that goes ends its subscription, once", async () => {
  const { client, clock, ends, gone, read, cancel } = open();
  await read();
  await cancel();
  assert.equal(client.isClosed, true);
  assert.deepEqual(ends, ["client"]);
  assert.equal(clock.nextDueMs(), undefined);
  gone.abort();
  client.rows("late");
  assert.deepEqual(ends, ["client"]);
});

test("a client that is gone before the runtime reads ends its subscription, too", () => {
  const early = open();
  early.gone.abort();
  assert.deepEqual(early.ends, ["client"]);
  const gone = new AbortController();
  gone.abort();
  const client = new FakeClient("c", "sse", wish());
  const ends: string[] = [];
  const options = {
    client,
    clock: new VirtualClock(),
    form: eventForm("jsonl", ["memory"]),
    endsWhenStalled: false,
  };
  rowBody({ ...options, gone: gone.signal, onEnd: (by) => ends.push(by) });
  assert.equal(client.isClosed, true);
  assert.deepEqual(ends, ["client"]);
});

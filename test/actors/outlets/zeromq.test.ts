/** Rows over ZeroMQ, with real sockets, and subscribers that say what a test wants. libzmq's own are in test/interop. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { MAX_OUTLET_CLIENTS } from "../../../actors/outlets/protocol.ts";
import { openZeroMq } from "../../../actors/outlets/zeromq.ts";
import {
  encodeCommand,
  encodeFrame,
  encodeGreeting,
  encodeProperties,
  type Frame,
  FrameReader,
  GREETING_BYTES,
} from "../../../actors/outlets/zmtp/wire.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import type { FakeFeedOptions } from "./fake-feed.ts";
import { type ListeningHouse, openListening } from "./listening-house.ts";
import { type Peer, turns, until, zeroMqSpec } from "./support.ts";

const utf8 = new TextEncoder();
const GREETING = encodeGreeting({ major: 3, minor: 1, mechanism: "NULL" });
const ready = (type = "SUB") => encodeCommand("READY", encodeProperties([["Socket-Type", type]]));

/** A SUB socket. */
class Subscriber {
  readonly peer: Peer;

  constructor(peer: Peer) {
    this.peer = peer;
    peer.socket.write(GREETING);
    peer.socket.write(ready());
  }

  subscribe(topic: string): void {
    const body = Uint8Array.from([1, ...utf8.encode(topic)]);
    this.peer.socket.write(encodeFrame({ kind: "message", more: false, body }));
  }

  cancel(topic: string): void {
    this.peer.socket.write(encodeCommand("CANCEL", utf8.encode(topic)));
  }

  /** Whole messages that came, parts as text. */
  messages(): string[][] {
    const messages: string[][] = [];
    let parts: string[] = [];
    for (const { kind, more, body } of framesIn(this.peer.received)) {
      if (kind === "command") continue;
      parts.push(new TextDecoder().decode(body));
      if (more) continue;
      messages.push(parts);
      parts = [];
    }
    return messages;
  }
}

function framesIn(received: Uint8Array): Frame[] {
  const reader = new FrameReader(2 ** 30);
  reader.push(received.subarray(GREETING_BYTES));
  const frames: Frame[] = [];
  for (let read = reader.next(); read.kind === "frame"; read = reader.next()) frames.push(read.frame);
  return frames;
}

interface House extends ListeningHouse {
  /** A subscriber of these topics, whose datasets have been asked for. */
  subscriber(topics: readonly string[], options?: { readonly paused?: boolean }): Promise<Subscriber>;
}

async function openHouse(
  t: TestContext,
  options: FakeFeedOptions & { readonly spec?: Parameters<typeof zeroMqSpec>[0] } = {},
): Promise<House> {
  const spec = zeroMqSpec({ datasets: ["memory", "process", "memory_1m"], ...options.spec });
  const house = await openListening(t, (deps) => openZeroMq(spec, deps), options);
  const { outlet, connect } = house;
  return {
    ...house,
    async subscriber(topics, how) {
      const before = outlet.clients().length;
      const subscriber = new Subscriber(await connect(how));
      for (const topic of topics) subscriber.subscribe(topic);
      const wanted = spec.datasets.filter((dataset) => topics.some((topic) => dataset.startsWith(topic)));
      await until("it is subscribed", () => outlet.clients()[before]?.datasets.length === wanted.length);
      return subscriber;
    },
  };
}

describe("ZeroMQ:", () => {
  test("a message is a dataset and a chunk of its records, of those that a topic begins", async (t) => {
    const { feed, outlet, subscriber } = await openHouse(t);
    const mem = await subscriber(["mem"]);
    const all = await subscriber([""]);
    const long = `${"x".repeat(300)}\n`;
    feed.push("memory", "a\n");
    feed.push("process", "b\nc\n", 2);
    feed.push("memory_1m", long);
    const expected = [
      ["memory", "a\n"],
      ["process", "b\nc\n"],
      ["memory_1m", long],
    ];
    await until("all has come", () => all.messages().length === 3 && mem.messages().length === 2);
    assert.deepEqual(all.messages(), expected);
    assert.deepEqual(
      mem.messages(),
      expected.filter(([dataset]) => dataset !== "process"),
    );
    assert.equal(outlet.sentRows(), 6);
    assert.deepEqual(
      outlet.clients().map(({ transport, datasets, sentRows }) => [transport, datasets, sentRows]),
      [
        ["zeromq", ["memory", "memory_1m"], 2],
        ["zeromq", ["memory", "process", "memory_1m"], 4],
      ],
    );
    assert.deepEqual(feed.wishes[0]?.wish, {
      datasets: ["memory"],
      format: "jsonl",
      framing: "message",
      columns: null,
      where: null,
      whenFull: "drop-oldest",
      from: { kind: "now" },
    });
  });

  test("nothing is asked of the feed but what somebody wants, for as long as somebody does", async (t) => {
    const { feed, outlet, connect } = await openHouse(t);
    const nobody = new Subscriber(await connect());
    await until("it is ready", () => outlet.clients().length === 1);
    nobody.subscribe("sensors");
    await turns(50);
    assert.deepEqual(feed.wishes, []);
    nobody.subscribe("memory");
    await until("it is asked", () => feed.open.size === 2);
    feed.push("memory", "a\n", 7);
    await until("it has come", () => nobody.messages().length === 1);
    nobody.cancel("memory");
    await until("it is let go", () => feed.open.size === 0);
    assert.deepEqual(outlet.clients()[0]!.datasets, []);
    assert.equal(outlet.clients()[0]!.sentRows, 7);
    nobody.subscribe("process");
    await until("it is asked again", () => feed.open.size === 1);
    nobody.peer.close();
    await until("it is gone", () => feed.open.size === 0);
    assert.deepEqual(outlet.clients(), []);
    assert.equal(outlet.sentRows(), 7);
  });

  test("one that changes its mind while it is being subscribed ends with what it wants", async (t) => {
    const { feed, outlet, connect } = await openHouse(t, { slow: true });
    const one = new Subscriber(await connect());
    one.subscribe("memory");
    await until("it is being asked", () => feed.wishes.length === 1);
    one.cancel("memory");
    one.subscribe("process");
    await turns(50);
    await until("it stands as it should", () => {
      feed.answer();
      return outlet.clients()[0]?.datasets.join() === "process" && feed.open.size === 1;
    });
  });

  test("one that does not read loses the oldest, and is told in a message of the dataset", async (t) => {
    const { feed, outlet, subscriber } = await openHouse(t, { queueChunks: 4 });
    const slow = await subscriber(["memory"], { paused: true });
    const quick = await subscriber(["memory"]);
    const record = `${"x".repeat(99_999)}\n`;
    let pushed = 0;
    while (outlet.clients()[0]!.droppedRows < 20) {
      assert.ok(pushed < 2000, "the kernel takes everything");
      feed.push("memory", record);
      feed.push("memory_1m", "small\n");
      pushed++;
      const bytes = pushed * 100_000;
      await until("the quick one has it", () => quick.peer.received.byteLength > bytes);
    }
    const { droppedRows } = outlet.clients()[0]!;
    assert.equal(outlet.clients()[1]!.droppedRows, 0);
    slow.peer.read();
    await until("it has the last", () => {
      const { queuedBytes } = outlet.clients()[0]!;
      return queuedBytes === 0;
    });
    feed.push("memory", "last\n");
    await until("that, too", () => slow.messages().at(-1)?.[1] === "last\n");
    const notices = slow
      .messages()
      .flatMap(([dataset, payload]) =>
        payload!.startsWith("{")
          ? [{ dataset, ...(JSON.parse(payload!) as { notice: string; rows: number }) }]
          : [],
      );
    assert.ok(notices.every(({ notice }) => notice === "dropped"));
    assert.equal(
      notices.reduce((rows, { rows: some }) => rows + some, 0),
      droppedRows,
    );
    const whole = slow.messages().filter(([, payload]) => payload === record).length;
    const lost = notices
      .filter(({ dataset }) => dataset === "memory")
      .reduce((rows, { rows: some }) => rows + some, 0);
    assert.equal(whole, pushed - lost);
  });

  for (const [what, ...sends] of [
    ["is no ZeroMQ", utf8.encode("GET / HTTP/1.1\r\n\r\n")],
    ["is no subscriber", GREETING, ready("PULL")],
    ["sends a frame that is too long", GREETING, ready(), Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0)],
    [
      "sends too many topics",
      GREETING,
      ready(),
      ...Array.from({ length: 257 }, (_, index) => encodeCommand("SUBSCRIBE", utf8.encode(`topic ${index}`))),
    ],
  ] as const) {
    test(`a peer that ${what} is cut off, and the others are not`, async (t) => {
      const { feed, outlet, log, connect, subscriber } = await openHouse(t);
      const good = await subscriber(["memory"]);
      const bad = await connect();
      for (const bytes of sends) bad.socket.write(bytes);
      await until("it is cut off", () => bad.isClosed || bad.hasEnded);
      await until("it is gone", () => outlet.clients().length === 1);
      assert.match(log[0]!.message, /cut off/);
      feed.push("memory", "a\n");
      await until("the good one has it", () => good.messages().length === 1);
    });
  }

  test("a peer that never says that it is ready is cut off after a while", async (t) => {
    const { clock, outlet, connect, subscriber } = await openHouse(t);
    await subscriber(["memory"]);
    const mute = await connect();
    mute.socket.write(GREETING);
    // From here on it is waited for.
    await until("it is greeted", () => mute.received.byteLength > 0);
    clock.advance(4999);
    await turns(50);
    assert.equal(mute.hasEnded || mute.isClosed, false);
    clock.advance(1);
    await until("it is cut off", () => mute.isClosed || mute.hasEnded);
    assert.equal(outlet.clients().length, 1);
  });

  test("a PING is answered", async (t) => {
    const { subscriber } = await openHouse(t);
    const { peer } = await subscriber(["memory"]);
    peer.socket.write(encodeCommand("PING", Uint8Array.of(0, 10, 42)));
    const pong = [...encodeCommand("PONG", Uint8Array.of(42)).subarray(2)].join();
    await until("it is", () => framesIn(peer.received).some(({ body }) => [...body].join() === pong));
  });

  test("one that cannot be given rows is cut off, to connect again", async (t) => {
    const { feed, connect } = await openHouse(t);
    feed.refusal = { ok: false, reason: "unavailable", message: "there are none" };
    const one = new Subscriber(await connect());
    one.subscribe("memory");
    await until("it is cut off", () => one.peer.isClosed || one.peer.hasEnded);
  });

  test("so many peers, and no more", async (t) => {
    const { outlet, connect } = await openHouse(t);
    for (let count = 0; count < MAX_OUTLET_CLIENTS; count++) new Subscriber(await connect());
    await until("all are ready", () => outlet.clients().length === MAX_OUTLET_CLIENTS);
    const beyond = await connect().catch(() => undefined);
    await until("it is cut off", () => beyond === undefined || beyond.isClosed || beyond.hasEnded);
    assert.equal(outlet.clients().length, MAX_OUTLET_CLIENTS);
  });

  test("closing gives what waits, then the end", async (t) => {
    const { feed, outlet, subscriber } = await openHouse(t);
    const one = await subscriber(["memory"]);
    feed.push("memory", "last\n");
    const closed = outlet.close();
    await until("it was told", () => one.peer.hasEnded);
    await closed;
    assert.deepEqual(one.messages(), [["memory", "last\n"]]);
    assert.equal(feed.open.size, 0);
  });
});

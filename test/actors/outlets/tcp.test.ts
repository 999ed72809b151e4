/** Rows over TCP, with real sockets. What the feed gives is in the test's hand. */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { STALL_MS } from "../../../actors/outlets/outlet.ts";
import { MAX_OUTLET_CLIENTS } from "../../../actors/outlets/protocol.ts";
import { openTcp } from "../../../actors/outlets/tcp.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { FakeFeed, type FakeFeedOptions } from "./fake-feed.ts";
import { type ListeningHouse, openListening } from "./listening-house.ts";
import { depsOf, Peer, tcpSpec, turns, until } from "./support.ts";

/** Its clients are subscribed. */
async function openHouse(
  t: TestContext,
  options: FakeFeedOptions & { readonly spec?: Parameters<typeof tcpSpec>[0] } = {},
): Promise<ListeningHouse> {
  const house = await openListening(t, (deps) => openTcp(tcpSpec(options.spec), deps), options);
  return {
    ...house,
    async connect(how) {
      const before = house.outlet.clients().length;
      const peer = await house.connect(how);
      await until("it is subscribed", () => house.outlet.clients().length > before);
      return peer;
    },
  };
}

/** What the kernel buffers differs from host to host: until it takes no more. @returns rows of 100 000 bytes that were pushed */
async function pushUntilQueued(feed: FakeFeed, outlet: ListeningHouse["outlet"]): Promise<number> {
  let pushed = 0;
  while (outlet.clients()[0]!.queuedBytes === 0) {
    assert.ok(pushed < 2000, "the kernel takes everything");
    feed.push("memory", "x".repeat(100_000));
    pushed++;
    await turns();
  }
  return pushed;
}

describe("TCP:", () => {
  test("whoever connects reads, each all of it, behind the preamble", async (t) => {
    const { feed, outlet, connect } = await openHouse(t, { preamble: "schema:" });
    const first = await connect();
    feed.push("memory", "a\n");
    await until("it has come", () => first.text === "schema:a\n");
    const second = await connect();
    feed.push("memory", "b\n", 3);
    feed.push("process", "not wanted\n");
    await until("all has come", () => first.text === "schema:a\nb\n" && second.text === "schema:b\n");
    assert.equal(outlet.sentRows(), 7);
    assert.deepEqual(
      outlet.clients().map(({ transport, datasets, sentRows }) => [transport, datasets, sentRows]),
      [
        ["tcp", ["memory"], 4],
        ["tcp", ["memory"], 3],
      ],
    );
    assert.deepEqual(feed.wishes[0]?.wish, {
      datasets: ["memory"],
      format: "jsonl",
      framing: "raw",
      columns: null,
      where: null,
      whenFull: "drop-oldest",
      from: { kind: "now" },
    });
  });

  test("one that goes is let go, and what it was sent still counts", async (t) => {
    const { feed, outlet, connect } = await openHouse(t);
    const peer = await connect();
    feed.push("memory", "a\n", 5);
    await until("it has come", () => peer.text === "a\n");
    peer.close();
    await until("it is gone", () => {
      // Until something is sent, it may have closed its own side only.
      feed.push("memory", "b\n", 0);
      return outlet.clients().length === 0;
    });
    assert.equal(feed.open.size, 0);
    assert.equal(outlet.sentRows(), 5);
  });

  test("one that has nothing to say and says so still reads", async (t) => {
    const { feed, outlet, connect } = await openHouse(t);
    const peer = await connect();
    peer.socket.end();
    await turns();
    feed.push("memory", "a\n");
    await until("it has come", () => peer.text === "a\n");
    assert.equal(outlet.clients().length, 1);
  });

  test("one that has said so and is slow is given all of it", async (t) => {
    const { feed, outlet, connect } = await openHouse(t, { queueChunks: 1000 });
    const peer = await connect({ paused: true });
    peer.socket.end();
    const pushed = await pushUntilQueued(feed, outlet);
    peer.read();
    await until("all has come", () => peer.received.byteLength === pushed * 100_000);
    assert.equal(outlet.clients().length, 1);
  });

  test("one that does not read is given no more than its socket takes, and told what it missed", async (t) => {
    const { feed, outlet, connect } = await openHouse(t, { queueChunks: 4 });
    const slow = await connect({ paused: true });
    const quick = await connect();
    const lineOf = (row: number) => `${String(row).padEnd(99_999, "x")}\n`;
    let pushed = 0;
    let mostQueued = 0;
    // What the kernel buffers differs from host to host: until it takes no more.
    while (outlet.clients()[0]!.droppedRows < 20) {
      feed.push("memory", lineOf(pushed));
      pushed++;
      mostQueued = Math.max(mostQueued, outlet.clients()[0]!.queuedBytes);
      assert.ok(pushed < 2000, "the kernel takes everything");
      await until("the quick one has it", () => quick.received.byteLength === pushed * 100_000);
    }
    assert.equal(mostQueued, 400_000);
    const { droppedRows } = outlet.clients()[0]!;
    assert.equal(outlet.clients()[1]!.droppedRows, 0);
    slow.read();
    await until("it has the rest", () => slow.text.endsWith(lineOf(pushed - 1)));
    // Each row is there, or told of where it would be. Told once, or in parts: the kernel may take some more in between.
    let [next, told] = [0, 0];
    for (const line of slow.text.trimEnd().split("\n")) {
      if (line.startsWith("{")) {
        const notice = JSON.parse(line) as { readonly rows: number; readonly next: number };
        next += notice.rows;
        told += notice.rows;
        assert.deepEqual(notice, { notice: "dropped", dataset: "memory", rows: notice.rows, next });
      } else assert.equal(line, lineOf(next++).trimEnd(), `row ${next - 1}`);
    }
    assert.deepEqual([next, told], [pushed, droppedRows]);
  });

  test("one that does not read is cut off where the outlet says so, and the others are not", async (t) => {
    const { feed, outlet, clock, connect } = await openHouse(t, {
      queueChunks: 4,
      spec: { whenFull: "disconnect" },
    });
    await connect({ paused: true });
    const quick = await connect();
    let pushed = 0;
    const push = async () => {
      feed.push("memory", "x".repeat(100_000));
      pushed++;
      await until("the quick one has it", () => quick.received.byteLength === pushed * 100_000);
    };
    // What the kernel buffers differs from host to host: until it takes no more.
    while (outlet.clients()[0]!.queuedBytes < 400_000) {
      assert.ok(pushed < 2000, "the kernel takes everything");
      await push();
    }
    await push();
    clock.advance(STALL_MS);
    await until("it is gone", () => outlet.clients().length === 1);
    await push();
    assert.equal(outlet.clients()[0]!.sentRows, pushed);
  });

  test("one that takes its time, and takes what comes, is not cut off", async (t) => {
    const { feed, outlet, clock, connect } = await openHouse(t, {
      queueChunks: 1000,
      spec: { whenFull: "disconnect" },
    });
    const peer = await connect({ paused: true });
    const pushed = await pushUntilQueued(feed, outlet);
    clock.advance(STALL_MS - 1);
    peer.read();
    await until("all has come", () => peer.received.byteLength === pushed * 100_000);
    // The outlet's own socket says only in the next turn that all was taken.
    await turns();
    clock.advance(STALL_MS);
    feed.push("memory", "last");
    await until("that, too", () => peer.text.endsWith("last"));
  });

  test("what a client sends is thrown away, and too much of it cuts it off", async (t) => {
    const { feed, outlet, connect } = await openHouse(t);
    const peer = await connect();
    peer.socket.write("GET / HTTP/1.1\r\n\r\n");
    feed.push("memory", "a\n");
    await until("it has come", () => peer.text === "a\n");
    peer.socket.write("x".repeat(70_000));
    await until("it is cut off", () => peer.isClosed && outlet.clients().length === 0);
    assert.equal(feed.open.size, 0);
  });

  test("so many clients, and no more; when one has gone there is room again", async (t) => {
    const { outlet, port, connect } = await openHouse(t);
    const peers: Peer[] = [];
    for (let count = 0; count < MAX_OUTLET_CLIENTS; count++) peers.push(await connect());
    const beyond = await Peer.open(port).catch(() => undefined);
    await until("it is cut off", () => beyond === undefined || beyond.isClosed || beyond.hasEnded);
    assert.equal(outlet.clients().length, MAX_OUTLET_CLIENTS);
    peers[0]!.socket.write("x".repeat(70_000));
    await until("one has gone", () => outlet.clients().length < MAX_OUTLET_CLIENTS);
    await connect();
  });

  test("one that cannot be given rows is cut off", async (t) => {
    const { feed, outlet, port } = await openHouse(t);
    feed.refusal = { ok: false, reason: "unavailable", message: "there are none" };
    const peer = await Peer.open(port);
    await until("it is cut off", () => peer.isClosed || peer.hasEnded);
    peer.close();
    assert.deepEqual(outlet.clients(), []);
  });

  test("one that goes before it is subscribed leaves nothing", async (t) => {
    const { feed, outlet, port } = await openHouse(t, { slow: true });
    const peer = await Peer.open(port);
    await until("it is being subscribed", () => feed.wishes.length === 1);
    peer.socket.resetAndDestroy?.();
    peer.close();
    await turns(50);
    feed.answer();
    await until("nothing is left", () => {
      feed.push("memory", "a\n");
      return feed.open.size === 0 && outlet.clients().length === 0;
    });
  });

  test("closing gives what waits, then the end, and frees the port", async (t) => {
    const { feed, outlet, port, connect } = await openHouse(t);
    const peer = await connect();
    feed.push("memory", "last\n");
    const closed = outlet.close();
    await until("it was told", () => peer.hasEnded);
    await closed;
    assert.equal(peer.text, "last\n");
    assert.deepEqual(outlet.clients(), []);
    assert.equal(outlet.sentRows(), 1);
    await assert.rejects(Peer.open(port));
    const again = await openTcp(tcpSpec({ port }), depsOf(feed));
    assert.ok(again.ok);
    await again.outlet.close();
  });

  test("closing waits no longer than a second for one that does not read", async (t) => {
    const { feed, outlet, clock, connect } = await openHouse(t, { queueChunks: 1000 });
    await connect({ paused: true });
    for (let count = 0; count < 200; count++) feed.push("memory", "x".repeat(100_000));
    let isClosed = false;
    const closed = outlet.close().then(() => {
      isClosed = true;
    });
    await turns(50);
    clock.advance(999);
    await turns(50);
    assert.equal(isClosed, false);
    clock.advance(1);
    await closed;
  });

  test("it ends with its rows: a client sees the end", async (t) => {
    const { feed, clock, connect } = await openHouse(t);
    const peer = await connect();
    feed.push("memory", "a\n");
    feed.end("broadcaster-gone");
    await until("it has ended", () => peer.hasEnded);
    assert.equal(peer.text, "a\n");
    clock.advance(1000);
  });

  for (const host of ["0.0.0.0", "::", "192.168.1.1", "example.com", "127.0.0.1.example.com", ""]) {
    test(`the host ${JSON.stringify(host)} is not listened on`, async () => {
      const opened = await openTcp(tcpSpec({ host }), depsOf(new FakeFeed()));
      assert.ok(!opened.ok);
      assert.equal(opened.reason, "not-loopback");
      assert.match(opened.message, /loopback.*(HTTPS|WebSocket).*tunnel/s);
    });
  }

  test("by the name localhost it is loopback's first address", async () => {
    const opened = await openTcp(tcpSpec({ host: "localhost" }), depsOf(new FakeFeed()));
    assert.ok(opened.ok && opened.outlet.spec.transport === "tcp");
    const peer = await Peer.open(opened.outlet.spec.port);
    peer.close();
    await opened.outlet.close();
  });

  test("a port that is taken is refused", async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => void other.close());
    const { port } = other.address() as { port: number };
    const opened = await openTcp(tcpSpec({ port }), depsOf(new FakeFeed()));
    assert.ok(!opened.ok);
    assert.equal(opened.reason, "address-taken");
    assert.match(opened.message, new RegExp(`port ${port} is taken`));
  });
});

/** The actor: which outlets there are, for how long, and that all of them end with it. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { CLOSE_MS } from "../../../actors/outlets/outlet.ts";
import { createOutlets } from "../../../actors/outlets/outlets.ts";
import {
  MAX_LEASE_MS,
  MAX_OUTLETS,
  OUTLETS,
  type OutletSpec,
  type OutletStatus,
  type OutletsMessage,
  type OutletsReplies,
} from "../../../actors/outlets/protocol.ts";
import { datasets } from "../../../datasets/index.ts";
import type { AskResult } from "../../../runtime/actor/types.ts";
import { type Inline, openInline } from "../../fixtures/actor-inline.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { FakeFeed } from "./fake-feed.ts";
import { Peer, pipeSpec, tcpSpec, turns, until, zeroMqSpec } from "./support.ts";

interface House extends Inline {
  readonly feed: FakeFeed;
  ask<M extends OutletsMessage>(message: M): Promise<OutletsReplies[M["kind"]]>;
  opened(spec: OutletSpec, leaseMs?: number | null): Promise<OutletStatus>;
  ids(): Promise<readonly string[]>;
}

async function openHouse(t: TestContext, outlets: readonly OutletSpec[] = []): Promise<House> {
  const feed = new FakeFeed();
  const inline = await openInline({
    actors: {
      [OUTLETS]: {
        make: (context) => createOutlets(context as never, feed, datasets),
        spec: { config: { outlets, queueBytes: 2 ** 20 } },
      },
    },
  });
  let isStopped = false;
  const house: House = {
    ...inline,
    feed,
    async ask<M extends OutletsMessage>(message: M) {
      type Reply = OutletsReplies[M["kind"]];
      let answer: AskResult<Reply> | undefined;
      const asked = inline.system.ask<Reply>(OUTLETS, message, 60_000).then((result) => {
        answer = result;
      });
      // Sockets are not the system's: real turns pass between its steps.
      while (answer === undefined) {
        await inline.settle();
        await turns(1);
      }
      await asked;
      assert.ok(answer.ok, `expected an answer; came ${JSON.stringify(answer)}`);
      return answer.value;
    },
    async opened(spec, leaseMs = null) {
      const answer = await house.ask({ kind: "outlet.open", spec, leaseMs });
      assert.ok(answer.ok, answer.ok ? "" : answer.message);
      return answer.outlet;
    },
    async ids() {
      return (await house.ask({ kind: "outlet.list" })).outlets.map(({ id }) => id);
    },
  };
  t.after(async () => {
    if (!isStopped) await stop(house);
    isStopped = true;
  });
  return house;
}

/**
 * Sockets close in real turns, and time passes for those that do not: no more than the outlets give them. The deadline by which an
 * actor must have stopped would come in a few real milliseconds.
 */
async function stop({ system, pass, settle }: House): Promise<void> {
  let isStopped = false;
  const stopped = system.stop().then(() => {
    isStopped = true;
  });
  for (let passed = 0; !isStopped; passed += 10) {
    if (passed <= CLOSE_MS) await pass(10);
    else await settle();
    await turns(1);
  }
  await stopped;
}

function portOf({ spec }: OutletStatus): number {
  assert.ok(spec.transport !== "pipe");
  return spec.port;
}

describe("The outlets:", () => {
  test("one is opened, told of with its clients, and closed", async (t) => {
    const { feed, ask, opened, clock } = await openHouse(t);
    const outlet = await opened(tcpSpec());
    assert.equal(outlet.openedMs, clock.nowMs());
    assert.equal(outlet.expiresMs, null);
    assert.deepEqual([outlet.clients, outlet.sentRows], [[], 0]);
    const peer = await Peer.open(portOf(outlet));
    await until("it is subscribed", () => feed.open.size === 1);
    feed.push("memory", "a\n", 3);
    await until("it has come", () => peer.text === "a\n");
    const { outlets } = await ask({ kind: "outlet.list" });
    assert.deepEqual(
      outlets.map(({ id, sentRows, clients }) => [id, sentRows, clients.length]),
      [[outlet.id, 3, 1]],
    );
    const closed = await ask({ kind: "outlet.close", id: outlet.id });
    assert.ok(closed.ok);
    assert.equal(closed.outlet.sentRows, 3);
    await until("its client sees the end", () => peer.hasEnded);
    assert.deepEqual((await ask({ kind: "outlet.list" })).outlets, []);
    const again = await ask({ kind: "outlet.close", id: outlet.id });
    assert.ok(!again.ok);
    assert.equal(again.reason, "unknown-outlet");
  });

  test("one with a lease closes when it is over, and each renewal begins it anew", async (t) => {
    const { ask, opened, ids, pass, clock } = await openHouse(t);
    const forEver = await opened(tcpSpec());
    const leased = await opened(tcpSpec(), 1000);
    assert.equal(leased.expiresMs, clock.nowMs() + 1000);
    await pass(900);
    const renewed = await ask({ kind: "outlet.renew", id: leased.id });
    assert.ok(renewed.ok);
    assert.equal(renewed.outlet.expiresMs, clock.nowMs() + 1000);
    await pass(990);
    assert.deepEqual(await ids(), [forEver.id, leased.id]);
    await pass(10);
    assert.deepEqual(await ids(), [forEver.id]);
    await until("its port is free", () => true);
    await assert.rejects(Peer.open(portOf(leased)));
    const late = await ask({ kind: "outlet.renew", id: leased.id });
    assert.ok(!late.ok);
    assert.equal(late.reason, "unknown-outlet");
    const kept = await ask({ kind: "outlet.renew", id: forEver.id });
    assert.ok(kept.ok && kept.outlet.expiresMs === null);
  });

  test("what cannot be had is refused when it is opened, and not when somebody connects", async (t) => {
    const { ask, feed } = await openHouse(t);
    for (const [spec, leaseMs, reason, said] of [
      [tcpSpec({ host: "0.0.0.0" }), null, "not-loopback", /tunnel/],
      [tcpSpec({ datasets: [] }), null, "bad-option", /datasets/],
      [tcpSpec({ datasets: ["nothing"] }), null, "unknown-dataset", /memory/],
      [tcpSpec({ columns: ["nothing"] }), null, "unknown-column", /timestamp/],
      [tcpSpec({ where: "nothing > 1" }), null, "bad-filter", /where/],
      [tcpSpec({ format: "arrow" }), null, "bad-option", /disconnect/],
      [tcpSpec({ format: "arrow", datasets: ["memory", "process"] }), null, "bad-option", /one schema/],
      [pipeSpec("relative/path"), null, "bad-option", /absolute/],
      [pipeSpec("/nul\0byte"), null, "bad-option", /absolute/],
      [tcpSpec(), 0, "bad-option", /leaseMs/],
      [tcpSpec(), MAX_LEASE_MS + 1, "bad-option", /leaseMs/],
      [tcpSpec(), 1.5, "bad-option", /leaseMs/],
    ] as const) {
      const answer = await ask({ kind: "outlet.open", spec, leaseMs });
      assert.ok(!answer.ok);
      assert.equal(answer.reason, reason, answer.message);
      assert.match(answer.message, said);
    }
    assert.deepEqual(feed.wishes, []);
  });

  test("Arrow of several datasets goes over ZeroMQ, whose messages are whole", async (t) => {
    const { opened } = await openHouse(t);
    await opened(zeroMqSpec({ format: "arrow", datasets: ["memory", "process"] }));
  });

  test("so many, and no more; also when they are asked for at once", async (t) => {
    const { ask, opened, ids, system, settle } = await openHouse(t);
    const first = await opened(tcpSpec());
    const answers = Array.from({ length: MAX_OUTLETS }, () =>
      system.ask<OutletsReplies["outlet.open"]>(OUTLETS, open(tcpSpec()), 60_000),
    );
    let count = 0;
    for (const answer of answers) void answer.then(() => count++);
    while (count < MAX_OUTLETS) {
      await settle();
      await turns(1);
    }
    const refused = (await Promise.all(answers)).flatMap((answer) =>
      answer.ok && !answer.value.ok ? [answer.value.reason] : [],
    );
    assert.deepEqual(refused, ["too-many"]);
    await ask({ kind: "outlet.close", id: first.id });
    await opened(tcpSpec());
    assert.equal((await ids()).length, MAX_OUTLETS);
  });

  test("a pipe has one outlet", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-outlets-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { ask, opened } = await openHouse(t);
    const path = join(folder, "rows.fifo");
    await opened(pipeSpec(path));
    for (const name of [path, `${folder}//rows.fifo`, `${folder}/x/../rows.fifo`]) {
      const again = await ask({ kind: "outlet.open", spec: pipeSpec(name), leaseMs: null });
      assert.ok(!again.ok, name);
      assert.equal(again.reason, "address-taken");
    }
  });

  test("those of the settings are open from the start, and tried again where they cannot be", async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const house = await openHouse(t, [tcpSpec({ port }), zeroMqSpec()]);
    const transports = async () =>
      (await house.ask({ kind: "outlet.list" })).outlets.map(({ spec }) => spec.transport);
    let open: readonly string[] = [];
    while (open.length < 1) {
      open = await transports();
      await turns(1);
    }
    assert.deepEqual(open, ["zeromq"]);
    await new Promise<void>((resolve) => other.close(() => resolve()));
    await house.pass(5000);
    while (open.length < 2) {
      open = await transports();
      await turns(1);
    }
    assert.deepEqual(open, ["zeromq", "tcp"]);
  });

  test("all end with the actor: clients see the end, ports are free, pipes are gone", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-outlets-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const house = await openHouse(t);
    const { feed, opened } = house;
    const path = join(folder, "rows.fifo");
    const tcp = await opened(tcpSpec(), 5000);
    await opened(pipeSpec(path));
    await opened(zeroMqSpec());
    const reader = await Peer.open(portOf(tcp));
    const silent = await Peer.open(portOf(tcp), { paused: true });
    await until("they are subscribed", () => feed.open.size === 2);
    feed.push("memory", "last\n");
    await stop(house);
    await until("the reader sees the end", () => reader.hasEnded);
    assert.equal(reader.text, "last\n");
    assert.equal(existsSync(path), false);
    assert.equal(feed.isClosed, true);
    assert.equal(feed.open.size, 0);
    await assert.rejects(Peer.open(portOf(tcp)));
    silent.close();
  });

  test("other messages are told that they are none", async (t) => {
    const { system, settle } = await openHouse(t);
    const answer = system.ask(OUTLETS, { kind: "outlet.nothing" }, 1000);
    await settle();
    const result = await answer;
    assert.ok(!result.ok);
    assert.match(result.message, /outlet\.open/);
  });
});

function open(spec: OutletSpec): OutletsMessage {
  return { kind: "outlet.open", spec, leaseMs: null };
}

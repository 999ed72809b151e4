/** An outlet that listens, on a real socket, with a feed and a clock in the test's hand. It is closed behind the test, and so are its peers. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { CLOSE_MS, type Outlet, type OutletDeps } from "../../../actors/outlets/outlet.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { LogLine } from "../../fixtures/kept-log.ts";
import { FakeFeed, type FakeFeedOptions } from "./fake-feed.ts";
import { depsOf, Peer } from "./support.ts";

export interface ListeningHouse {
  readonly feed: FakeFeed;
  readonly outlet: Outlet;
  readonly port: number;
  readonly clock: VirtualClock;
  readonly log: readonly LogLine[];
  connect(options?: { readonly paused?: boolean }): Promise<Peer>;
}

type Opened = { readonly ok: true; readonly outlet: Outlet } | { readonly ok: false };

export async function openListening(
  t: TestContext,
  open: (deps: OutletDeps) => Promise<Opened>,
  options: FakeFeedOptions,
): Promise<ListeningHouse> {
  const feed = new FakeFeed(options);
  const clock = new VirtualClock();
  const log: LogLine[] = [];
  const opened = await open(depsOf(feed, log, clock));
  assert.ok(opened.ok);
  const { outlet } = opened;
  const peers: Peer[] = [];
  t.after(async () => {
    for (const peer of peers) peer.close();
    const closed = outlet.close();
    clock.advance(CLOSE_MS);
    await closed;
  });
  assert.ok(outlet.spec.transport !== "pipe" && outlet.spec.port > 0);
  const { port } = outlet.spec;
  return {
    feed,
    outlet,
    port,
    clock,
    log,
    async connect(how) {
      const peer = await Peer.open(port, how);
      peers.push(peer);
      return peer;
    },
  };
}

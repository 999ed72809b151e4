/**
 * The outlets: places outside HTTP where rows come out (protocol.ts). Here is which there are, for how long, and that all of them
 * end with the actor. What an outlet does is in the file of its transport.
 *
 * Sockets call between the messages, on the same thread. Opening and closing wait, and no message waits for them.
 */

import { resolve as resolvePath } from "node:path";
import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { createFeed } from "../feed/feed.ts";
import type { Feed } from "../feed/subscription.ts";
import { type Refused, refuse } from "../refused.ts";
import { checkOutlet } from "./check-outlet.ts";
import type { Outlet, OutletDeps, OutletOpened } from "./outlet.ts";
import { openPipe } from "./pipe.ts";
import {
  MAX_LEASE_MS,
  MAX_OUTLET_CLIENTS,
  MAX_OUTLETS,
  type OutletPlace,
  type OutletSpec,
  type OutletStatus,
  type OutletsMessage,
  type OutletsReplies,
  placeText,
} from "./protocol.ts";
import { openTcp } from "./tcp.ts";
import { openZeroMq } from "./zeromq.ts";

/** Before an outlet of the settings that could not be opened is tried again. */
const RETRY_MS = 5000;
/** Over all outlets. A ZeroMQ subscriber has one a dataset that it wants. */
const MAX_SUBSCRIPTIONS = MAX_OUTLETS * MAX_OUTLET_CLIENTS;

export interface OutletsConfig {
  /** Opened when the actor starts, and kept open. */
  readonly outlets: readonly OutletSpec[];
  /** Bytes that wait for one client. */
  readonly queueBytes: number;
}

interface Opened {
  readonly outlet: Outlet;
  readonly openedMs: number;
  readonly leaseMs: number | null;
  expiresMs: number | null;
  lease: Timer | undefined;
}

export default function outlets(context: ActorContext<OutletsConfig>): Behaviour {
  const { queueBytes } = context.config;
  const feed = createFeed(context, { queueBytes, maxClients: MAX_SUBSCRIPTIONS, datasets: allDatasets });
  return createOutlets(context, feed, allDatasets);
}

export function createOutlets(
  context: ActorContext<OutletsConfig>,
  feed: Feed,
  datasets: readonly Dataset[],
): Behaviour {
  const { clock, log } = context;
  const open = new Map<string, Opened>();
  /** Places that are being opened. */
  const opening = new Set<OutletPlace>();
  /** Openings and closings under way. */
  const underWay = new Set<Promise<unknown>>();
  // Numbers of a life before a restart do not come again: whoever holds one would renew another one's outlet.
  const life = clock.nowMs().toString(36);
  let lastNumber = 0;
  let isStopping = false;

  async function openOne(wanted: OutletSpec, leaseMs: number | null): Promise<OutletsReplies["outlet.open"]> {
    const fault = checkOutlet(wanted, datasets) ?? checkLease(leaseMs);
    if (fault !== undefined) return fault;
    // As one path has many names, and two writers would mix their records in one pipe.
    const spec = wanted.transport === "pipe" ? { ...wanted, path: resolvePath(wanted.path) } : wanted;
    const full = checkRoom(spec);
    if (full !== undefined) return full;
    opening.add(spec);
    let opened: OutletOpened;
    try {
      opened = await openPlace(spec, { feed, clock, log });
    } finally {
      // In one turn with its being open: nobody finds room in between.
      opening.delete(spec);
    }
    if (!opened.ok) return opened;
    const { outlet } = opened;
    if (isStopping) {
      await outlet.close();
      return refuse("unavailable", "the outlets are being stopped: try again when they are started");
    }
    const id = `${spec.transport}-${life}-${++lastNumber}`;
    const place = placeText(outlet.spec);
    const one: Opened = { outlet, openedMs: clock.nowMs(), leaseMs, expiresMs: null, lease: undefined };
    open.set(id, one);
    renew(id, one);
    log.info("the outlet {place} was opened", { place });
    return { ok: true, outlet: statusOf(id, one) };
  }

  function checkRoom(spec: OutletSpec): Refused<"too-many" | "address-taken"> | undefined {
    if (open.size + opening.size >= MAX_OUTLETS) {
      return refuse(
        "too-many",
        `${MAX_OUTLETS} outlets are open, which is the most: close one, or use one of them`,
      );
    }
    const taken = [...opening, ...[...open.values()].map(({ outlet }) => outlet.spec)];
    if (spec.transport !== "pipe" || !taken.some((other) => placeText(other) === placeText(spec)))
      return undefined;
    return refuse(
      "address-taken",
      `there is an outlet at ${spec.path} already: close it, or choose another path`,
    );
  }

  function renew(id: string, one: Opened): void {
    one.lease?.cancel();
    if (one.leaseMs === null) return;
    one.expiresMs = clock.nowMs() + one.leaseMs;
    one.lease = context.after(one.leaseMs, () => {
      const place = placeText(one.outlet.spec);
      log.info("the outlet {place} was closed: its lease is over", { place });
      close(id, one);
    });
  }

  function close(id: string, one: Opened): void {
    open.delete(id);
    one.lease?.cancel();
    void track(one.outlet.close());
  }

  /** Sees to it that the actor does not end before. */
  function track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
    return tracked;
  }

  /** Those of the settings: whoever has the port may give it back. */
  async function openConfigured(spec: OutletSpec): Promise<void> {
    const opened = await track(openOne(spec, null));
    if (opened.ok || isStopping) return;
    const place = placeText(spec);
    log.error("the outlet {place} could not be opened: {reason}", { place, reason: opened.message });
    context.after(RETRY_MS, () => void openConfigured(spec));
  }

  function statusOf(id: string, { outlet, openedMs, expiresMs }: Opened): OutletStatus {
    const { spec } = outlet;
    return { id, spec, openedMs, expiresMs, clients: outlet.clients(), sentRows: outlet.sentRows() };
  }

  function withOutlet(id: string, use: (one: Opened) => void): OutletsReplies["outlet.renew"] {
    const one = open.get(id);
    if (one === undefined) {
      return refuse(
        "unknown-outlet",
        "there is no such outlet: it was closed, or its lease is over; open it again",
      );
    }
    use(one);
    return { ok: true, outlet: statusOf(id, one) };
  }

  for (const spec of context.config.outlets) void openConfigured(spec);

  return {
    receive(message: Message, reply: Reply) {
      const asked = message as OutletsMessage;
      switch (asked.kind) {
        case "outlet.open":
          // Not awaited: other messages get through meanwhile.
          void track(openOne(asked.spec, asked.leaseMs)).then(reply);
          return;
        case "outlet.renew":
          return reply(withOutlet(asked.id, (one) => renew(asked.id, one)));
        case "outlet.close":
          return reply(withOutlet(asked.id, (one) => close(asked.id, one)));
        case "outlet.list":
          return reply({
            ok: true,
            outlets: [...open].map(([id, one]) => statusOf(id, one)),
          } satisfies OutletsReplies["outlet.list"]);
        default:
          return reply.fail(`the outlets take outlet.open, .renew, .close and .list; came ${message.kind}`);
      }
    },
    async stop() {
      isStopping = true;
      for (const [id, one] of open) close(id, one);
      await Promise.all(underWay);
      feed.close();
    },
  };
}

function openPlace(spec: OutletSpec, deps: OutletDeps): Promise<OutletOpened> {
  switch (spec.transport) {
    case "tcp":
      return openTcp(spec, deps);
    case "zeromq":
      return openZeroMq(spec, deps);
    case "pipe":
      return openPipe(spec, deps);
  }
}

function checkLease(leaseMs: number | null): Refused<"bad-option"> | undefined {
  if (leaseMs === null || (Number.isInteger(leaseMs) && leaseMs > 0 && leaseMs <= MAX_LEASE_MS))
    return undefined;
  return refuse(
    "bad-option",
    `leaseMs: expected a whole number from 1 to ${MAX_LEASE_MS}, or none; came ${leaseMs}`,
  );
}

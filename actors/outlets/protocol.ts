/**
 * What the outlets are asked. An **outlet** is a place outside HTTP where rows come out: a TCP port that whoever connects
 * reads from, a named pipe, a ZeroMQ PUB socket (topic = dataset). It is opened by settings, over HTTP, or by
 * `millrace export --stream`, and closed when it is asked to, or when its lease is over.
 *
 * None of the three knows a password, so an outlet listens on loopback addresses alone; a pipe is its owner's (0600).
 */

import type { StreamFormat } from "../../datasets/records/format.ts";
import type { ClientView, SubscribeRefusal, WhenFull } from "../feed/subscription.ts";
import type { Refused } from "../refused.ts";

/** Name of the actor in the system. */
export const OUTLETS = "outlets";
/** Outlets that there may be at once, and clients of one of them. */
export const MAX_OUTLETS = 16;
export const MAX_OUTLET_CLIENTS = 64;
/** Longest lease. */
export const MAX_LEASE_MS = 3_600_000;

export type OutletPlace =
  | { readonly transport: "tcp"; readonly host: string; readonly port: number }
  | { readonly transport: "zeromq"; readonly host: string; readonly port: number }
  /** Made (0600) when it is not there. */
  | { readonly transport: "pipe"; readonly path: string };

export type OutletSpec = OutletPlace & {
  readonly datasets: readonly string[];
  readonly format: StreamFormat;
  readonly columns: readonly string[] | null;
  readonly where: string | null;
  readonly whenFull: WhenFull;
};

export interface OutletStatus {
  readonly id: string;
  /** The port is the one that was taken. */
  readonly spec: OutletSpec;
  readonly openedMs: number;
  /** When it closes by itself; null: never. */
  readonly expiresMs: number | null;
  readonly clients: readonly ClientView[];
  /** Rows sent since it was opened, also to clients that have gone. */
  readonly sentRows: number;
}

export type OutletsMessage =
  | { readonly kind: "outlet.open"; readonly spec: OutletSpec; readonly leaseMs: number | null }
  /** Begins the lease anew. */
  | { readonly kind: "outlet.renew"; readonly id: string }
  | { readonly kind: "outlet.close"; readonly id: string }
  | { readonly kind: "outlet.list" };

export type OutletRefusal =
  | SubscribeRefusal
  | "address-taken"
  | "address-refused"
  | "not-loopback"
  | "not-a-pipe"
  | "not-here";

export interface OutletsReplies {
  readonly "outlet.open": { readonly ok: true; readonly outlet: OutletStatus } | Refused<OutletRefusal>;
  readonly "outlet.renew": { readonly ok: true; readonly outlet: OutletStatus } | Refused<"unknown-outlet">;
  readonly "outlet.close": { readonly ok: true; readonly outlet: OutletStatus } | Refused<"unknown-outlet">;
  readonly "outlet.list": { readonly ok: true; readonly outlets: readonly OutletStatus[] };
}

/** The place of an outlet, without what comes out of it: `tcp://127.0.0.1:9999`, `pipe:///run/x.fifo`. */
export function placeText(place: OutletPlace): string {
  if (place.transport === "pipe") return `pipe://${place.path}`;
  return `${place.transport}://${place.host.includes(":") ? `[${place.host}]` : place.host}:${place.port}`;
}

/** A ZeroMQ message is whole by itself; elsewhere chunks make one stream. */
export function framingOf(transport: OutletPlace["transport"]): "message" | "raw" {
  return transport === "zeromq" ? "message" : "raw";
}

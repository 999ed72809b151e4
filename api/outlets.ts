/** Outlets of a running Millrace: places outside HTTP where its rows come out. The server opens them; programs read from them. */

import type { WhenFull } from "../actors/feed/subscription.ts";
import type { Refused } from "../actors/refused.ts";
import type { StreamFormat } from "../datasets/records/format.ts";
import { type OutletView, outletPath } from "../http/outlet-view.ts";
import type { ChannelRefusal, HttpChannel } from "./http-channel.ts";
import type { StatsRefusal } from "./store-client.ts";

/** A TCP port, a ZeroMQ publisher (topic = dataset), both on a loopback address, or a named pipe. */
export type OutletAt =
  | {
      readonly transport: "tcp" | "zeromq";
      /** Default: 127.0.0.1. */
      readonly host?: string;
      /** 0: any free one. */
      readonly port: number;
    }
  /** An absolute path on the server's host; made, mode 0600, when nothing is there. */
  | { readonly transport: "pipe"; readonly path: string };

export type OutletOptions = OutletAt & {
  /** Default: all. */
  readonly datasets?: readonly string[];
  /** Default: jsonl. */
  readonly format?: StreamFormat;
  /** Public columns of one dataset, in the order they are to have. Default: all. */
  readonly columns?: readonly string[];
  /** Which rows, such as `used_percent > 90`. Default: all. */
  readonly where?: string;
  /** What becomes of rows for which a client's queue has no room. Default: drop-oldest; Arrow over TCP or a pipe: disconnect. */
  readonly whenFull?: WhenFull;
  /** It closes by itself after so long without `renewOutlet`; at most an hour. Default: never. */
  readonly leaseMs?: number;
};

export type OutletOpenRefusal =
  | StatsRefusal
  | "unknown-dataset"
  | "unknown-column"
  | "bad-filter"
  | "bad-option"
  | "too-many"
  | "unavailable"
  | "address-taken"
  | "address-refused"
  | "not-loopback"
  | "not-a-pipe"
  | "not-here";

type Told = { readonly ok: true; readonly outlet: OutletView };

export interface OutletClient {
  openOutlet(options: OutletOptions): Promise<Told | Refused<OutletOpenRefusal>>;
  /** Begins its lease anew. @returns it with its clients */
  renewOutlet(id: string): Promise<Told | Refused<StatsRefusal | "unknown-outlet">>;
  /** Its clients are given what waits for them, for up to a second. @returns it as it was */
  closeOutlet(id: string): Promise<Told | Refused<StatsRefusal | "unknown-outlet">>;
  outlets(): Promise<{ readonly ok: true; readonly outlets: readonly OutletView[] } | Refused<StatsRefusal>>;
}

/** @param closing aborted when the client was closed */
export function outletClient(channel: HttpChannel, closing: AbortSignal): OutletClient {
  async function ask<R extends string>(path: string, method: "POST" | "DELETE", body?: unknown) {
    const asked = await channel.askJson<OutletView>(path, { method, body, signal: closing });
    return asked.ok ? { ok: true as const, outlet: asked.value } : refused<R>(asked, closing);
  }
  return {
    openOutlet: (options) => ask<OutletOpenRefusal>("/v1/outlets", "POST", options),
    renewOutlet: (id) => ask<StatsRefusal | "unknown-outlet">(`${outletPath(id)}/renew`, "POST"),
    closeOutlet: (id) => ask<StatsRefusal | "unknown-outlet">(outletPath(id), "DELETE"),
    async outlets() {
      const asked = await channel.askJson<{ outlets: readonly OutletView[] }>("/v1/outlets", {
        signal: closing,
      });
      return asked.ok ? { ok: true, outlets: asked.value.outlets } : refused<StatsRefusal>(asked, closing);
    },
  };
}

function refused<R extends string>(refusal: ChannelRefusal, closing: AbortSignal): Refused<R> {
  if (closing.aborted)
    return { ok: false, reason: "closed" as R, message: "the connection was closed; open it again" };
  return refusal as Refused<R>;
}

/** A server that a test makes up, behind `fetch`: what came, and what it answers. */

import { setImmediate } from "node:timers";
import type { ClientOptions } from "../../client/index.ts";
import { type Client, createClient } from "../../client/index.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { unpacked } from "./unpack.ts";

export interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string;
  /** As it was when it came. */
  readonly body: Uint8Array;
  readonly rows: readonly unknown[];
  readonly signal: AbortSignal;
}

export type Answering = (sent: Sent, number: number) => Response | Promise<Response>;

export const URL_OF_SERVER = "http://server:8787";

/** All rows of it are good. */
export const taken: Answering = ({ rows }) => answer(rows.length);

export function answer(accepted: number, rejected = 0, more: object = {}, status = 202): Response {
  const body = { accepted, rejected, rejections: [], reasons: {}, repeated: 0, ...more };
  return new Response(JSON.stringify(body), { status });
}

export function refusal(status: number, headers: Record<string, string> = {}, detail = "why"): Response {
  return new Response(JSON.stringify({ status, detail }), { status, headers });
}

export function openClient(answering: Answering, options: Partial<ClientOptions> = {}) {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const client: Client = createClient({
    url: URL_OF_SERVER,
    dataset: "compression_telemetry",
    clock,
    random: () => 0.5,
    fetch: async (url, init) => {
      const headers = init.headers as Record<string, string>;
      const body = (init.body as Uint8Array).slice();
      const rows = headers["content-encoding"] === undefined ? unpacked(body) : [];
      const one: Sent = { url, headers, key: headers["idempotency-key"]!, body, rows, signal: init.signal! };
      sent.push(one);
      return answering(one, sent.length);
    },
    ...options,
  });
  return {
    client,
    clock,
    sent,
    /** Time passes, and everything happens that is due. */
    async pass(ms: number): Promise<void> {
      clock.advance(ms);
      await settle();
    },
  };
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A request that is never answered, but ends when it is given up. */
export const silent: Answering = ({ signal }) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(new Error("aborted"));
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });

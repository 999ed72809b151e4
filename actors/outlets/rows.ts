/**
 * The rows that one client of an outlet is given, as bytes. What the feed heals (the broadcaster started again, rows lost on the
 * way) is not seen here; an end is one that cannot be healed, and ends the client's connection.
 */

import type { Framing } from "../../datasets/records/format.ts";
import { encodeNotice } from "../../datasets/records/notice.ts";
import type {
  ClientView,
  EndReason,
  Feed,
  FeedClient,
  Item,
  SubscribeRefusal,
} from "../feed/subscription.ts";
import type { Refused } from "../refused.ts";
import type { OutletSpec } from "./protocol.ts";

export type RowsItem =
  /** A chunk's records, or a notice. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end"; readonly reason: EndReason };

export type RowsOpened = { readonly ok: true; readonly rows: Rows } | Refused<SubscribeRefusal>;

type RowsFraming = Exclude<Framing, "sse">;

export class Rows {
  readonly #client: FeedClient;
  readonly #spec: OutletSpec;
  readonly #framing: RowsFraming;

  /** @param framing `raw`, or `message`, of which the payload alone is given: records that need nothing before them */
  static async open(
    feed: Feed,
    spec: OutletSpec,
    datasets: readonly string[],
    framing: RowsFraming = "raw",
  ): Promise<RowsOpened> {
    const { transport, format, columns, where, whenFull } = spec;
    const from = { kind: "now" } as const;
    const wish = { datasets, format, framing, columns, where, whenFull, from };
    const subscribed = await feed.subscribe(transport, wish);
    return subscribed.ok ? { ok: true, rows: new Rows(subscribed.client, spec, framing) } : subscribed;
  }

  private constructor(client: FeedClient, spec: OutletSpec, framing: RowsFraming) {
    this.#client = client;
    this.#spec = spec;
    this.#framing = framing;
  }

  /** What a raw stream begins with. */
  get preamble(): Uint8Array<ArrayBuffer> {
    return this.#client.preamble;
  }

  /** The next item, or undefined: nothing waits. After `end` nothing follows. */
  take(): RowsItem | undefined {
    for (let item = this.#client.take(); item !== undefined; item = this.#client.take()) {
      if (item.kind === "end") return item;
      const bytes = this.#bytesOf(item);
      if (bytes !== undefined) return { kind: "bytes", bytes };
    }
    return undefined;
  }

  /** Called when something waits again after `take` gave nothing. Replaces the one before. */
  onReady(ready: () => void): void {
    this.#client.onReady(ready);
  }

  view(): ClientView {
    return this.#client.view();
  }

  /** Ends it. May be called again. */
  close(): void {
    this.#client.close();
  }

  /** Undefined for what the format cannot tell. */
  #bytesOf(item: Exclude<Item, { kind: "end" }>): Uint8Array<ArrayBuffer> | undefined {
    if (item.kind === "notice") return encodeNotice(item.notice, this.#spec.format, "raw");
    return this.#framing === "message" ? payloadOf(item.bytes) : item.bytes;
  }
}

const LINE_FEED = 0x0a;

/** What stands behind the line that a `message` begins with. */
function payloadOf(message: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return message.subarray(message.indexOf(LINE_FEED) + 1);
}

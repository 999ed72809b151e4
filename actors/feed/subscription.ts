/** What a live client wants, and what it then has: the words of the feed (feed.ts), which every transport shares. */

import type { Framing, Notice, StreamFormat } from "../../datasets/records/format.ts";
import type { Positions } from "../broadcaster/positions.ts";
import type { TapRefusal } from "../broadcaster/protocol.ts";
import type { Refused } from "../refused.ts";

export const TRANSPORTS = ["sse", "http", "websocket", "tcp", "pipe", "zeromq"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What becomes of rows for which a client's queue has no room. */
export const WHEN_FULL = ["drop-oldest", "disconnect"] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

/** Bytes that wait for one client, where nothing else is said. */
export const DEFAULT_QUEUE_BYTES = 4 * 2 ** 20;

/** Where a subscription begins. Default: with the next batch. */
export type From =
  | { readonly kind: "now" }
  /** After what a client had before. A dataset without a position begins with the next batch. */
  | { readonly kind: "positions"; readonly positions: Positions }
  /** With rows of this event time, as far back as the log goes. */
  | { readonly kind: "since"; readonly sinceMs: number };

export interface Subscription {
  /** At least one; an Arrow stream in framing `raw` takes no more. */
  readonly datasets: readonly string[];
  readonly format: StreamFormat;
  readonly framing: Framing;
  /** Public columns, of one dataset; null: all. */
  readonly columns: readonly string[] | null;
  readonly where: string | null;
  readonly from: From;
  /** An Arrow stream in framing `raw` cannot tell of dropped rows, and so takes `disconnect` alone. */
  readonly whenFull: WhenFull;
  /** `sse`: ids are positions in every dataset. Default: when there are several. */
  readonly positions?: boolean;
}

export type SubscribeRefusal = TapRefusal | "unavailable";

/** What of a subscription can be changed while it goes on. */
export interface SubscriptionChange {
  readonly columns: readonly string[] | null;
  readonly where: string | null;
}

/** `positions`: numbers of the first rows that come in the new way. */
export type Changed = { readonly ok: true; readonly positions: Positions } | Refused<SubscribeRefusal>;

/**
 * Why a subscription ended though nobody closed it. `full`: it wanted `disconnect` and did not keep up. `broadcaster-gone`,
 * `replay-failed`: the actor did not come back, or the log could not be read. `closing`: the process ends.
 */
export type EndReason = "full" | "broadcaster-gone" | "replay-failed" | "closing";

/** What waits for a client, oldest first. */
export type Item =
  | {
      readonly kind: "chunk";
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly dataset: string;
      readonly rows: number;
      /** Position behind it. */
      readonly next: number;
      /** For a transport that sends text: the same, decoded once for all clients. */
      text(): string;
    }
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "end"; readonly reason: EndReason };

export interface ClientView {
  readonly id: string;
  readonly transport: Transport;
  readonly datasets: readonly string[];
  readonly format: StreamFormat;
  readonly whenFull: WhenFull;
  /** `replay` while it is given what the log has, `live` afterwards. */
  readonly state: "replay" | "live";
  readonly queuedBytes: number;
  readonly sentRows: number;
  readonly sentBytes: number;
  readonly droppedRows: number;
  readonly sinceMs: number;
}

/** One subscription of one client. Not for several threads. */
export interface FeedClient {
  readonly id: string;
  /** What `MessageHead.subscription` says; the same for all clients of the same tap of one dataset. Keyed by dataset. */
  readonly subscriptions: Readonly<Record<string, number>>;
  /** What a raw stream begins with. */
  readonly preamble: Uint8Array<ArrayBuffer>;
  /**
   * Where it stands: of each dataset the number of the row behind the last that `take` gave or told of; before the first, the
   * number of the first row that will come. A new subscription from there goes on without a gap or a double.
   */
  positions(): Positions;
  /** The next item, or undefined: nothing waits. After `end` nothing follows. */
  take(): Item | undefined;
  /**
   * Called when something waits again after `take` gave nothing (or was not asked yet), once until `take` gives nothing again;
   * at once when it waits already. Replaces the one before. What it throws ends the subscription.
   */
  onReady(ready: () => void): void;
  /**
   * Changes columns and filter from an exact row on: no row is lost or doubled. What waits already comes as it was. `subscriptions`
   * may be others afterwards. An Arrow stream in framing `raw` keeps its columns.
   */
  change(wish: SubscriptionChange): Promise<Changed>;
  view(): ClientView;
  /** Ends it. May be called again. */
  close(): void;
}

export type Subscribed = { readonly ok: true; readonly client: FeedClient } | Refused<SubscribeRefusal>;

export interface FeedTotals {
  readonly sentRows: number;
  readonly sentBytes: number;
  /** Rows for which a client's queue had no room. */
  readonly droppedRows: number;
}

/** The one way from the broadcaster to many clients. One for HTTP, one for the outlets. */
export interface Feed {
  subscribe(transport: Transport, wish: Subscription): Promise<Subscribed>;
  clients(): readonly ClientView[];
  /** Of all clients since it was made, those that have gone too. */
  totals(): FeedTotals;
  /** Ends every subscription (`closing`). */
  close(): void;
}

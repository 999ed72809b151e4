/**
 * A WebSocket that rows go out on: one subscription that its address names, or as many as its client asks for. It takes from
 * the feed while the socket holds less than WRITE_BYTES, from one subscription after the other, and goes on when the socket has
 * drained. So a slow client's rows wait in its queues at the feed and nowhere else.
 */

import type { Feed, FeedClient, Item, Subscription } from "../../actors/feed/subscription.ts";
import type { Clock } from "../../runtime/clock.ts";
import { GOING_AWAY, type Socket, type SocketHandlers } from "../../runtime/platform/index.ts";
import { BEAT_MS, MAX_SUBSCRIPTIONS, STALL_MS, WRITE_BYTES } from "./limits.ts";
import { QuietTimer } from "./quiet-timer.ts";
import {
  type ClientMessage,
  type FilterMessage,
  readMessage,
  refused,
  type ServerMessage,
  type SubscribeMessage,
} from "./socket-messages.ts";
import { type Known, wishOf } from "./wish.ts";

/** Who does not read what it asked for is cut when so much waits for it. */
const MAX_UNREAD_BYTES = 2 * WRITE_BYTES;
const TRY_AGAIN_LATER = 1013;

export interface RowSocketOptions {
  readonly feed: Pick<Feed, "subscribe">;
  readonly clock: Clock;
  known(): Known;
  /** The subscription of a socket that has only this one, and closes with it. */
  readonly only?: { readonly ref: string; readonly wish: Subscription; readonly client: FeedClient };
  /** Something threw that is not to throw. The socket is cut. */
  onFault(error: unknown): void;
  /** Called once, when the socket has closed. */
  onEnd(): void;
}

interface Entry {
  readonly ref: string;
  wish: Subscription;
  /** Undefined until the feed has answered. */
  client: FeedClient | undefined;
  /** Something is asked of the feed for it. */
  isBusy: boolean;
}

export class RowSocket implements SocketHandlers {
  readonly #options: RowSocketOptions;
  readonly #entries = new Map<string, Entry>();
  /** Those from which something may be taken. */
  readonly #ready = new Set<Entry>();
  #socket: Socket | undefined;
  #quiet: QuietTimer | undefined;

  constructor(options: RowSocketOptions) {
    this.#options = options;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    const { clock, only } = this.#options;
    this.#quiet = new QuietTimer(clock, BEAT_MS, (sinceMs) => this.#onQuiet(sinceMs));
    if (only === undefined) return;
    const entry: Entry = { ...only, isBusy: false };
    this.#entries.set(only.ref, entry);
    this.#begin(entry, only.client);
  }

  message(socket: Socket, data: string | Uint8Array): void {
    if (socket.bufferedBytes > MAX_UNREAD_BYTES) {
      socket.cut();
      return;
    }
    const read = readMessage(data);
    if (!("ok" in read)) {
      this.#say(read);
      return;
    }
    this.#obey(read.message).catch((error: unknown) => {
      this.#options.onFault(error);
      socket.cut();
    });
  }

  drain(): void {
    this.#quiet?.touch();
    this.#pump();
  }

  close(): void {
    this.#socket = undefined;
    this.#quiet?.stop();
    // It may never have been open.
    this.#options.only?.client.close();
    for (const { client } of this.#entries.values()) client?.close();
    this.#entries.clear();
    this.#ready.clear();
    this.#options.onEnd();
  }

  async #obey(message: ClientMessage): Promise<void> {
    const { op } = message;
    if (op === "ping") return this.#say({ op: "pong" });
    if (op !== "filter" && this.#options.only !== undefined) {
      const text = "this socket has its one subscription; /v1/streams takes several";
      return this.#say(refused(message.ref, "one-subscription", text));
    }
    if (op === "subscribe") return this.#subscribe(message);
    const entry = this.#entries.get(message.ref);
    if (entry === undefined) {
      return this.#say(
        refused(message.ref, "unknown-ref", "expected the ref of a subscription of this socket"),
      );
    }
    if (op === "filter") return this.#filter(entry, message);
    this.#remove(entry);
    this.#say({ op: "unsubscribed", ref: entry.ref });
  }

  async #subscribe(message: SubscribeMessage): Promise<void> {
    const { ref, datasets, format, columns, where, since, positions, whenFull } = message;
    if (this.#entries.has(ref)) {
      return this.#say(refused(ref, "ref-taken", "expected a ref that no subscription of this socket has"));
    }
    if (this.#entries.size >= MAX_SUBSCRIPTIONS) {
      return this.#say(refused(ref, "too-many", `a socket has at most ${MAX_SUBSCRIPTIONS} subscriptions`));
    }
    const parts = {
      datasets,
      format,
      columns: columns ?? undefined,
      where: where ?? undefined,
      since,
      positions,
    };
    const read = wishOf({ ...parts, whenFull }, "message", this.#options.known());
    if (!read.ok) {
      const { parameter, expected, came } = read;
      return this.#say(refused(ref, "bad-parameter", `${parameter}: expected ${expected}; came ${came}`));
    }
    const entry: Entry = { ref, wish: read.wish, client: undefined, isBusy: true };
    this.#entries.set(ref, entry);
    const subscribed = await this.#options.feed.subscribe("websocket", entry.wish);
    if (this.#entries.get(ref) !== entry) {
      // The client has gone, or does not want it any more.
      if (subscribed.ok) subscribed.client.close();
      return;
    }
    if (!subscribed.ok) {
      this.#remove(entry);
      return this.#say(refused(ref, subscribed.reason, subscribed.message));
    }
    this.#begin(entry, subscribed.client);
  }

  /** What waits already comes as it was: the answer says from which rows on the change holds. */
  async #filter(entry: Entry, { where, columns }: FilterMessage): Promise<void> {
    const { ref, wish, client } = entry;
    if (entry.isBusy || client === undefined) {
      return this.#say(
        refused(ref, "busy", "expected an answer to the subscription before; try again after it"),
      );
    }
    const change = {
      columns: columns === undefined ? wish.columns : columns,
      where: where === undefined ? wish.where : where,
    };
    entry.isBusy = true;
    const changed = await client.change(change);
    entry.isBusy = false;
    if (this.#entries.get(ref) !== entry) return;
    if (!changed.ok) {
      return this.#say(refused(ref, changed.reason, changed.message));
    }
    entry.wish = { ...wish, ...change };
    const { subscriptions } = client;
    this.#say({ op: "filtered", ref, subscriptions, positions: changed.positions });
  }

  #begin(entry: Entry, client: FeedClient): void {
    entry.client = client;
    entry.isBusy = false;
    const { subscriptions } = client;
    this.#say({ op: "subscribed", ref: entry.ref, subscriptions, positions: client.positions() });
    client.onReady(() => {
      this.#ready.add(entry);
      this.#pump();
    });
    this.#ready.add(entry);
    this.#pump();
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.ref);
    this.#ready.delete(entry);
    entry.client?.close();
  }

  #pump(): void {
    if (this.#ready.size > 0) this.#socket?.together(() => this.#fill());
  }

  #fill(): void {
    while (this.#ready.size > 0) {
      for (const entry of this.#ready) {
        const socket = this.#socket;
        if (socket === undefined || socket.bufferedBytes >= WRITE_BYTES) return;
        const item = entry.client?.take();
        if (item === undefined) this.#ready.delete(entry);
        else this.#give(entry, item);
      }
    }
  }

  #give(entry: Entry, item: Item): void {
    const { ref, wish } = entry;
    if (item.kind === "chunk") {
      if (item.bytes.byteLength > 0) this.#send(wish.format === "jsonl" ? item.text() : item.bytes);
      return;
    }
    if (item.kind === "notice") {
      this.#say({ op: "notice", ref, ...item.notice });
      return;
    }
    this.#say({ op: "ended", ref, reason: item.reason });
    this.#remove(entry);
    if (this.#options.only === undefined) return;
    this.#socket?.close(item.reason === "closing" ? GOING_AWAY : TRY_AGAIN_LATER, item.reason);
  }

  #say(message: ServerMessage): void {
    this.#send(JSON.stringify(message));
  }

  #send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#quiet?.touch();
    this.#socket?.send(data);
  }

  #onQuiet(sinceMs: number): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.bufferedBytes < WRITE_BYTES) {
      this.#say({ op: "beat" });
      return;
    }
    const entries = [...this.#entries.values()];
    const mayBeCut = entries.length > 0 && entries.every(({ wish }) => wish.whenFull === "disconnect");
    if (sinceMs >= STALL_MS && mayBeCut) socket.cut();
  }
}

/** A feed whose clients are given what a test puts into them. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Positions } from "../../../actors/broadcaster/positions.ts";
import type {
  Changed,
  ClientView,
  EndReason,
  Feed,
  FeedClient,
  Item,
  Subscribed,
  Subscription,
  SubscriptionChange,
  Transport,
} from "../../../actors/feed/subscription.ts";

export class FakeClient implements FeedClient {
  readonly id: string;
  readonly transport: Transport;
  readonly wish: Subscription;
  subscriptions: Readonly<Record<string, number>>;
  preamble: Uint8Array<ArrayBuffer> = new Uint8Array();
  at: Record<string, number> = {};
  readonly changes: SubscriptionChange[] = [];
  /** What a change is answered with, when it is to be answered. */
  changed: Promise<Changed> = Promise.resolve({ ok: true, positions: {} });
  isClosed = false;
  taken = 0;
  readonly #items: Item[] = [];
  #isIdle = true;
  #ready: () => void = () => {};

  constructor(id: string, transport: Transport, wish: Subscription) {
    this.id = id;
    this.transport = transport;
    this.wish = wish;
    this.subscriptions = Object.fromEntries(wish.datasets.map((name, index) => [name, index + 1]));
  }

  get waiting(): number {
    return this.#items.length;
  }

  put(...items: readonly Item[]): void {
    this.#items.push(...items);
    this.#wake();
  }

  rows(text: string, dataset = this.wish.datasets[0]!): void {
    this.put(chunk(text, dataset));
  }

  end(reason: EndReason): void {
    this.put({ kind: "end", reason });
  }

  positions(): Positions {
    return this.at;
  }

  take(): Item | undefined {
    const item = this.#items.shift();
    if (item === undefined) this.#isIdle = true;
    else this.taken++;
    return item;
  }

  onReady(ready: () => void): void {
    this.#ready = ready;
    if (this.#items.length > 0) this.#wake();
  }

  change(wish: SubscriptionChange): Promise<Changed> {
    this.changes.push(wish);
    return this.changed;
  }

  view(): ClientView {
    const { datasets, format, whenFull } = this.wish;
    return {
      ...{ id: this.id, transport: this.transport, datasets, format, whenFull, state: "live" },
      ...{ queuedBytes: 3, sentRows: 2, sentBytes: 1, droppedRows: 4, sinceMs: 0 },
    };
  }

  close(): void {
    this.isClosed = true;
  }

  #wake(): void {
    if (!this.#isIdle || this.isClosed) return;
    this.#isIdle = false;
    this.#ready();
  }
}

export class FakeFeed implements Feed {
  readonly all: FakeClient[] = [];
  /** What the next subscriptions are answered with. */
  answer: (client: FakeClient) => Subscribed | Promise<Subscribed> = (client) => ({ ok: true, client });

  async subscribe(transport: Transport, wish: Subscription): Promise<Subscribed> {
    const client = new FakeClient(`c${this.all.length + 1}`, transport, wish);
    this.all.push(client);
    return this.answer(client);
  }

  get last(): FakeClient {
    const client = this.all.at(-1);
    assert.ok(client !== undefined, "nobody has subscribed");
    return client;
  }

  clients(): readonly ClientView[] {
    return this.all.filter(({ isClosed }) => !isClosed).map((client) => client.view());
  }

  totals() {
    return { sentRows: 0, sentBytes: 0, droppedRows: 0 };
  }

  close(): void {
    for (const client of this.all) client.end("closing");
  }
}

export function chunk(text: string, dataset = "memory"): Item {
  const bytes = new Uint8Array(Buffer.from(text));
  return { kind: "chunk", bytes, dataset, rows: 1, next: 1, text: () => text };
}

export function wish(more: Partial<Subscription> = {}): Subscription {
  return {
    ...{ datasets: ["memory"], format: "jsonl", framing: "message", columns: null, where: null },
    ...{ from: { kind: "now" }, whenFull: "drop-oldest" },
    ...more,
  };
}

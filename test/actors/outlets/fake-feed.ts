/** A feed whose chunks a test gives by hand. A client's queue holds so many chunks; the oldest go and are told, or it ends. */

import type {
  ClientView,
  EndReason,
  Feed,
  FeedClient,
  Item,
  Subscribed,
  SubscribeRefusal,
  Subscription,
  Transport,
} from "../../../actors/feed/subscription.ts";
import type { Refused } from "../../../actors/refused.ts";

const encoder = new TextEncoder();

export interface FakeFeedOptions {
  /** Chunks that wait for one client; default: any number. */
  readonly queueChunks?: number;
  /** What a raw stream begins with. */
  readonly preamble?: string;
  /** Keeps subscriptions waiting until `answer` is called. */
  readonly slow?: boolean;
}

export class FakeFeed implements Feed {
  readonly wishes: { readonly transport: Transport; readonly wish: Subscription }[] = [];
  readonly open = new Set<FakeClient>();
  refusal: Refused<SubscribeRefusal> | undefined;
  readonly #options: FakeFeedOptions;
  readonly #waiting: (() => void)[] = [];
  readonly #next = new Map<string, number>();
  #isClosed = false;

  constructor(options: FakeFeedOptions = {}) {
    this.#options = options;
  }

  async subscribe(transport: Transport, wish: Subscription): Promise<Subscribed> {
    this.wishes.push({ transport, wish });
    if (this.#options.slow === true) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.refusal !== undefined) return this.refusal;
    const { queueChunks = Number.POSITIVE_INFINITY, preamble = "" } = this.#options;
    const client = new FakeClient(
      `client-${this.wishes.length}`,
      transport,
      wish,
      queueChunks,
      preamble,
      () => this.open.delete(client),
    );
    this.open.add(client);
    return { ok: true, client };
  }

  /** Lets subscriptions that wait go on. */
  answer(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Gives a chunk to everybody who wants the dataset; in framing `message` with a head before it. */
  push(dataset: string, text: string, rows = 1): void {
    const first = this.#next.get(dataset) ?? 0;
    this.#next.set(dataset, first + rows);
    for (const client of [...this.open]) client.push(dataset, text, first, rows);
  }

  end(reason: EndReason): void {
    for (const client of [...this.open]) client.end(reason);
  }

  clients(): readonly ClientView[] {
    return [...this.open].map((client) => client.view());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  totals() {
    return { sentRows: 0, sentBytes: 0, droppedRows: 0 };
  }

  close(): void {
    this.#isClosed = true;
    this.end("closing");
  }
}

export class FakeClient implements FeedClient {
  readonly id: string;
  readonly subscriptions = {};
  readonly preamble: Uint8Array<ArrayBuffer>;
  readonly #transport: Transport;
  readonly #wish: Subscription;
  readonly #queueChunks: number;
  readonly #onClose: () => void;
  #items: Item[] = [];
  #droppedRows = 0;
  #untold = new Map<string, { rows: number; next: number }>();
  #sentRows = 0;
  #sentBytes = 0;
  #isIdle = true;
  #ready: () => void = () => {};
  #isClosed = false;

  constructor(
    id: string,
    transport: Transport,
    wish: Subscription,
    queueChunks: number,
    preamble: string,
    onClose: () => void,
  ) {
    this.id = id;
    this.#transport = transport;
    this.#wish = wish;
    this.#queueChunks = queueChunks;
    this.preamble = encoder.encode(preamble);
    this.#onClose = onClose;
  }

  push(dataset: string, text: string, first: number, rows: number): void {
    if (this.#isClosed || !this.#wish.datasets.includes(dataset)) return;
    const next = first + rows;
    const head = { op: "rows", subscription: 1, dataset, first, next, rows };
    const whole = this.#wish.framing === "message" ? `${JSON.stringify(head)}\n${text}` : text;
    const bytes = encoder.encode(whole);
    this.#items.push({ kind: "chunk", bytes, dataset, rows, next, text: () => whole });
    if (this.#items.length > this.#queueChunks) this.#makeRoom();
    this.#wake();
  }

  end(reason: EndReason): void {
    this.#items.push({ kind: "end", reason });
    this.#wake();
  }

  take(): Item | undefined {
    for (const [dataset, { rows, next }] of this.#untold) {
      this.#untold.delete(dataset);
      return { kind: "notice", notice: { notice: "dropped", dataset, rows, next } };
    }
    const item = this.#isClosed ? undefined : this.#items.shift();
    if (item === undefined) this.#isIdle = true;
    if (item?.kind === "chunk") {
      this.#sentRows += item.rows;
      this.#sentBytes += item.bytes.byteLength;
    }
    return item;
  }

  onReady(ready: () => void): void {
    this.#ready = ready;
    if (this.#items.length > 0) this.#wake();
  }

  positions() {
    return {};
  }

  async change(): Promise<never> {
    throw new Error("outlets change no subscription");
  }

  view(): ClientView {
    return {
      id: this.id,
      transport: this.#transport,
      datasets: this.#wish.datasets,
      format: this.#wish.format,
      whenFull: this.#wish.whenFull,
      state: "live",
      queuedBytes: this.#items.reduce(
        (sum, item) => sum + (item.kind === "chunk" ? item.bytes.byteLength : 0),
        0,
      ),
      sentRows: this.#sentRows,
      sentBytes: this.#sentBytes,
      droppedRows: this.#droppedRows,
      sinceMs: 0,
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#onClose();
  }

  #makeRoom(): void {
    if (this.#wish.whenFull === "disconnect") {
      this.#items = [{ kind: "end", reason: "full" }];
      return;
    }
    const gone = this.#items.shift();
    if (gone?.kind !== "chunk") return;
    this.#droppedRows += gone.rows;
    const rows = gone.rows + (this.#untold.get(gone.dataset)?.rows ?? 0);
    this.#untold.set(gone.dataset, { rows, next: gone.next });
  }

  #wake(): void {
    if (!this.#isIdle) return;
    this.#isIdle = false;
    this.#ready();
  }
}

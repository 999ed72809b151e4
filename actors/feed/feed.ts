/**
 * The feed: the one way from the broadcaster to many clients. It has one line to the broadcaster (tap-line.ts), which brings
 * each chunk once, and hands references to every client's own queue (client.ts). Transports take from there.
 *
 * Bounded: clients by `maxClients`, what waits for each by `queueBytes` and one answer of the replayer.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { TapSpec } from "../broadcaster/protocol.ts";
import { refuse } from "../refused.ts";
import type { FeedAccess } from "./access.ts";
import { beginningsOf } from "./beginnings.ts";
import { changeFault, wishFault, wishRefusal } from "./check-wish.ts";
import { Client, overAlready } from "./client.ts";
import { ClientQueue } from "./client-queue.ts";
import type { TapClient } from "./feed-tap.ts";
import type { SharedChunk } from "./shared-chunk.ts";
import type {
  Changed,
  ClientView,
  Feed,
  FeedTotals,
  Subscribed,
  Subscription,
  SubscriptionChange,
  Transport,
} from "./subscription.ts";
import { TapLine } from "./tap-line.ts";

export type { FeedAccess } from "./access.ts";

export interface FeedOptions {
  /** Bytes that wait for one client; beyond it its oldest chunks go. One chunk always has room. */
  readonly queueBytes: number;
  /** Default 256. */
  readonly maxClients?: number;
  /** All there are, in declared order: the broadcaster's. */
  readonly datasets: readonly Pick<Dataset, "name">[];
}

const DEFAULT_MAX_CLIENTS = 256;

export function createFeed(access: FeedAccess, options: FeedOptions): Feed {
  return new LiveFeed(access, options);
}

class LiveFeed implements Feed {
  readonly #access: FeedAccess;
  readonly #options: FeedOptions;
  readonly #line: TapLine;
  readonly #clients = new Set<Client>();
  /** By client: its changes, one after the other. */
  readonly #changes = new WeakMap<Client, Promise<unknown>>();
  /** Of clients that have gone. */
  #gone: FeedTotals = { sentRows: 0, sentBytes: 0, droppedRows: 0 };
  #isClosed = false;

  constructor(access: FeedAccess, options: FeedOptions) {
    this.#access = access;
    this.#options = options;
    this.#line = new TapLine(access, options.queueBytes / 2);
  }

  async subscribe(transport: Transport, wish: Subscription): Promise<Subscribed> {
    const { datasets, maxClients = DEFAULT_MAX_CLIENTS, queueBytes } = this.#options;
    if (this.#isClosed)
      return refuse("unavailable", "the server is about to end; subscribe again when it is back");
    const allDatasets = datasets.map(({ name }) => name);
    const fault = wishFault(wish, allDatasets);
    if (fault !== undefined) return wishRefusal(fault);
    if (this.#clients.size >= maxClients) {
      return refuse(
        "too-many",
        `${maxClients} clients are subscribed, which is the most; try again when one has left`,
      );
    }
    const client = new Client({
      id: crypto.randomUUID(),
      transport,
      wish,
      queueBytes,
      access: this.#access,
      allDatasets,
      change: (changed, change) => this.#changeInTurn(changed, change),
      onOver: (over) => this.#remove(over),
    });
    this.#clients.add(client);
    const begun = await this.#begin(client, wish);
    if (!begun.ok) client.close();
    return begun;
  }

  clients(): readonly ClientView[] {
    return [...this.#clients].filter(({ sources }) => sources.length > 0).map((client) => client.view());
  }

  totals(): FeedTotals {
    return [...this.#clients].reduce((sum, client) => plus(sum, client.view()), this.#gone);
  }

  close(): void {
    this.#isClosed = true;
    for (const client of [...this.#clients]) client.end("closing");
  }

  async #begin(client: Client, wish: Subscription): Promise<Subscribed> {
    const specs = specsOf(wish);
    // Live rows are queued from here on; what lies before the first of them is in the log.
    const held = await this.#line.hold(specs, client);
    if (!held.ok) return held;
    const { taps, next } = held;
    const begun = await beginningsOf(this.#access, wish.from, specs, next);
    if (!begun.ok || client.isOver) {
      for (const tap of taps) this.#line.release(tap, client);
      return begun.ok ? overAlready() : begun;
    }
    const { positions } = begun;
    client.begin(
      taps.map((tap, index) => ({
        dataset: tap.spec.dataset,
        tap,
        position: positions[index]!,
        healTo: next[index]!,
      })),
    );
    return { ok: true, client };
  }

  #remove(client: Client): void {
    if (this.#clients.delete(client)) this.#gone = plus(this.#gone, client.view());
    for (const { tap } of client.sources) this.#line.release(tap, client);
  }

  #changeInTurn(client: Client, change: SubscriptionChange): Promise<Changed> {
    const before = this.#changes.get(client) ?? Promise.resolve();
    const changed = before.then(() => this.#change(client, change));
    this.#changes.set(client, changed);
    return changed;
  }

  async #change(client: Client, change: SubscriptionChange): Promise<Changed> {
    const { sources, wish } = client;
    if (client.isOver) return overAlready();
    const fault = changeFault(wish, sources[0]!.tap.spec, change);
    if (fault !== undefined) return wishRefusal(fault);
    const specs = sources.map(({ tap: { spec } }) => ({ ...spec, ...change }));
    const gathering = new Gathering(this.#options.queueBytes);
    const held = await this.#line.hold(specs, gathering);
    if (!held.ok) return held;
    const { taps, next } = held;
    const before = sources.map(({ tap }) => tap);
    // From here to the end nothing can come between: no chunk is for both taps, and none for neither.
    if (!client.isOver) for (const tap of taps) tap.clients.add(client);
    for (const tap of taps) this.#line.release(tap, gathering);
    if (client.isOver) return overAlready();
    const positions = client.switchTo(taps, next, gathering.takeAll());
    for (const tap of before) if (!taps.includes(tap)) this.#line.release(tap, client);
    return { ok: true, positions };
  }
}

/** Keeps what taps bring until a client switches to them. What finds no room is in the log. */
class Gathering implements TapClient {
  readonly #queue: ClientQueue;

  constructor(queueBytes: number) {
    this.#queue = new ClientQueue(queueBytes);
  }

  takeAll(): readonly SharedChunk[] {
    const chunks: SharedChunk[] = [];
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift())
      chunks.push(chunk);
    return chunks;
  }

  offer(chunk: SharedChunk): boolean {
    this.#queue.push(chunk);
    while (this.#queue.isOver) this.#queue.shift();
    return false;
  }

  wake(): void {}
  tapLost(): void {}
}

function specsOf(wish: Subscription): readonly TapSpec[] {
  const { format, framing, columns, where, datasets } = wish;
  const positions = framing === "sse" && (wish.positions ?? datasets.length > 1);
  return datasets.map((dataset) => ({ dataset, format, framing, columns, where, positions }));
}

function plus(one: FeedTotals, other: FeedTotals): FeedTotals {
  return {
    sentRows: one.sentRows + other.sentRows,
    sentBytes: one.sentBytes + other.sentBytes,
    droppedRows: one.droppedRows + other.droppedRows,
  };
}

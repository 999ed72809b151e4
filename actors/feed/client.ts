/**
 * One client's subscription, as its transport has it: what is taken of its rows (client-rows.ts), when it is woken, and how it ends.
 *
 * - Who is idle is woken once. Nothing here waits, and no row is looked at.
 * - A queue that is full loses its oldest chunks, and a notice tells how many rows; or the subscription ends.
 */

import type { Positions } from "../broadcaster/positions.ts";
import { type Refused, refuse } from "../refused.ts";
import type { FeedAccess } from "./access.ts";
import { ClientRows } from "./client-rows.ts";
import type { FeedTap, TapClient } from "./feed-tap.ts";
import type { SharedChunk } from "./shared-chunk.ts";
import type { Source } from "./source.ts";
import type {
  Changed,
  ClientView,
  EndReason,
  FeedClient,
  Item,
  Subscription,
  SubscriptionChange,
  Transport,
} from "./subscription.ts";

export interface ClientOptions {
  readonly id: string;
  readonly transport: Transport;
  readonly wish: Subscription;
  readonly queueBytes: number;
  readonly access: FeedAccess;
  /** Names of all datasets, in declared order: what ids of several are made of. */
  readonly allDatasets: readonly string[];
  /** Gets taps for changed columns and filter, and puts the client in their place. */
  readonly change: (client: Client, wish: SubscriptionChange) => Promise<Changed>;
  /** Called once, when it is over: takes it off its taps. */
  readonly onOver: (client: Client) => void;
}

export class Client implements FeedClient, TapClient {
  readonly id: string;
  readonly #options: ClientOptions;
  readonly #rows: ClientRows;
  readonly #sinceMs: number;
  #end: EndReason | undefined;
  #isOver = false;
  /** `take` gave nothing, or was not called yet; nobody was told since that something waits. */
  #isIdle = true;
  #ready: (() => void) | undefined;
  #sentRows = 0;
  #sentBytes = 0;

  constructor(options: ClientOptions) {
    this.id = options.id;
    this.#options = options;
    const { access, allDatasets, queueBytes } = options;
    this.#rows = new ClientRows({
      queueBytes,
      access,
      allDatasets,
      onReplayed: () => this.wake(),
      onReplayFailed: (reason) => {
        access.log.error("rows could not be read from the log for a stream client: {reason}", { reason });
        this.end("replay-failed");
      },
    });
    this.#sinceMs = access.clock.nowMs();
  }

  /**
   * Begins. Chunks may have been offered before. The first live row of a source is at its `healTo`, or, where that is not beyond
   * its position, there.
   */
  begin(sources: readonly Source[]): void {
    this.#rows.begin(sources);
  }

  get subscriptions(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.sources.map(({ dataset, tap }) => [dataset, tap.number ?? 0]));
  }

  positions(): Positions {
    return this.#rows.positions();
  }

  get preamble(): Uint8Array<ArrayBuffer> {
    return this.sources[0]!.tap.preamble;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get wish(): Subscription {
    return this.#options.wish;
  }

  get sources(): readonly Source[] {
    return this.#rows.sources;
  }

  take(): Item | undefined {
    if (this.#end !== undefined) return this.#takeEnd();
    if (this.#isOver) return undefined;
    const item = this.#rows.take();
    if (item === undefined) this.#isIdle = true;
    else if (item.kind === "chunk") {
      this.#sentRows += item.rows;
      this.#sentBytes += item.bytes.byteLength;
    }
    return item;
  }

  onReady(ready: () => void): void {
    this.#ready = ready;
    if (this.#hasSomething()) this.wake();
  }

  change(wish: SubscriptionChange): Promise<Changed> {
    return this.#isOver ? Promise.resolve(overAlready()) : this.#options.change(this, wish);
  }

  view(): ClientView {
    const { transport, wish } = this.#options;
    return {
      id: this.id,
      transport,
      datasets: wish.datasets,
      format: wish.format,
      whenFull: wish.whenFull,
      state: this.#rows.isCatchingUp ? "replay" : "live",
      queuedBytes: this.#rows.queuedBytes,
      sentRows: this.#sentRows,
      sentBytes: this.#sentBytes,
      droppedRows: this.#rows.droppedRows,
      sinceMs: this.#sinceMs,
    };
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rows.clear();
    this.#ready = undefined;
    this.#options.onOver(this);
  }

  /** Ends it and has the client told why. */
  end(reason: EndReason): void {
    if (this.#isOver) return;
    const ready = this.#ready;
    this.close();
    this.#end = reason;
    this.#ready = ready;
    this.wake();
  }

  /** A chunk that came. */
  offer(chunk: SharedChunk): boolean {
    if (this.#isOver) return false;
    // Nothing to give: the client need not be woken to find that out.
    if (this.#isIdle && this.#rows.tryPass(chunk)) return false;
    this.#rows.add(chunk);
    // Who waits is given what is there before any of it is dropped.
    if (this.#rows.isFull && !this.#rows.isReplaying) this.wake();
    this.#makeRoom();
    return this.#isIdle && !this.#rows.isReplaying;
  }

  wake(): void {
    if (!this.#isIdle || this.#ready === undefined) return;
    this.#isIdle = false;
    try {
      this.#ready();
    } catch (error) {
      // One transport's fault must not keep rows from the other clients.
      this.#options.access.log.error("a stream client's transport failed; its stream ends", { error });
      this.close();
    }
  }

  tapLost(): void {
    this.end("broadcaster-gone");
  }

  /**
   * Goes on with other taps of the same datasets: rows that were offered come as they were, all after them in the new way.
   * @param next of each tap where its dataset stood when it was asked for
   * @param chunks of the new taps, that came already
   * @returns numbers of the first rows in the new way
   */
  switchTo(taps: readonly FeedTap[], next: readonly number[], chunks: readonly SharedChunk[]): Positions {
    const from = this.#rows.switchTo(taps, next, chunks);
    this.#makeRoom();
    // Not yet: whoever asked for the change is to hear of it before it takes what came of it.
    this.#options.access.clock.after(0, () => {
      if (this.#hasSomething()) this.wake();
    });
    return from;
  }

  #makeRoom(): void {
    while (this.#rows.isFull && !this.#isOver) {
      if (!this.#rows.tryMakeRoom(this.#options.wish.whenFull !== "disconnect")) this.end("full");
    }
  }

  #takeEnd(): Item {
    const reason = this.#end!;
    this.#end = undefined;
    this.#ready = undefined;
    return { kind: "end", reason };
  }

  /** `take` would find something to do. */
  #hasSomething(): boolean {
    if (this.#end !== undefined) return true;
    if (this.#isOver) return false;
    return this.#rows.hasSomething;
  }
}

export function overAlready(): Refused<"unavailable"> {
  return refuse("unavailable", "the subscription has ended; subscribe again");
}

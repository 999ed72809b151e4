/**
 * One client's subscription. What it is given is made of two things: **live** chunks, which the feed puts into its queue by
 * reference, and **replays** from the log, for whatever lies between where it stands and where the live ones begin. A client
 * that was away, one whose broadcaster restarted, and one whose chunks were lost on the way are the same case: the number it is
 * to have next is not the one that the next chunk begins with. So each row comes once and in order, or it is said how many do not.
 *
 * - `position` moves when something is taken. A chunk is given only when it begins there.
 * - Replays come before live chunks, one dataset after the other. While they last nothing is dropped: what finds no room in the
 *   queue is read from the log as well.
 * - Live, a full queue loses its oldest chunks, and a notice tells how many rows; or the subscription ends.
 * - Who is idle is woken once. Nothing here waits, and no row is looked at.
 */

import { aroundPosition, type Positions } from "../broadcaster/positions.ts";
import { type Refused, refuse } from "../refused.ts";
import type { FeedAccess } from "./access.ts";
import { ClientQueue } from "./client-queue.ts";
import { DroppedRows } from "./dropped-rows.ts";
import type { FeedTap, TapClient } from "./feed-tap.ts";
import { LogReplay } from "./log-replay.ts";
import { markAt, type SharedChunk } from "./shared-chunk.ts";
import { behindOf, hasHole, type Source } from "./source.ts";
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

interface Catching {
  readonly source: Source;
  readonly run: LogReplay;
}

const NO_IDS = { idBefore: "", idAfter: "" };

export class Client implements FeedClient, TapClient {
  readonly id: string;
  readonly #options: ClientOptions;
  readonly #queue: ClientQueue;
  readonly #sinceMs: number;
  /** A handful at most: to look through them is quicker than a map. */
  #sources: readonly Source[] = [];
  readonly #dropped = new DroppedRows();
  #replay: Catching | undefined;
  #end: EndReason | undefined;
  #isOver = false;
  /** `take` gave nothing, or was not called yet; nobody was told since that something waits. */
  #isIdle = true;
  #ready: (() => void) | undefined;
  #sentRows = 0;
  #sentBytes = 0;
  #droppedRows = 0;

  constructor(options: ClientOptions) {
    this.id = options.id;
    this.#options = options;
    this.#queue = new ClientQueue(options.queueBytes);
    this.#sinceMs = options.access.clock.nowMs();
  }

  /**
   * Begins. Chunks may have been offered before. The first live row of a source is at its `healTo`, or, where that is not beyond
   * its position, there.
   */
  begin(sources: readonly Source[]): void {
    this.#sources = sources;
  }

  get subscriptions(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#sources.map(({ dataset, tap }) => [dataset, tap.number ?? 0]));
  }

  positions(): Positions {
    const standing = (source: Source) => this.#dropped.firstOf(source.dataset) ?? source.position;
    return Object.fromEntries(this.#sources.map((source) => [source.dataset, standing(source)]));
  }

  get preamble(): Uint8Array<ArrayBuffer> {
    return this.#sources[0]!.tap.preamble;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get wish(): Subscription {
    return this.#options.wish;
  }

  get sources(): readonly Source[] {
    return this.#sources;
  }

  take(): Item | undefined {
    for (;;) {
      if (this.#end !== undefined) return this.#takeEnd();
      if (this.#isOver) return undefined;
      const notice = this.#dropped.take();
      if (notice !== undefined) return { kind: "notice", notice };
      const replay = this.#replay ?? this.#beginReplay();
      if (replay !== undefined) {
        const replayed = replay.run.take();
        if (replayed === undefined) {
          if (replay.run.isDone) {
            this.#endReplay();
            continue;
          }
          replay.run.want();
          this.#isIdle = true;
          return undefined;
        }
        replay.source.position = replayed.next;
        const { item } = replayed;
        if (item.kind === "notice" || item.rows > 0) return this.#given(item);
        continue;
      }
      const chunk = this.#queue.peek();
      if (chunk === undefined) {
        this.#isIdle = true;
        return undefined;
      }
      if (this.#isNext(chunk)) {
        this.#queue.shift();
        if (chunk.rows > 0) return this.#given(chunk);
      }
    }
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
      state: this.#isCatchingUp() ? "replay" : "live",
      queuedBytes: this.#queue.bytes + (this.#replay?.run.queuedBytes ?? 0),
      sentRows: this.#sentRows,
      sentBytes: this.#sentBytes,
      droppedRows: this.#droppedRows,
      sinceMs: this.#sinceMs,
    };
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endReplay();
    this.#queue.clear();
    this.#dropped.clear();
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
    const source = this.#sourceOf(chunk.dataset);
    // Nothing to give, and nothing in front of it: the client need not be woken to find that out.
    if (chunk.rows === 0 && source?.position === chunk.first && this.#isIdle && !this.#hasSomething()) {
      source.position = chunk.next;
      return false;
    }
    this.#queue.push(chunk);
    // Who waits is given what is there before any of it is dropped.
    if (this.#queue.isOver && this.#replay === undefined) this.wake();
    while (this.#queue.isOver && !this.#isOver) this.#makeRoom();
    return this.#isIdle && this.#replay === undefined;
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
    const wasCatchingUp = this.#isCatchingUp() || hasHole(this.#sources, this.#queue);
    this.#endReplay();
    const from: Record<string, number> = {};
    for (const [index, tap] of taps.entries()) {
      const { dataset } = tap.spec;
      const source = this.#sourceOf(dataset)!;
      const offered = source.tap.next;
      // One moment for all datasets, as ids say where every one of them stands.
      const begins = next[index]!;
      source.tap = tap;
      // What is yet to be read from the log comes in the new way; so what waits behind it must, too.
      if (wasCatchingUp) source.healTo = Math.max(source.healTo, offered, begins);
      else if (begins > offered) this.#queue.push(markAt(dataset, begins));
      from[dataset] = wasCatchingUp ? source.position : offered;
    }
    for (const chunk of chunks) this.#queue.push(chunk);
    while (this.#queue.isOver && !this.#isOver) this.#makeRoom();
    // Not yet: whoever asked for the change is to hear of it before it takes what came of it.
    this.#options.access.clock.after(0, () => {
      if (this.#hasSomething()) this.wake();
    });
    return from;
  }

  #given(item: Item): Item {
    if (item.kind === "chunk") {
      this.#sentRows += item.rows;
      this.#sentBytes += item.bytes.byteLength;
    }
    return item;
  }

  /** Whether a chunk is to be given now. When not, it is off the queue, or a replay must come before it. */
  #isNext(chunk: SharedChunk): boolean {
    const source = this.#sourceOf(chunk.dataset)!;
    const { first, next } = chunk;
    if (next <= source.position) {
      this.#queue.shift();
      return false;
    }
    if (first === source.position) {
      source.position = next;
      return true;
    }
    // Rows between were lost on the way; or it begins with rows that the client has had, and then the rest is in the log, too.
    source.healTo = first > source.position ? first : next;
    return false;
  }

  #makeRoom(): void {
    const source = this.#sourceOf(this.#queue.peek()!.dataset);
    const isCatchingUp = source === undefined || this.#isCatchingUp();
    if (!isCatchingUp && this.#options.wish.whenFull === "disconnect") {
      this.end("full");
      return;
    }
    const { dataset, first, next, rows } = this.#queue.shift()!;
    if (source === undefined || next <= source.position) return;
    if (isCatchingUp || first !== source.position) {
      source.healTo = Math.max(source.healTo, next);
      return;
    }
    source.position = next;
    source.healTo = next;
    if (rows === 0) return;
    this.#droppedRows += rows;
    this.#dropped.add({ dataset, first, next, rows });
  }

  #takeEnd(): Item {
    const reason = this.#end!;
    this.#end = undefined;
    this.#ready = undefined;
    return { kind: "end", reason };
  }

  #isCatchingUp(): boolean {
    return this.#replay !== undefined || behindOf(this.#sources) !== undefined;
  }

  #sourceOf(dataset: string): Source | undefined {
    for (const source of this.#sources) if (source.dataset === dataset) return source;
    return undefined;
  }

  /** `take` would find something to do. */
  #hasSomething(): boolean {
    if (this.#end !== undefined) return true;
    if (this.#isOver) return false;
    return this.#queue.length > 0 || !this.#dropped.isEmpty || this.#isCatchingUp();
  }

  #beginReplay(): Catching | undefined {
    const source = behindOf(this.#sources);
    if (source === undefined) return undefined;
    const { access, allDatasets } = this.#options;
    const { spec } = source.tap;
    const run = new LogReplay({
      access,
      source,
      ids: spec.positions ? aroundPosition(this.positions(), allDatasets, spec.dataset) : NO_IDS,
      onReady: () => this.wake(),
      onFailure: (reason) => {
        access.log.error("rows could not be read from the log for a stream client: {reason}", { reason });
        this.end("replay-failed");
      },
    });
    this.#replay = { source, run };
    return this.#replay;
  }

  #endReplay(): void {
    this.#replay?.run.stop();
    this.#replay = undefined;
  }
}

export function overAlready(): Refused<"unavailable"> {
  return refuse("unavailable", "the subscription has ended; subscribe again");
}

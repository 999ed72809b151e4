/**
 * Rows of one dataset for one client, read from the log by the replayer, from where the client stands up to where the live ones
 * begin.
 *
 * Driven by the client: the next part is asked for when all of the one before was taken, so no more than one answer waits. The
 * recorder may be behind the broadcaster: then it is asked again, until the rows are there. Rows that are not in the log any
 * more are told of, as a gap; so are those that do not come within LATE_AFTER_MS, as when the disk refuses writes.
 */

import { pause } from "../../runtime/clock.ts";
import { Fifo } from "../fifo.ts";
import type { ReplayerReplies } from "../replayer/protocol.ts";
import { askReplayer, type FeedAccess } from "./access.ts";
import { Patience } from "./patience.ts";
import { SharedChunk } from "./shared-chunk.ts";
import type { Source } from "./source.ts";
import type { Item } from "./subscription.ts";

/** A recorder syncs many times a second. */
const NOT_YET_PAUSE_MS = 5;
const LATE_AFTER_MS = 10_000;
/** All places are taken, the mailbox is full, or the replayer is starting again. */
const BUSY_PAUSE_MS = 100;
const GIVE_UP_AFTER_MS = 60_000;

/** A chunk or a notice, and where the client stands when it has it. Chunks may be without rows. */
export interface ReplayedItem {
  readonly item: Exclude<Item, { readonly kind: "end" }>;
  readonly next: number;
}

export interface LogReplayOptions {
  readonly access: FeedAccess;
  readonly source: Source;
  /** What stands in ids around the row's number. */
  readonly ids: { readonly idBefore: string; readonly idAfter: string };
  /** Something is there, or it is over. */
  readonly onReady: () => void;
  /** The log cannot be read. */
  readonly onFailure: (message: string) => void;
}

type Outcome = "items" | "again" | "not-yet" | "busy" | "over";

export class LogReplay {
  readonly #options: LogReplayOptions;
  readonly #items = new Fifo<ReplayedItem>();
  #queuedBytes = 0;
  /** Where the client stands when it has taken all that waits. */
  #fetched: number;
  #id: string | undefined;
  #isAsking = false;
  #isStopped = false;

  constructor(options: LogReplayOptions) {
    this.#options = options;
    this.#fetched = options.source.position;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** All that was wanted has been taken. */
  get isDone(): boolean {
    return this.#items.length === 0 && this.#fetched >= this.#options.source.healTo;
  }

  take(): ReplayedItem | undefined {
    const taken = this.#items.shift();
    if (taken?.item.kind === "chunk") this.#queuedBytes -= taken.item.bytes.byteLength;
    return taken;
  }

  /** Asks for more, when nothing waits. `onReady` says when it is there. */
  want(): void {
    if (this.#isAsking || this.#isStopped || this.#items.length > 0 || this.isDone) return;
    this.#isAsking = true;
    void this.#fetch().finally(() => {
      this.#isAsking = false;
      if (!this.#isStopped) this.#options.onReady();
    });
  }

  /** Ends it; what waits is gone. May be called again. */
  stop(): void {
    this.#isStopped = true;
    this.#items.clear();
    this.#close();
  }

  async #fetch(): Promise<void> {
    const { access, source, onFailure } = this.#options;
    const lateness = new Patience(access.clock, LATE_AFTER_MS);
    const business = new Patience(access.clock, GIVE_UP_AFTER_MS);
    while (!this.#isStopped) {
      const outcome = this.#id === undefined ? await this.#open() : await this.#pull(this.#id);
      if (this.#isStopped) return this.#close();
      if (outcome === "items" || outcome === "over") return;
      if (outcome === "again") continue;
      if (outcome === "not-yet" && lateness.isOver()) {
        this.#missed(source.healTo);
        return;
      }
      if (outcome === "busy" && business.isOver()) return onFailure("the replayer does not answer");
      await pause(access.clock, outcome === "busy" ? BUSY_PAUSE_MS : NOT_YET_PAUSE_MS);
    }
  }

  async #open(): Promise<Outcome> {
    const { access, source, onFailure } = this.#options;
    const from = { sequence: this.#fetched };
    const opened = await askReplayer(access, { kind: "replay.open", spec: source.tap.spec, from });
    if (!opened.ok) return "busy";
    if (!opened.value.ok) {
      if (opened.value.reason === "too-many") return "busy";
      onFailure(opened.value.message);
      return "over";
    }
    const { id, next } = opened.value;
    this.#id = id;
    if (next < this.#fetched) {
      // The log ends before where the client stands: its rows are on their way.
      this.#close();
      return "not-yet";
    }
    return this.#missed(Math.min(next, source.healTo)) ? "items" : "again";
  }

  async #pull(id: string): Promise<Outcome> {
    const { access, source, ids, onFailure } = this.#options;
    const { healTo, tap } = source;
    const message = {
      kind: "replay.pull",
      id,
      before: healTo,
      subscription: tap.number ?? 0,
      ...ids,
    } as const;
    const pulled = await askReplayer(access, message);
    if (!pulled.ok || !pulled.value.ok) {
      this.#id = undefined;
      if (!pulled.ok) return "busy";
      if (pulled.value.ok || pulled.value.reason === "unknown-replay") return "again";
      onFailure(pulled.value.message);
      return "over";
    }
    if (this.#add(pulled.value, healTo)) return this.#items.length > 0 ? "items" : "again";
    return pulled.value.atEnd ? "not-yet" : "again";
  }

  /** @returns whether it brought the client on */
  #add(
    { chunks, next }: Extract<ReplayerReplies["replay.pull"], { readonly ok: true }>,
    healTo: number,
  ): boolean {
    const before = this.#fetched;
    for (const chunk of chunks) {
      this.#missed(chunk.first);
      this.#items.push({ item: new SharedChunk(chunk), next: chunk.next });
      this.#queuedBytes += chunk.bytes.byteLength;
      this.#fetched = chunk.next;
    }
    // Every row that is in the log is in a chunk, if only as one that the filter left out.
    this.#missed(Math.min(next, healTo));
    return this.#fetched > before;
  }

  /** Rows up to `next` are not in the log. @returns whether there are any */
  #missed(next: number): boolean {
    const rows = next - this.#fetched;
    if (rows <= 0) return false;
    const { dataset } = this.#options.source;
    this.#items.push({ item: { kind: "notice", notice: { notice: "gap", dataset, rows, next } }, next });
    this.#fetched = next;
    return true;
  }

  #close(): void {
    const id = this.#id;
    this.#id = undefined;
    if (id !== undefined) void askReplayer(this.#options.access, { kind: "replay.close", id });
  }
}

/**
 * The rows of one client, in order. They are made of two things: **live** chunks, which the feed puts into the queue by reference, and
 * **replays** from the log, for whatever lies between where the client stands and where the live ones begin. A client
 * that was away, one whose broadcaster restarted, and one whose chunks were lost on the way are the same case: the number it is
 * to have next is not the one that the next chunk begins with. So each row comes once and in order, or it is said how many do not.
 *
 * - `position` moves when something is taken. A chunk is given only when it begins there.
 * - Replays come before live chunks, one dataset after the other. While they last nothing is dropped: what finds no room in the
 *   queue is read from the log as well.
 * - Live, a full queue loses its oldest chunks, and a notice tells how many rows.
 * - Nothing here waits, and no row is looked at.
 */

import { aroundPosition, type Positions } from "../broadcaster/positions.ts";
import type { FeedAccess } from "./access.ts";
import { ClientQueue } from "./client-queue.ts";
import { DroppedRows } from "./dropped-rows.ts";
import type { FeedTap } from "./feed-tap.ts";
import { LogReplay } from "./log-replay.ts";
import { markAt, type SharedChunk } from "./shared-chunk.ts";
import { behindOf, hasHole, type Source } from "./source.ts";
import type { Item } from "./subscription.ts";

export interface ClientRowsOptions {
  readonly queueBytes: number;
  readonly access: FeedAccess;
  /** Names of all datasets, in declared order: what ids of several are made of. */
  readonly allDatasets: readonly string[];
  /** Rows of the log are there to be taken, or all of them were. */
  readonly onReplayed: () => void;
  /** The log cannot be read. */
  readonly onReplayFailed: (message: string) => void;
}

interface Catching {
  readonly source: Source;
  readonly run: LogReplay;
}

const NO_IDS = { idBefore: "", idAfter: "" };

export class ClientRows {
  readonly #options: ClientRowsOptions;
  readonly #queue: ClientQueue;
  /** A handful at most: to look through them is quicker than a map. */
  #sources: readonly Source[] = [];
  readonly #dropped = new DroppedRows();
  #replay: Catching | undefined;
  #droppedRows = 0;

  constructor(options: ClientRowsOptions) {
    this.#options = options;
    this.#queue = new ClientQueue(options.queueBytes);
  }

  /** Chunks may have been added before. The first live row of a source is at its `healTo`, or, where that is not beyond its position, there. */
  begin(sources: readonly Source[]): void {
    this.#sources = sources;
  }

  get sources(): readonly Source[] {
    return this.#sources;
  }

  /** Where the client stands: before the first row that it has not had, and was not told that it will not. */
  positions(): Positions {
    const standing = (source: Source) => this.#dropped.firstOf(source.dataset) ?? source.position;
    return Object.fromEntries(this.#sources.map((source) => [source.dataset, standing(source)]));
  }

  get queuedBytes(): number {
    return this.#queue.bytes + (this.#replay?.run.queuedBytes ?? 0);
  }

  /** Rows that a full queue lost, in all. */
  get droppedRows(): number {
    return this.#droppedRows;
  }

  get isReplaying(): boolean {
    return this.#replay !== undefined;
  }

  /** Rows of the log come before any live ones. */
  get isCatchingUp(): boolean {
    return this.isReplaying || behindOf(this.#sources) !== undefined;
  }

  /** `take` would find something to do. */
  get hasSomething(): boolean {
    return this.#queue.length > 0 || !this.#dropped.isEmpty || this.isCatchingUp;
  }

  /** More waits than there is room for. */
  get isFull(): boolean {
    return this.#queue.isOver;
  }

  /** The next chunk with rows, or notice. @returns undefined: nothing is there yet */
  take(): Item | undefined {
    for (;;) {
      const notice = this.#dropped.take();
      if (notice !== undefined) return { kind: "notice", notice };
      const replay = this.#replay ?? this.#beginReplay();
      if (replay !== undefined) {
        const replayed = replay.run.take();
        if (replayed === undefined) {
          if (!replay.run.isDone) {
            replay.run.want();
            return undefined;
          }
          this.#endReplay();
          continue;
        }
        replay.source.position = replayed.next;
        const { item } = replayed;
        if (item.kind === "notice" || item.rows > 0) return item;
        continue;
      }
      const chunk = this.#queue.peek();
      if (chunk === undefined) return undefined;
      if (this.#isNext(chunk)) {
        this.#queue.shift();
        if (chunk.rows > 0) return chunk;
      }
    }
  }

  /** A live chunk that came. */
  add(chunk: SharedChunk): void {
    this.#queue.push(chunk);
  }

  /** Passes over a chunk that has no rows to give, if nothing is in front of it. */
  tryPass(chunk: SharedChunk): boolean {
    const source = this.#sourceOf(chunk.dataset);
    if (chunk.rows > 0 || source?.position !== chunk.first || this.hasSomething) return false;
    source.position = chunk.next;
    return true;
  }

  /** Takes the oldest chunk out of a full queue. @returns false: it stays, as its rows would be dropped and are not to be */
  tryMakeRoom(mayDrop: boolean): boolean {
    const source = this.#sourceOf(this.#queue.peek()!.dataset);
    const isCatchingUp = source === undefined || this.isCatchingUp;
    if (!isCatchingUp && !mayDrop) return false;
    const { dataset, first, next, rows } = this.#queue.shift()!;
    if (source === undefined || next <= source.position) return true;
    if (isCatchingUp || first !== source.position) {
      source.healTo = Math.max(source.healTo, next);
      return true;
    }
    source.position = next;
    source.healTo = next;
    if (rows === 0) return true;
    this.#droppedRows += rows;
    this.#dropped.add({ dataset, first, next, rows });
    return true;
  }

  /**
   * Goes on with other taps of the same datasets: rows that were offered come as they were, all after them in the new way.
   * @param next of each tap where its dataset stood when it was asked for
   * @param chunks of the new taps, that came already
   * @returns numbers of the first rows in the new way
   */
  switchTo(taps: readonly FeedTap[], next: readonly number[], chunks: readonly SharedChunk[]): Positions {
    const wasCatchingUp = this.isCatchingUp || hasHole(this.#sources, this.#queue);
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
    return from;
  }

  /** Ends it; what waits is gone. */
  clear(): void {
    this.#endReplay();
    this.#queue.clear();
    this.#dropped.clear();
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

  #sourceOf(dataset: string): Source | undefined {
    for (const source of this.#sources) if (source.dataset === dataset) return source;
    return undefined;
  }

  #beginReplay(): Catching | undefined {
    const source = behindOf(this.#sources);
    if (source === undefined) return undefined;
    const { access, allDatasets, onReplayed, onReplayFailed } = this.#options;
    const { spec } = source.tap;
    const ids = spec.positions ? aroundPosition(this.positions(), allDatasets, spec.dataset) : NO_IDS;
    const run = new LogReplay({ access, source, ids, onReady: onReplayed, onFailure: onReplayFailed });
    this.#replay = { source, run };
    return this.#replay;
  }

  #endReplay(): void {
    this.#replay?.run.stop();
    this.#replay = undefined;
  }
}

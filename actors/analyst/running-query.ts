/**
 * One query on its way: DuckDB says which columns and hours it needs (query-plan.ts); those are read from the store here, and handed
 * to DuckDB on its thread (duck-worker.ts); there it runs. This thread never waits for DuckDB and never works for long, and DuckDB
 * never touches the store.
 *
 * The result is fetched ahead of who pulls it, up to AHEAD_BYTES: a slow reader of a usual result holds nobody up.
 */

import { setImmediate } from "node:timers";
import type { Dataset } from "../../datasets/define.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { ByteQueue } from "../byte-queue.ts";
import { MAX_CHUNK_BYTES } from "../exporter/protocol.ts";
import { type Refused, refuse } from "../refused.ts";
import type { TakeSnapshot } from "../store/snapshot.ts";
import { unreadable } from "../store/unreadable.ts";
import type { DuckRequest, TableNeed } from "./duck-protocol.ts";
import type { Answered, DuckThread } from "./duck-thread.ts";
import { orderFault } from "./order-fault.ts";
import {
  CONTENT_TYPES,
  DEFAULT_QUERY_MS,
  DEFAULT_RESULT_ROWS,
  MAX_QUERY_MS,
  type OpenQuery,
  type QueryChunk,
  type QueryFacts,
  type QueryRefusal,
} from "./protocol.ts";
import { readFacts, readTable, type TableRead, tooLarge } from "./table-reader.ts";
import { tableOf } from "./tables.ts";

/** Bytes of rows that one query may read. */
const MAX_READ_BYTES = 512 * 2 ** 20;
/** A query that does not stop by then is cut off with its thread. */
const STOP_MS = 1000;
const AHEAD_BYTES = 8 * 2 ** 20;

export interface EngineOptions {
  readonly datasets: readonly Dataset[];
  /** Snapshots of what is stored, taken and read on the calling thread. */
  readonly take: TakeSnapshot;
  readonly clock: Clock;
  /** Keeps the store as it is while a query reads. Answers what lets go of it; undefined: it cannot be held now. */
  readonly hold?: () => Promise<(() => void) | undefined>;
  /** Default MAX_READ_BYTES. */
  readonly maxReadBytes?: number;
  /** What DuckDB may use, for the rows that are read and for what it makes of them. Default 1 GiB. */
  readonly memoryBytes?: number;
  /** Told of an error that nobody expected; the query is answered all the same. */
  readonly onFault?: (error: unknown) => void;
}

export type QueryOrder = Omit<OpenQuery, "kind">;

/** What a query needs of DuckDB's thread. */
export type QueryThread = Pick<DuckThread, "ready" | "ask" | "stop" | "resume" | "end">;

export interface Query {
  readonly contentType: string;
  /** The next bytes when there are some, or why there are none. One at a time. Never rejects. */
  pull(): Promise<QueryChunk | Refused<QueryRefusal>>;
  /** Gives it up. May be called again, and after its end. */
  close(): void;
}

/** Ends a query from wherever it is at: caught where it runs. */
class QueryEnded extends Error {
  readonly refused: Refused<QueryRefusal>;

  constructor(refused: Refused<QueryRefusal>) {
    super(refused.message);
    this.refused = refused;
  }
}

export class RunningQuery implements Query {
  readonly contentType: string;
  readonly #order: QueryOrder;
  readonly #options: EngineOptions;
  readonly #threadNow: () => QueryThread;
  readonly #limitMs: number;
  readonly #bytes = new ByteQueue();
  readonly #reads: TableRead[] = [];
  #thread: QueryThread | undefined;
  /** It has DuckDB for itself. */
  #isRunning = false;
  #working: DuckRequest["op"] | undefined;
  #limit: Timer | undefined;
  #cut: Timer | undefined;
  #workedMs = 0;
  #sinceMs: number | undefined;
  /** Why it was ended, or that it has ended by itself. */
  #end: Refused<QueryRefusal> | undefined;
  #facts: QueryFacts | undefined;
  /** Resolved when there are bytes, room for more, or an end. */
  #change = Promise.withResolvers<void>();

  constructor(order: QueryOrder, options: EngineOptions, threadNow: () => QueryThread) {
    this.#order = order;
    this.#options = options;
    this.#threadNow = threadNow;
    this.#limitMs = order.timeoutMs ?? DEFAULT_QUERY_MS;
    this.contentType = CONTENT_TYPES[order.format];
  }

  /** What DuckDB does for it now. */
  get working(): DuckRequest["op"] | undefined {
    return this.#working;
  }

  async run(): Promise<void> {
    try {
      const refused = this.#end ?? orderFault(this.#order);
      if (refused !== undefined) throw new QueryEnded(refused);
      this.#thread = this.#threadNow();
      await this.#thread.ready;
      this.#isRunning = true;
      this.#work();
      await this.#runThrough();
    } catch (error) {
      if (!(error instanceof QueryEnded)) throw error;
      this.#ended(error.refused);
    } finally {
      this.#isRunning = false;
      this.#rest();
      this.#cut?.cancel();
      this.#thread?.resume();
    }
  }

  async pull(): Promise<QueryChunk | Refused<QueryRefusal>> {
    while (this.#bytes.byteLength === 0 && this.#facts === undefined && this.#end === undefined)
      await this.#change.promise;
    if (this.#end !== undefined) return this.#end;
    const bytes = this.#bytes.take(MAX_CHUNK_BYTES);
    this.#changed();
    const isDone = this.#facts !== undefined && this.#bytes.byteLength === 0;
    return { ok: true, bytes, done: isDone, ...(isDone ? { facts: this.#facts! } : {}) };
  }

  close(): void {
    this.#stop(refuse("unknown-query", "the query was closed"));
  }

  /** What nobody expected: the query is over, and it is the engine's owner's to know. */
  fail(error: unknown): void {
    this.#options.onFault?.(error);
    this.#ended(
      refuse("refused", "the query failed, which is Millrace's fault and not the query's; its log says more"),
    );
  }

  async #runThrough(): Promise<void> {
    const { params, sql, format, maxRows = DEFAULT_RESULT_ROWS } = this.#order;
    const { datasets, clock } = this.#options;
    const tables = datasets.map(tableOf);
    const { needs } = await this.#ask({ op: "plan", sql, params, tables, nowMs: clock.nowMs(), maxRows });
    await this.#read(needs);
    const { columns } = await this.#ask({ op: "run", format });
    for (;;) {
      const { bytes, isLast, rows, isTruncated } = await this.#ask({ op: "pull" });
      this.#bytes.push(bytes);
      this.#changed();
      if (isLast) return this.#finish(columns, rows, isTruncated);
      if (this.#bytes.byteLength >= AHEAD_BYTES) await this.#pulledOff();
    }
  }

  async #finish(columns: QueryFacts["columns"], rows: number, isTruncated: boolean): Promise<void> {
    const seconds = this.#secondsSoFar();
    const read = readFacts(this.#reads);
    this.#bytes.push((await this.#ask({ op: "end", facts: { seconds, read } })).bytes);
    this.#facts = { columns, rowCount: rows, truncated: isTruncated, seconds, read };
    this.#changed();
  }

  /** Reads what is needed, as it is at one moment, and hands it over. */
  async #read(needs: readonly TableNeed[]): Promise<void> {
    if (needs.length === 0) return;
    const { hold, take, datasets, maxReadBytes = MAX_READ_BYTES } = this.#options;
    const letGo = hold === undefined ? () => {} : await hold();
    if (letGo === undefined) {
      throw new QueryEnded(
        refuse("too-many", "the store is being worked on and does not answer; try again in a minute"),
      );
    }
    try {
      const snapshots = needs.map((need) => {
        const dataset = datasets.find(({ name }) => name === need.table)!;
        const { fromMs, toMs, columns } = need;
        return { need, dataset, snapshot: take(dataset, { fromMs, toMs, columns }) };
      });
      let bytes = 0;
      for (const { need, dataset, snapshot } of snapshots) {
        const read: TableRead = { need, rows: 0, bytes: 0, groups: 0 };
        this.#reads.push(read);
        for (const stream of readTable(dataset, snapshot, read)) {
          if (this.#end !== undefined) throw new QueryEnded(this.#end);
          if (stream === undefined) await turn();
          else {
            bytes += stream.byteLength;
            if (bytes > maxReadBytes) throw new QueryEnded(tooLarge(this.#reads, maxReadBytes));
            await this.#ask({ op: "insert", table: need.table, stream: stream.buffer });
          }
        }
      }
    } catch (error) {
      throw damage(error);
    } finally {
      letGo();
    }
  }

  async #ask<Op extends DuckRequest["op"]>(
    request: Extract<DuckRequest, { op: Op }>,
  ): Promise<Extract<Answered<Op>, { ok: true }>["value"]> {
    if (this.#end !== undefined) throw new QueryEnded(this.#end);
    const thread = this.#thread!;
    this.#working = request.op;
    const answer: Answered<Op> = await thread.ask(request);
    this.#working = undefined;
    if (!answer.ok && answer.isBroken) void thread.end();
    if (this.#end !== undefined) throw new QueryEnded(this.#end);
    if (answer.ok) return answer.value;
    const reason = answer.reason === "stopped" ? "refused" : answer.reason;
    throw new QueryEnded(refuse(reason, answer.message));
  }

  /** Ends it with `refused`, if it has not ended. */
  #stop(refused: Refused<QueryRefusal>): void {
    if (this.#end !== undefined) return;
    this.#ended(refused);
    const thread = this.#thread;
    // The end is a moment's work, after which the thread empties its database: a stop would come upon that, and force a thread that is
    // kept waiting to break off, when the next query has asked it already.
    if (!this.#isRunning || thread === undefined || this.#working === "end") return;
    thread.stop();
    this.#cut = this.#options.clock.after(STOP_MS, () => void thread.end());
  }

  #ended(refused: Refused<QueryRefusal>): void {
    this.#end ??= refused;
    this.#bytes.clear();
    this.#changed();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** Waits until there is room for more; that time is not the query's. */
  async #pulledOff(): Promise<void> {
    this.#rest();
    while (this.#bytes.byteLength >= AHEAD_BYTES && this.#end === undefined) await this.#change.promise;
    this.#work();
  }

  #work(): void {
    const { clock } = this.#options;
    this.#sinceMs = clock.monotonicMs();
    this.#limit = clock.after(Math.max(0, this.#limitMs - this.#workedMs), () => {
      const message = `the query took longer than ${this.#limitMs / 1000} s; narrow the time, or give it more (at most ${MAX_QUERY_MS / 1000} s)`;
      this.#stop(refuse("timed-out", message));
    });
  }

  #rest(): void {
    this.#limit?.cancel();
    if (this.#sinceMs === undefined) return;
    this.#workedMs += this.#options.clock.monotonicMs() - this.#sinceMs;
    this.#sinceMs = undefined;
  }

  #secondsSoFar(): number {
    const nowMs = this.#options.clock.monotonicMs();
    return Math.round(this.#workedMs + nowMs - (this.#sinceMs ?? nowMs)) / 1000;
  }
}

/** What the store's reader threw: damage is told, a bug of ours is thrown on. */
function damage(error: unknown): unknown {
  if (error instanceof QueryEnded) return error;
  return new QueryEnded(refuse("damaged", unreadable(error).message));
}

/** Lets everything else of the thread have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

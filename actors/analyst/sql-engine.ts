/**
 * Read-only SQL over the store, outside of any actor: `open` a query, `pull` its bytes, `close` it when it is not wanted to its end.
 *
 * One query runs at a time (running-query.ts), the others wait in line. One that is closed while it waits leaves the line at once: who
 * opens and abandons holds nothing. DuckDB has a thread of its own, made for the first query and ended when none has come for a minute:
 * that is how its memory, 150 to 190 MB, goes back to the system.
 */

import type { Timer } from "../../runtime/clock.ts";
import { DuckThread } from "./duck-thread.ts";
import { type EngineOptions, type Query, type QueryOrder, RunningQuery } from "./running-query.ts";

export type { EngineOptions, Query, QueryOrder } from "./running-query.ts";

const MEMORY_BYTES = 2 ** 30;
/** DuckDB's thread is ended when no query has come for so long. */
export const THREAD_IDLE_MS = 60_000;

export class SqlEngine {
  readonly #options: EngineOptions;
  /** Those that wait, in the order they came. */
  #line: RunningQuery[] = [];
  #running: RunningQuery | undefined;
  #thread: DuckThread | undefined;
  #idle: Timer | undefined;
  #isClosed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Whether DuckDB's thread is there, with its memory. */
  get isLoaded(): boolean {
    return this.#thread !== undefined && !this.#thread.isEnded;
  }

  /** How many wait for the one that runs: no more than are open. */
  get waiting(): number {
    return this.#line.length;
  }

  /** What DuckDB is at; undefined while it has nothing to do, or starts. */
  get working(): string | undefined {
    return this.#running?.working;
  }

  /** Never waits, never throws for what may be expected. */
  open(order: QueryOrder): Query {
    const query = new RunningQuery(order, this.#options, () => this.#threadNow());
    if (this.#isClosed) {
      query.close();
      return query;
    }
    this.#idle?.cancel();
    this.#line.push(query);
    if (this.#running === undefined) void this.#runLine();
    return {
      contentType: query.contentType,
      pull: () => query.pull(),
      close: () => {
        this.#line = this.#line.filter((waiting) => waiting !== query);
        query.close();
      },
    };
  }

  /** Gives up all queries and ends DuckDB's thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const query of [...this.#line.splice(0), this.#running]) query?.close();
    this.#idle?.cancel();
    await this.#thread?.end();
  }

  /** Until nobody waits. Does not reject. */
  async #runLine(): Promise<void> {
    for (let query = this.#line.shift(); query !== undefined; query = this.#line.shift()) {
      this.#running = query;
      await query.run().catch((error: unknown) => query?.fail(error));
    }
    this.#running = undefined;
    this.#endLater();
  }

  /** The thread, made if there is none. It takes one to three seconds to be ready. */
  #threadNow(): DuckThread {
    if (this.#thread === undefined || this.#thread.isEnded)
      this.#thread = new DuckThread(this.#options.memoryBytes ?? MEMORY_BYTES);
    return this.#thread;
  }

  #endLater(): void {
    if (this.#isClosed) return;
    this.#idle = this.#options.clock.after(THREAD_IDLE_MS, () => {
      void this.#thread?.end();
      this.#thread = undefined;
    });
  }
}

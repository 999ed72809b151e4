/**
 * Read-only SQL over the store, outside of any actor: `open` a query, `pull` its bytes, `close` it when it is not wanted to its end.
 *
 * One query runs at a time (running-query.ts), the others wait in line. DuckDB has a thread of its own, made for the first query and
 * ended when none has come for a minute: that is how its memory, some hundreds of megabytes, goes back to the system.
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
  /** The end of the line. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #thread: DuckThread | undefined;
  #idle: Timer | undefined;
  #isClosed = false;
  readonly #open = new Set<RunningQuery>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Whether DuckDB's thread is there, with its memory. */
  get isLoaded(): boolean {
    return this.#thread !== undefined && !this.#thread.isEnded;
  }

  /** What DuckDB is at; undefined while it has nothing to do, or starts. */
  get working(): string | undefined {
    for (const { working } of this.#open) if (working !== undefined) return working;
    return undefined;
  }

  /** Never waits, never throws for what may be expected. */
  open(order: QueryOrder): Query {
    const query = new RunningQuery(order, this.#options, () => this.#threadNow());
    this.#open.add(query);
    this.#waiting++;
    this.#idle?.cancel();
    const run = this.#last.then(() => (this.#isClosed ? query.close() : query.run()));
    this.#last = run
      .catch((error: unknown) => query.fail(error))
      .finally(() => {
        this.#open.delete(query);
        if (--this.#waiting === 0) this.#endLater();
      });
    return query;
  }

  /** Gives up all queries and ends DuckDB's thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const query of this.#open) query.close();
    this.#idle?.cancel();
    await this.#thread?.end();
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

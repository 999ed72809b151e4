/** Queries of a store that is open in this process: DuckDB is brought to life by the first, on a thread of its own. */

import type { QueryChunk, QueryFormat } from "../actors/analyst/protocol.ts";
import { type Query, SqlEngine } from "../actors/analyst/sql-engine.ts";
import { type Refused, refuse } from "../actors/refused.ts";
import type { TakeSnapshot } from "../actors/store/snapshot.ts";
import { datasets } from "../datasets/index.ts";
import type { Clock } from "../runtime/clock.ts";
import { readQueryRows } from "./query-rows.ts";
import type { QueryBytes, QueryOptions, QueryRefusal, QueryRows } from "./store-client.ts";

export class LocalQueries {
  readonly #take: TakeSnapshot;
  readonly #clock: Clock;
  #engine: SqlEngine | undefined;

  constructor(take: TakeSnapshot, clock: Clock) {
    this.#take = take;
    this.#clock = clock;
  }

  async query(sql: string, options: QueryOptions = {}): Promise<QueryRows | Refused<QueryRefusal>> {
    const answer = await this.queryBytes(sql, "json", options);
    if (!answer.ok) return answer;
    try {
      return await readQueryRows(answer.bytes);
    } catch (error) {
      if (error instanceof QueryBroken) return error.refused;
      throw error;
    }
  }

  async queryBytes(
    sql: string,
    format: QueryFormat,
    { signal, params = [], maxRows, timeoutMs }: QueryOptions = {},
  ): Promise<QueryBytes | Refused<QueryRefusal>> {
    if (signal?.aborted === true) return cancelled();
    this.#engine ??= new SqlEngine({ datasets, take: this.#take, clock: this.#clock });
    const query = this.#engine.open({
      sql,
      params,
      format,
      ...(maxRows === undefined ? {} : { maxRows }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    const close = () => query.close();
    const over = () => signal?.removeEventListener("abort", close);
    signal?.addEventListener("abort", close);
    // What is wrong before the first bytes is an answer, not an error in the middle.
    const first = await query.pull();
    if (!first.ok) {
      over();
      return refusalOf(first, signal);
    }
    return { ok: true, contentType: query.contentType, bytes: pieces(query, first, signal, over) };
  }

  /** Gives up all queries, and ends the thread. */
  async close(): Promise<void> {
    await this.#engine?.close();
  }
}

/** A query that ended before its answer did. */
class QueryBroken extends Error {
  override readonly name = "QueryBroken";
  readonly refused: Refused<QueryRefusal>;

  constructor(refused: Refused<QueryRefusal>) {
    super(refused.message);
    this.refused = refused;
  }
}

async function* pieces(
  query: Query,
  first: QueryChunk,
  signal: AbortSignal | undefined,
  over: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    let piece: QueryChunk | Refused<string> = first;
    for (;;) {
      if (!piece.ok) throw new QueryBroken(refusalOf(piece, signal));
      if (piece.bytes.byteLength > 0) yield piece.bytes;
      if (piece.done) return;
      piece = await query.pull();
    }
  } finally {
    over();
    query.close();
  }
}

function refusalOf(
  { reason, message }: Refused<string>,
  signal: AbortSignal | undefined,
): Refused<QueryRefusal> {
  if (signal?.aborted === true) return cancelled();
  // Closed by nobody else: the store itself was.
  if (reason === "unknown-query") return refuse("closed", "the store was closed; open it again");
  return refuse(reason as QueryRefusal, message);
}

function cancelled(): Refused<QueryRefusal> {
  return refuse("cancelled", "the query was cancelled");
}

/** Runs whole queries on an engine. */

import type { QueryFacts } from "../../../actors/analyst/protocol.ts";
import type { Query, QueryOrder, SqlEngine } from "../../../actors/analyst/sql-engine.ts";

export interface Answer {
  readonly bytes: Buffer;
  readonly pulls: number;
  readonly facts: QueryFacts;
}

export type Row = Readonly<Record<string, unknown>>;

export async function pullAll(query: Query): Promise<Answer> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const chunk = await query.pull();
    if (!chunk.ok) throw new Error(`${chunk.reason}: ${chunk.message}`);
    parts.push(chunk.bytes);
    if (chunk.done) return { bytes: Buffer.concat(parts), pulls: parts.length, facts: chunk.facts! };
  }
}

export function ask(engine: SqlEngine, sql: string, more: Partial<QueryOrder> = {}): Promise<Answer> {
  return pullAll(engine.open({ sql, params: [], format: "json", ...more }));
}

/** The rows of a query, as JSON has them. */
export async function rowsOf(
  engine: SqlEngine,
  sql: string,
  params: QueryOrder["params"] = [],
): Promise<readonly Row[]> {
  const { bytes } = await ask(engine, sql, { params, maxRows: 100_000 });
  return (JSON.parse(bytes.toString()) as { rows: readonly Row[] }).rows;
}

/** Why a query is refused. */
export async function refusalOf(engine: SqlEngine, sql: string, more: Partial<QueryOrder> = {}) {
  const query = engine.open({ sql, params: [], format: "json", ...more });
  for (;;) {
    const chunk = await query.pull();
    if (!chunk.ok) return chunk;
    if (chunk.done) throw new Error("expected a refusal; the query gave rows");
  }
}

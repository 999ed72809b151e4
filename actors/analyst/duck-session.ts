/** One query after the other on one DuckDB: looks at it, takes in the rows it needs, runs it, writes its result. */

import { RecordBatchReader } from "apache-arrow";
import { concatBytes, END_OF_STREAM } from "../../runtime/batch/index.ts";
import type { Refused } from "../refused.ts";
import { type Duck, DuckError } from "./duck.ts";
import type {
  DuckReplies,
  DuckRequest,
  InsertRows,
  PlanQuery,
  RunQuery,
  TableNeed,
} from "./duck-protocol.ts";
import { COLUMN_OPTIMIZERS, NO_TIME_OPTIMIZERS, needsOf } from "./query-plan.ts";
import { ResultEncoder } from "./result-encoder.ts";
import { literal, readStatement, type Statement } from "./statement.ts";
import { clockMacros, createTables, narrowTables, STORED_SCHEMA } from "./tables.ts";

/** Bytes that a pull gives at least, unless the result ends. */
const PULL_BYTES = 512 * 1024;

/** The query cannot be run, and the message says why. */
export class QueryFault extends Error {
  override readonly name = "QueryFault";
}

interface Planned {
  readonly statement: Statement;
  readonly maxRows: number;
  /** `EXECUTE …`, or the whole EXPLAIN. */
  readonly run: string;
  readonly prepare: string;
  readonly needs: readonly TableNeed[];
}

interface Running {
  readonly batches: Generator<Uint8Array, void, void>;
  readonly encoder: ResultEncoder;
}

export class DuckSession {
  readonly #duck: Duck;
  readonly #memoryBytes: number;
  #planned: Planned | undefined;
  #running: Running | undefined;
  /** A new database is there, which nothing was asked of yet. */
  #isEmpty = false;

  constructor(duck: Duck, memoryBytes: number) {
    this.#duck = duck;
    this.#memoryBytes = memoryBytes;
  }

  /** @throws QueryFault, DuckError, Stopped */
  answer(request: DuckRequest): DuckReplies[keyof DuckReplies] {
    switch (request.op) {
      case "plan":
        return this.#plan(request);
      case "insert":
        return this.#insert(request);
      case "run":
        return this.#run(request);
      case "pull":
        return this.#pull();
      case "end":
        return this.#end(request.facts);
    }
  }

  /** Lets go of the rows that were read, once a query is answered to its end: a new database takes some 50 ms to be made. */
  empty(): void {
    this.#duck.open();
    this.#isEmpty = true;
  }

  #plan({ sql, params, tables, nowMs, maxRows }: PlanQuery): DuckReplies["plan"] {
    const duck = this.#duck;
    this.#running = undefined;
    if (!this.#isEmpty) duck.open();
    this.#isEmpty = false;
    duck.execute(...settings(this.#memoryBytes));
    const statement = need(readStatement(sql, duck.tokenOffsets(sql)));
    const values = params.map((param, index) => {
      const text = literal(param, index);
      return typeof text === "string" ? text : need(text);
    });
    duck.execute(...createTables(tables), ...clockMacros(nowMs));
    duck.check(sql);
    const rows = this.#rowsOf(statement, maxRows);
    const prepare = `PREPARE millrace_query AS ${rows}`;
    const execute = `EXECUTE millrace_query${values.length === 0 ? "" : `(${values.join(", ")})`}`;
    const needs = statement.isRun ? this.#needs(tables, prepare, execute) : [];
    duck.execute(
      ...narrowTables(tables, needs),
      "RESET disabled_optimizers",
      // Not for its figures: it makes DuckDB ask for the time often, which is when it can be stopped (duck.ts).
      "SET enable_profiling = 'no_output'",
      "SET lock_configuration = true",
    );
    this.#planned = { statement, maxRows, prepare, needs, run: `${statement.explain} ${execute}` };
    return { needs };
  }

  /** The query as one that gives at most one row more than is wanted, which tells whether there are more. */
  #rowsOf({ text, explain }: Statement, maxRows: number): string {
    if (explain !== "") return text;
    const rows = `SELECT * FROM (\n${text}\n) LIMIT ${maxRows + 1}`;
    try {
      this.#duck.check(rows);
      return rows;
    } catch (error) {
      // By itself it is a right statement: one that begins as a query does, and then writes.
      if (!(error instanceof DuckError && error.message.includes("syntax error"))) throw error;
      throw new QueryFault(
        "expected a query that gives rows; the statement gives none. Nothing can be written",
      );
    }
  }

  #needs(tables: PlanQuery["tables"], prepare: string, execute: string): readonly TableNeed[] {
    const optimizers = textsOf(this.#duck.query("SELECT name FROM duckdb_optimizers()"), 0);
    const planWithout = (names: readonly string[]) => {
      this.#duck.execute(`SET disabled_optimizers = '${names.join(",")}'`, prepare);
      const plan = textsOf(this.#duck.query(`EXPLAIN (FORMAT JSON) ${execute}`), 1).join("");
      this.#duck.execute("DEALLOCATE millrace_query");
      return plan;
    };
    const columnPlan = planWithout(optimizers.filter((name) => !COLUMN_OPTIMIZERS.includes(name)));
    return needsOf(tables, columnPlan, planWithout(NO_TIME_OPTIMIZERS));
  }

  #insert({ table, stream }: InsertRows): DuckReplies["insert"] {
    this.#duck.insert(STORED_SCHEMA, table, new Uint8Array(stream));
    return {};
  }

  #run({ format }: RunQuery): DuckReplies["run"] {
    const { prepare, run, maxRows } = this.#planned!;
    this.#duck.execute(prepare, "BEGIN TRANSACTION READ ONLY");
    const batches = this.#duck.query(run);
    const schema = batches.next();
    if (schema.done === true) throw new Error("a result begins with its schema");
    const encoder = new ResultEncoder(schema.value, format, maxRows);
    const listed = encoder.columns.find(({ type }) => /\bENUM\b/.test(type));
    if (listed !== undefined) {
      throw new QueryFault(
        `column ${listed.name} is an ENUM, which a result cannot hold; cast it: CAST(… AS VARCHAR)`,
      );
    }
    this.#running = { batches, encoder };
    return { columns: encoder.columns };
  }

  #pull(): DuckReplies["pull"] {
    const { batches, encoder } = this.#running!;
    let isLast = false;
    while (!isLast && encoder.byteLength < PULL_BYTES) {
      const next = batches.next();
      isLast = next.done === true || encoder.isTruncated;
      if (next.done !== true) encoder.append(next.value);
    }
    return { bytes: encoder.take(), isLast, rows: encoder.rows, isTruncated: encoder.isTruncated };
  }

  #end(facts: Readonly<Record<string, unknown>>): DuckReplies["end"] {
    const { encoder } = this.#running!;
    encoder.end(facts);
    this.#running = undefined;
    this.#planned = undefined;
    return { bytes: encoder.take() };
  }
}

/** What a new database is told before anything of the query is looked at. */
function settings(memoryBytes: number): readonly string[] {
  return [
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    `SET memory_limit = '${Math.floor(memoryBytes / 2 ** 20)}MiB'`,
  ];
}

function need<T extends { readonly ok: true }>(answer: T | Refused<"refused">): T {
  if (!answer.ok) throw new QueryFault(answer.message);
  return answer;
}

/** Texts of one column of a small result. */
function textsOf(messages: Iterable<Uint8Array>, column: number): readonly string[] {
  const reader = RecordBatchReader.from(concatBytes([...messages, END_OF_STREAM]));
  const texts: string[] = [];
  for (const batch of reader) for (const text of batch.getChildAt(column)!) texts.push(text as string);
  return texts;
}

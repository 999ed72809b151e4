/**
 * POST /v1/query: read-only SQL over what is stored. The answer is JSON, CSV or an Arrow stream, as Accept says, and comes
 * while it is made; who goes away before its end ends the query.
 */

import { z } from "zod";
import {
  ANALYST,
  type AnalystMessage,
  type AnalystReplies,
  DEFAULT_QUERY_MS,
  DEFAULT_RESULT_ROWS,
  MAX_PARAMS,
  MAX_QUERIES,
  MAX_QUERY_MS,
  MAX_RESULT_ROWS,
  MAX_SQL_CHARACTERS,
  type OpenQuery,
  type QueryFormat,
} from "../../actors/analyst/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { ANSWER_MS, askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { fieldFault, readJsonBody } from "../json-body.ts";
import { preferredType } from "../preferred-type.ts";
import { badParameter, problem, unanswered } from "../problem.ts";
import { pulledBody } from "../pulled-body.ts";
import { refusal } from "../refusal.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";

const TYPES = ["application/json", "text/csv", "application/vnd.apache.arrow.stream"] as const;
const FORMAT_OF: Readonly<Record<(typeof TYPES)[number], QueryFormat>> = {
  "application/json": "json",
  "text/csv": "csv",
  "application/vnd.apache.arrow.stream": "arrow",
};

const SQL = `SQL of 1 to ${MAX_SQL_CHARACTERS} characters`;
const ROWS = `a whole number from 1 to ${MAX_RESULT_ROWS}`;
const LIMIT = `a whole number of milliseconds from 1 to ${MAX_QUERY_MS}`;
const PARAMS = `a list of at most ${MAX_PARAMS} texts, numbers, truth values and nulls`;
const QUERY = z
  .strictObject({
    sql: z
      .string(SQL)
      .min(1, SQL)
      .max(MAX_SQL_CHARACTERS, SQL)
      .meta({ examples: ["SELECT count(*) FROM memory"] }),
    params: z
      .array(
        z.union([z.string(), z.number(), z.boolean(), z.null()], "a text, a number, a truth value or null"),
        PARAMS,
      )
      .max(MAX_PARAMS, PARAMS)
      .optional()
      .describe("For `?` or `$1` in the text, in order."),
    maxRows: z
      .int(ROWS)
      .min(1, ROWS)
      .max(MAX_RESULT_ROWS, ROWS)
      .optional()
      .describe(`Default: ${DEFAULT_RESULT_ROWS}.`),
    timeoutMs: z
      .int(LIMIT)
      .min(1, LIMIT)
      .max(MAX_QUERY_MS, LIMIT)
      .optional()
      .describe(`How long it may work. Default: ${DEFAULT_QUERY_MS}.`),
  })
  .meta({ id: "Query" });
const RESULT = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.string().describe("DuckDB's name of it.") })),
    rows: z.array(z.record(z.string(), z.unknown())).describe("An object a row, by column."),
    rowCount: count(),
    truncated: z.boolean().describe("There were more rows than were wanted."),
    seconds: z.number().describe("That it worked."),
    read: z
      .object({
        rows: count(),
        bytes: count(),
        groups: count().describe("Row groups of the lake that were decoded."),
        tables: z.array(
          z.object({
            table: z.string(),
            columns: z.array(z.string()),
            from: z.string().nullable(),
            to: z.string().nullable(),
            rows: count(),
          }),
        ),
      })
      .describe("What was read of the store for it."),
  })
  .meta({ id: "QueryResult" });

const SPEC: RouteSpec = {
  method: "post",
  path: "/v1/query",
  tag: "query",
  summary: "SQL over what is stored",
  description:
    "DuckDB's SQL, read-only. Every dataset is a table of its public columns; moments are `TIMESTAMP` in UTC. The answer is of " +
    "the type that the header `Accept` prefers, and comes while it is made; who goes away before its end ends the query.",
  scope: "export",
  body: { schema: QUERY },
  answers: {
    200: {
      meaning: "The rows.",
      content: {
        "application/json": { schema: RESULT },
        "text/csv": { schema: "A line a row, with a header" },
        "application/vnd.apache.arrow.stream": { schema: "An Arrow IPC stream" },
      },
    },
  },
  problems: [
    "bad-body",
    "bad-parameter",
    "not-acceptable",
    "query-refused",
    "query-needs-extension",
    "query-too-large",
    "query-timed-out",
    "store-damaged",
    "too-many",
    "actor-unavailable",
    "actor-failed",
  ],
};

/** The first rows may have to wait for every query that came before. The query's own limit is the analyst's to keep. */
const PULL_MS = MAX_QUERIES * MAX_QUERY_MS + ANSWER_MS;

export function queryRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(SPEC, async (c) => {
    const type = preferredType(c.req.header("accept"), TYPES);
    if (type === undefined) return notAcceptable(c);
    const body = await readJsonBody(c);
    if (!body.ok) return body.response;
    const read = QUERY.safeParse(body.value);
    if (!read.success) return badParameter(c, fieldFault(read.error, body.value, Object.keys(QUERY.shape)));
    const { sql, params = [], maxRows, timeoutMs } = read.data;
    return run(c, deps, {
      sql,
      params,
      format: FORMAT_OF[type],
      ...(maxRows === undefined ? {} : { maxRows }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  });
}

async function run(c: RequestContext, deps: ControlDeps, query: Omit<OpenQuery, "kind">): Promise<Response> {
  // Its limit of time is the query's.
  c.env?.connection?.keepOpen();
  const opened = await askAnalyst(deps, { kind: "query.open", ...query }, ANSWER_MS);
  if (!opened.ok) return unanswered(c, opened);
  if (!opened.value.ok) return refusal(c, opened.value);
  const { id, contentType } = opened.value;
  const made = await pulledBody({
    pull: () => askAnalyst(deps, { kind: "query.pull", id }, PULL_MS),
    close: () => void deps.ask(ANALYST, { kind: "query.close", id } as AnalystMessage, ANSWER_MS),
    onBreak: (reason) => deps.log.error("a query's answer broke off: {reason}", { reason }),
    gone: c.req.raw.signal,
  });
  if (!made.ok) return unanswered(c, made);
  if (!made.value.ok) return refusal(c, made.value);
  return c.body(made.value.body, 200, { "content-type": contentType });
}

function askAnalyst<M extends AnalystMessage>(
  deps: ControlDeps,
  message: M,
  deadlineMs: number,
): Promise<AskResult<AnalystReplies[M["kind"]]>> {
  return askPatiently(deps, ANALYST, message, deadlineMs);
}

function notAcceptable(c: RequestContext) {
  const detail = `expected an Accept header that takes ${TYPES.join(" or ")}`;
  return problem(c, "not-acceptable", { detail, more: { types: TYPES } });
}

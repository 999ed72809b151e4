/**
 * POST /v1/query: read-only SQL over what is stored. The answer is JSON, CSV or an Arrow stream, as Accept says, and comes
 * while it is made; who goes away before its end ends the query.
 */

import type { Context, Hono } from "hono";
import { z } from "zod";
import {
  ANALYST,
  type AnalystMessage,
  type AnalystReplies,
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
const QUERY = z.strictObject({
  sql: z.string(SQL).min(1, SQL).max(MAX_SQL_CHARACTERS, SQL),
  params: z
    .array(
      z.union([z.string(), z.number(), z.boolean(), z.null()], "a text, a number, a truth value or null"),
      PARAMS,
    )
    .max(MAX_PARAMS, PARAMS)
    .optional(),
  maxRows: z.int(ROWS).min(1, ROWS).max(MAX_RESULT_ROWS, ROWS).optional(),
  timeoutMs: z.int(LIMIT).min(1, LIMIT).max(MAX_QUERY_MS, LIMIT).optional(),
});

/** The first rows may have to wait for every query that came before. The query's own limit is the analyst's to keep. */
const PULL_MS = MAX_QUERIES * MAX_QUERY_MS + ANSWER_MS;

export function queryRoutes(app: Hono, deps: ControlDeps): void {
  app.post("/v1/query", async (c) => {
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

async function run(c: Context, deps: ControlDeps, query: Omit<OpenQuery, "kind">): Promise<Response> {
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

function notAcceptable(c: Context) {
  const detail = `expected an Accept header that takes ${TYPES.join(" or ")}`;
  return problem(c, "not-acceptable", { detail, more: { types: TYPES } });
}

/**
 * Every error over HTTP: `application/problem+json` (RFC 9457). `type` is `urn:millrace:problem:<code>` and says what a
 * program should react to; `detail` says to a person what was expected, what came and what to do. Nothing secret is in it,
 * and of what came no more than a little.
 */

import type { Context } from "hono";
import type { AskResult } from "../runtime/actor/types.ts";
import { type Fault, shorten } from "./fault.ts";

export { echo } from "./fault.ts";

/** Status and title of each kind of problem there is. */
export const PROBLEMS = {
  "bad-body": [400, "The request body cannot be used"],
  "bad-filter": [400, "The filter cannot be used"],
  "bad-parameter": [400, "A parameter cannot be used"],
  "query-refused": [400, "The query cannot be run"],
  "unknown-column": [400, "There is no such column"],
  "token-needed": [401, "A token is needed"],
  "origin-refused": [403, "Another site may not ask this"],
  "scope-needed": [403, "The token is not good for this"],
  "no-shadow": [404, "The dataset has no choice to compare"],
  "not-found": [404, "There is nothing at this address"],
  "unknown-actor": [404, "There is no such actor"],
  "unknown-dataset": [404, "There is no such dataset"],
  "unknown-export": [404, "There is no such export"],
  "unknown-format": [404, "There is no such format"],
  "unknown-metric": [404, "There is no such metric"],
  "unknown-outlet": [404, "There is no such outlet"],
  "method-not-allowed": [405, "This address does not take this method"],
  "not-acceptable": [406, "The answer cannot be given in this form"],
  "body-too-slow": [408, "The request body came too slowly"],
  "export-not-done": [409, "The export is not done"],
  "outlet-refused": [409, "The outlet cannot be opened there"],
  "command-refused": [409, "The actor cannot do this now"],
  "setting-fixed": [409, "A setting cannot be changed while the program runs"],
  "change-refused": [409, "The settings cannot be changed now"],
  "body-refused": [413, "This request body is not taken"],
  "body-type-refused": [415, "The request body is of a kind that is not taken"],
  "host-refused": [421, "This server is not known by this name"],
  "bad-setting": [422, "A setting cannot be used"],
  "rows-refused": [422, "None of the rows is taken"],
  "key-reused": [422, "Another body came under this key"],
  "below-policy": [422, "The privacy policy is not met"],
  "query-needs-extension": [422, "The query needs what is not built in"],
  "query-too-large": [422, "The query needs too much at once"],
  "values-refused": [422, "None of the values is taken"],
  "lane-full": [429, "Rows come faster than they are stored"],
  quota: [429, "Rows come faster than is allowed"],
  "too-fast": [429, "Requests come too fast"],
  "too-many-failures": [429, "Too many wrong tokens came from this address"],
  "headers-refused": [431, "The request's address and headers are too long"],
  internal: [500, "Something went wrong here"],
  "store-damaged": [500, "What is stored cannot be read"],
  "actor-failed": [503, "The part that answers this has failed on it"],
  "actor-unavailable": [503, "The part that answers this is not available"],
  "rows-given-up": [503, "Rows were lost on their way to the log"],
  "too-many": [503, "Too many clients at once"],
  "query-timed-out": [504, "The query took longer than it may"],
  disk: [507, "The disk does not take it"],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemFacts {
  readonly detail: string;
  /** More members of the problem object. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const INSTANCE_CHARACTERS = 200;

/** The problem itself. @param instance the path that was asked for */
export function problemObject(
  code: ProblemCode,
  { detail, more = {} }: Pick<ProblemFacts, "detail" | "more">,
  instance: string,
) {
  const [status, title] = PROBLEMS[code];
  return { type: `urn:millrace:problem:${code}`, title, status, detail, instance, ...more };
}

export function problem(c: Context, code: ProblemCode, { detail, more = {}, headers = {} }: ProblemFacts) {
  // The path alone: a query may hold what does not belong into logs.
  const instance = shorten(c.req.path, INSTANCE_CHARACTERS);
  const body = problemObject(code, { detail, more }, instance);
  return new Response(`${JSON.stringify(body)}\n`, {
    status: body.status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** A parameter that cannot be used: which, what was expected, what came. */
export function badParameter(c: Context, { parameter, expected, came }: Omit<Fault, "ok">) {
  const detail = `${parameter}: expected ${expected}; came ${came}`;
  return problem(c, "bad-parameter", { detail, more: { parameter, expected, came } });
}

/** An actor that did not answer, or answered that it cannot: to be tried again. */
export function unanswered(c: Context, result: AskResult<unknown> & { readonly ok: false }) {
  const code = result.reason === "failed" ? "actor-failed" : "actor-unavailable";
  return problem(c, code, {
    detail: `${result.message}; try again in a moment`,
    headers: { "retry-after": result.reason === "full" ? "1" : "2" },
  });
}

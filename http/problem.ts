/**
 * Every error over HTTP: `application/problem+json` (RFC 9457). `type` is `urn:millrace:problem:<code>` and says what a
 * program should react to; `detail` says to a person what was expected, what came and what to do. Nothing secret is in it,
 * and of what came no more than ECHO_CHARACTERS.
 */

import type { Context } from "hono";
import type { AskResult } from "../runtime/actor/types.ts";

/** Status and title of each kind of problem there is. */
export const PROBLEMS = {
  "bad-parameter": [400, "A parameter cannot be used"],
  "token-needed": [401, "A token is needed"],
  "origin-refused": [403, "Another site may not ask this"],
  "not-found": [404, "There is nothing at this address"],
  "unknown-actor": [404, "There is no such actor"],
  "unknown-dataset": [404, "There is no such dataset"],
  "unknown-format": [404, "There is no such format"],
  "method-not-allowed": [405, "This address does not take this method"],
  "restart-refused": [409, "The actor cannot be restarted now"],
  "body-refused": [413, "No request body is taken here"],
  "host-refused": [421, "This server is not known by this name"],
  internal: [500, "Something went wrong here"],
  "export-damaged": [500, "What is stored cannot be read"],
  "actor-failed": [503, "The part that answers this has failed on it"],
  "actor-unavailable": [503, "The part that answers this is not available"],
  "too-many": [503, "Too many clients at once"],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemFacts {
  readonly detail: string;
  /** More members of the problem object. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Characters of a value that came which a problem repeats. */
const ECHO_CHARACTERS = 80;
const INSTANCE_CHARACTERS = 200;

export function problem(c: Context, code: ProblemCode, { detail, more = {}, headers = {} }: ProblemFacts) {
  const [status, title] = PROBLEMS[code];
  // The path alone: a query may hold what does not belong into logs.
  const instance = shorten(c.req.path, INSTANCE_CHARACTERS);
  const body = { type: `urn:millrace:problem:${code}`, title, status, detail, instance, ...more };
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** A parameter that cannot be used: which, what was expected, what came. */
export function badParameter(
  c: Context,
  {
    parameter,
    expected,
    came,
  }: { readonly parameter: string; readonly expected: string; readonly came: string },
) {
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

/** A value that came, as a problem may repeat it. */
export function echo(value: string): string {
  return JSON.stringify(shorten(value, ECHO_CHARACTERS));
}

function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}

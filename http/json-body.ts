/**
 * Request bodies. Only JSON is taken, said to be JSON: a form of another site can send a body, but not under that type without
 * asking first, which nobody is granted. Of a body no more is read than the limit.
 */

import type { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import { nearestName } from "../runtime/config/nearest.ts";
import { BODY_MS, readBounded, readWhole } from "./bounded-body.ts";
import { came, type Fault, fault } from "./fault.ts";
import { problem } from "./problem.ts";
import type { RequestContext } from "./route.ts";

/** Bytes. The longest SQL fits in, whatever its characters take. */
export const MAX_BODY_BYTES = 2 ** 20;
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const JSON_TYPE = /^application\/json(?:\s*;\s*charset=utf-8)?\s*$/i;

export type BodyRead =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly response: Response };

/** Whether a request says that its body is JSON. */
export function saysJson(contentType: string | undefined): boolean {
  return JSON_TYPE.test(contentType ?? "");
}

/**
 * Reads the body of a request that its route's gate has let through: no more of it than the route takes, and for no longer than
 * `BODY_MS`. @param clock default: the host's
 */
export async function readJsonBody(c: RequestContext, clock?: Clock): Promise<BodyRead> {
  const maxBytes = c.get("maxBodyBytes") ?? MAX_BODY_BYTES;
  const isStranger = c.get("scopes")?.size === 0;
  // More than was said does not come; how much that may be, the gate has seen to.
  const isLengthSaid = c.req.header("content-length") !== undefined;
  const read = isLengthSaid
    ? await readWhole(c.req.raw, maxBytes, clock, isStranger)
    : await readBounded(c.req.raw.body, maxBytes, clock, isStranger);
  if (!read.ok) return { ok: false, response: unreadBody(c, read.reason, maxBytes, "a body of JSON") };
  const { bytes } = read;
  if (bytes.byteLength === 0) return refuse(c, "came nothing");
  try {
    return { ok: true, value: JSON.parse(UTF8.decode(bytes)) };
  } catch {
    return refuse(c, "came something else");
  }
}

/** What is wrong with a body, in the words that its schema has for what it expects. */
export function fieldFault(error: z.ZodError, body: unknown, known: readonly string[]): Fault {
  const issue = error.issues[0]!;
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0]!;
    const near = nearestName(name, known);
    const meant = near === undefined ? "" : `; did you mean ${near}?`;
    return fault("body", `only the fields ${known.join(", ")}`, `${came(name)}${meant}`);
  }
  if (path.length === 0) return fault("body", "a JSON object", came(body));
  const value = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | null)?.[name], body);
  return fault(path.join("."), issue.message, came(value));
}

function refuse(c: RequestContext, what: string): BodyRead {
  return { ok: false, response: problem(c, "bad-body", { detail: `expected a body of JSON; ${what}` }) };
}

/** Why a body was not read to its end. What is left of it cannot be told from the next request. @param expected what it is @param remedy of one that is too long */
export function unreadBody(
  c: RequestContext,
  reason: "too-long" | "too-slow" | "too-many" | "broken",
  maxBytes: number,
  expected: string,
  remedy = "",
): Response {
  const headers = { connection: "close" };
  if (reason === "too-long") {
    const detail = `expected a body of at most ${maxBytes} bytes; came a longer one${remedy}`;
    return problem(c, "body-refused", { detail, headers });
  }
  if (reason === "too-many") {
    const detail = "too many bodies are being read; try again in a moment";
    return problem(c, "too-many", { detail, headers: { ...headers, "retry-after": "5" } });
  }
  if (reason === "too-slow") {
    const detail = `expected the whole body within ${BODY_MS / 1000} s; not all of it came`;
    return problem(c, "body-too-slow", { detail, headers });
  }
  return problem(c, "bad-body", { detail: `expected ${expected}; it broke off`, headers });
}

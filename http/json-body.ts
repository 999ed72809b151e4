/**
 * Request bodies. Only JSON is taken, said to be JSON: a form of another site can send a body, but not under that type without
 * asking first, which nobody is granted. Of a body no more is read than the limit.
 */

import type { Context } from "hono";
import type { z } from "zod";
import { nearestName } from "../runtime/config/nearest.ts";
import { came, type Fault, fault } from "./fault.ts";
import { problem } from "./problem.ts";

/** Bytes. The longest SQL fits in, whatever its characters take. */
export const MAX_BODY_BYTES = 2 ** 20;
const JSON_TYPE = /^application\/json(?:\s*;\s*charset=utf-8)?\s*$/i;

export type BodyRead =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly response: Response };

/** Whether a request says that its body is JSON. */
export function saysJson(contentType: string | undefined): boolean {
  return JSON_TYPE.test(contentType ?? "");
}

export async function readJsonBody(c: Context): Promise<BodyRead> {
  const bytes = await readBounded(c.req.raw.body);
  if (bytes === undefined) {
    const detail = `expected a body of at most ${MAX_BODY_BYTES} bytes; came a longer one`;
    return { ok: false, response: problem(c, "body-refused", { detail, headers: { connection: "close" } }) };
  }
  if (bytes.byteLength === 0) return refuse(c, "came nothing");
  try {
    return { ok: true, value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
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

function refuse(c: Context, what: string): BodyRead {
  return { ok: false, response: problem(c, "bad-body", { detail: `expected a body of JSON; ${what}` }) };
}

/** Undefined: it is longer than the limit. */
async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.byteLength;
    if (length > MAX_BODY_BYTES) return undefined;
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

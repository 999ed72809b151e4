/** What every problem looks like, checked wherever one comes. */

import assert from "node:assert/strict";
import { PROBLEMS, type ProblemCode } from "../../http/problem.ts";

export interface ProblemBody {
  readonly [member: string]: unknown;
  readonly detail: string;
}

export async function assertProblem(response: Response, code: ProblemCode): Promise<ProblemBody> {
  const [status, title] = PROBLEMS[code];
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assertSecured(response);
  const body = JSON.parse(text) as ProblemBody;
  assert.equal(body["type"], `urn:millrace:problem:${code}`);
  assert.equal(body["title"], title);
  assert.equal(body["status"], status);
  assert.equal(typeof body.detail, "string");
  assert.ok(body.detail.length > 0 && body.detail.length < 600, body.detail);
  assert.ok(String(body["instance"]).startsWith("/"));
  assert.ok(!String(body["instance"]).includes("?"));
  if (status === 503) assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
  return body;
}

export function assertSecured({ headers }: Response): void {
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
  assert.equal(headers.get("cache-control"), "no-store");
  assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'/);
  assert.equal(headers.get("access-control-allow-origin"), null);
}

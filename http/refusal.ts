/** What an actor refuses, as the problem that it is over HTTP. `reason` is kept in it, in the actor's own word. */

import type { Context } from "hono";
import type { QueryRefusal } from "../actors/analyst/protocol.ts";
import type { ReplayRefusal } from "../actors/dead-letters/protocol.ts";
import type { ExaminerRefusal } from "../actors/examiner/protocol.ts";
import type { ExportRefusal, JobRefusal, PullRefusal } from "../actors/exporter/protocol.ts";
import type { OutletRefusal } from "../actors/outlets/protocol.ts";
import type { Refused } from "../actors/refused.ts";
import { type ProblemCode, problem } from "./problem.ts";

export type Refusal =
  | ExportRefusal
  | PullRefusal
  | JobRefusal
  | QueryRefusal
  | OutletRefusal
  | ExaminerRefusal
  | ReplayRefusal
  | "unknown-outlet"
  | "unknown-metric"
  | "bad-window";

const PROBLEM_OF: Readonly<Record<Refusal, ProblemCode>> = {
  "unknown-dataset": "unknown-dataset",
  "unknown-format": "unknown-format",
  "unknown-column": "unknown-column",
  "bad-range": "bad-parameter",
  "bad-filter": "bad-filter",
  "bad-option": "bad-parameter",
  "below-policy": "below-policy",
  "too-many": "too-many",
  disk: "disk",
  // Opened a moment ago and gone: the exporter or the analyst was started again.
  "unknown-export": "actor-failed",
  "unknown-query": "actor-failed",
  damaged: "store-damaged",
  "unknown-job": "unknown-export",
  "not-done": "export-not-done",
  refused: "query-refused",
  "needs-extension": "query-needs-extension",
  "too-large": "query-too-large",
  "timed-out": "query-timed-out",
  unavailable: "actor-unavailable",
  "no-shadow": "no-shadow",
  busy: "too-many",
  "lane-full": "lane-full",
  quota: "quota",
  "given-up": "rows-given-up",
  "unknown-outlet": "unknown-outlet",
  "address-taken": "outlet-refused",
  "address-refused": "outlet-refused",
  "not-a-pipe": "outlet-refused",
  "not-here": "outlet-refused",
  "not-loopback": "bad-parameter",
  "unknown-metric": "unknown-metric",
  "bad-window": "bad-parameter",
};

/** Seconds after which it may be tried again, where trying again can help. */
const RETRY_AFTER: Readonly<Partial<Record<ProblemCode, string>>> = {
  "too-many": "5",
  "lane-full": "1",
  quota: "5",
  "rows-given-up": "2",
  "actor-failed": "2",
  "actor-unavailable": "2",
};

/** @param more members of the problem besides its reason */
export function refusal(
  c: Context,
  { reason, message }: Refused<Refusal>,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const code = PROBLEM_OF[reason];
  const after = RETRY_AFTER[code];
  return problem(c, code, {
    detail: code === "actor-failed" ? `${message}; try again` : message,
    more: { reason, ...more },
    ...(after === undefined ? {} : { headers: { "retry-after": after } }),
  });
}

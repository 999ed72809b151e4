/** What the intake says of a body, as it is told over HTTP: an answer, or the problem that it is. */

import { z } from "zod";
import {
  MAX_REJECTIONS,
  type Pushed,
  type PushRefusal,
  type PushRefused,
} from "../../actors/intake/protocol.ts";
import { REJECTION_REASONS } from "../../datasets/rejection.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import type { ProblemCode } from "../problem.ts";
import { count } from "../schemas.ts";

const REJECTION = z
  .object({
    row: count().describe("Its place in the body, from 0 on."),
    column: z.string().nullable().describe("Null: the row as a whole."),
    reason: z.enum(REJECTION_REASONS),
    expected: z.string(),
    got: z.string(),
  })
  .meta({ id: "RowRejection" });

export const PUSH_ANSWER = z
  .object({
    accepted: count(),
    rejected: count(),
    rejections: z.array(REJECTION).describe(`The first ${MAX_REJECTIONS} of them.`),
    reasons: z
      .partialRecord(z.enum(REJECTION_REASONS), count())
      .describe("By reason: how many; the others had none."),
    fromSequence: count().nullable().describe("Number of the first accepted row; null: none was new."),
    toSequence: count().nullable().describe("Behind the last accepted row; null: none was new."),
    repeated: count().describe("Accepted rows that were there already, under the same Idempotency-Key."),
  })
  .meta({ id: "PushAnswer" });

export type PushAnswer = z.output<typeof PUSH_ANSWER>;

/** Why a body was not taken. */
export interface PushProblem {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly detail: string;
  /** More members of the problem. */
  readonly more: Readonly<Record<string, unknown>>;
  /** To be sent again, after so long. */
  readonly retryAfterMs?: number;
  /** Rows of it may have been taken: it is to be sent again under its key, and under no other. */
  readonly isUnknown: boolean;
}

const CODE_OF: Readonly<Record<PushRefusal, ProblemCode>> = {
  "unknown-dataset": "unknown-dataset",
  "bad-body": "bad-body",
  "too-large": "body-refused",
  "lane-full": "lane-full",
  quota: "quota",
  "key-reused": "key-reused",
  "given-up": "rows-given-up",
};
const RETRY_MS = 1000;
const RETRIED: readonly PushRefusal[] = ["lane-full", "quota", "given-up"];

export function pushAnswer(
  result: AskResult<Pushed | PushRefused>,
): { readonly ok: true; readonly answer: PushAnswer } | PushProblem {
  if (!result.ok) return unanswered(result);
  if (!result.value.ok) return refused(result.value);
  const { ok: _, ...pushed } = result.value;
  const answer: PushAnswer = {
    ...pushed,
    rejections: [...pushed.rejections],
    reasons: { ...pushed.reasons },
  };
  if (pushed.accepted > 0 || pushed.rejected === 0) return { ok: true, answer };
  const [first] = pushed.rejections;
  const where =
    first === undefined
      ? ""
      : `; row ${first.row}${first.column === null ? "" : `, ${first.column}`}: expected ${first.expected}; came ${first.got}`;
  const detail = `expected rows of the dataset; ${pushed.rejected === 1 ? "the only one was" : `all ${pushed.rejected} were`} refused${where}`;
  return { ok: false, code: "rows-refused", detail, more: answer, isUnknown: false };
}

function refused({ reason, message, retryAfterMs = RETRY_MS }: PushRefused): PushProblem {
  return {
    ok: false,
    code: CODE_OF[reason],
    detail: message,
    more: { reason },
    ...(RETRIED.includes(reason) ? { retryAfterMs } : {}),
    isUnknown: reason === "given-up",
  };
}

function unanswered({ reason, message }: AskResult<unknown> & { readonly ok: false }): PushProblem {
  // Full or closed: no handler has seen it, but for one that ended with it in its hands.
  const isUnknown = reason !== "full";
  const again = isUnknown
    ? "rows of it may have been taken: send it again under the same Idempotency-Key, which takes none twice"
    : "nothing of it was taken: send it again in a moment";
  return {
    ok: false,
    code: reason === "failed" ? "actor-failed" : "actor-unavailable",
    detail: `${message}; ${again}`,
    more: { reason },
    retryAfterMs: reason === "full" ? RETRY_MS : 2 * RETRY_MS,
    isUnknown,
  };
}

/**
 * GET /v1/datasets/:name/quality, how good a dataset's rows are for training, as JSON or as a page;
 * GET /v1/datasets/:name/agreement, how often what was chosen is what would have been.
 */

import { z } from "zod";
import {
  EXAMINE_MS,
  EXAMINER,
  type ExaminerMessage,
  type ExaminerReplies,
  MAX_EXAMINATIONS,
} from "../../actors/examiner/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { ANSWER_MS, askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { pagePolicy } from "../page-policy.ts";
import { preferredType } from "../preferred-type.ts";
import { badParameter, unanswered } from "../problem.ts";
import { AGREEMENT_QUERY, agreementWish, examineWish, QUALITY_QUERY } from "../quality-input.ts";
import { renderQualityPage } from "../quality-page.ts";
import { AGREEMENT_REPORT, QUALITY_REPORT } from "../quality-schemas.ts";
import { refusal } from "../refusal.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";
import { unknownDataset } from "../unknown-dataset.ts";

const params = z.object({
  name: z.string().meta({ description: "A dataset's name.", examples: ["memory"] }),
});
const PROBLEMS = [
  "unknown-dataset",
  "bad-parameter",
  "too-many",
  "disk",
  "store-damaged",
  "actor-unavailable",
  "actor-failed",
] as const;

const QUALITY: RouteSpec = {
  method: "get",
  path: "/v1/datasets/:name/quality",
  tag: "datasets",
  summary: "How good a dataset's rows are for training",
  description:
    "Counts, missing and different values, quartiles, outliers, the balance of the label's classes, constant and duplicate columns, " +
    "and drift against an earlier time. All rows of the time are read, which may take a while; who goes away ends it.",
  scope: "read",
  params,
  query: QUALITY_QUERY,
  answers: {
    200: {
      meaning: "The report, as the header `Accept` prefers. Whether the rows passed is in it.",
      content: {
        "application/json": { schema: QUALITY_REPORT },
        "text/html": { schema: "The same as a page" },
      },
    },
  },
  problems: PROBLEMS,
};
const AGREEMENT: RouteSpec = {
  method: "get",
  path: "/v1/datasets/:name/agreement",
  tag: "datasets",
  summary: "How often what was chosen is what would have been",
  description:
    "Of a dataset that says both, for all or a fraction of the traffic: a request is in it when its pseudonym, as a fraction of 2^64, " +
    "is below that fraction, so the same requests are in it whenever it is asked.",
  scope: "read",
  params,
  query: AGREEMENT_QUERY,
  answers: {
    200: { meaning: "The report.", content: { "application/json": { schema: AGREEMENT_REPORT } } },
  },
  problems: [...PROBLEMS, "no-shadow"],
};

/** Others may be in line. */
const REPORT_MS = MAX_EXAMINATIONS * EXAMINE_MS;

export function qualityRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(QUALITY, async (c) => {
    const name = c.req.param("name") ?? "";
    const dataset = deps.datasets.find((candidate) => candidate.name === name);
    if (dataset === undefined) return unknownDataset(c, deps, name);
    const read = examineWish(name, new URL(c.req.url).searchParams, deps.clock.nowMs());
    if (!read.ok) return badParameter(c, read);
    // Whether the address is right is all that HEAD can be told cheaply.
    if (c.req.method === "HEAD") return c.body(null, 200);
    const answer = await examine(c, deps, (id) => ({ kind: "examiner.examine", id, wish: read.wish }));
    if (!answer.ok) return unanswered(c, answer);
    if (!answer.value.ok) return refusal(c, answer.value);
    const { report } = answer.value;
    const type = preferredType(c.req.header("accept"), ["application/json", "text/html"]);
    if (type !== "text/html") return c.json(report);
    const html = renderQualityPage(report, dataset.title);
    return c.html(html, 200, { "content-security-policy": pagePolicy(html, ["img-src data:"]) });
  });

  routes.add(AGREEMENT, async (c) => {
    const name = c.req.param("name") ?? "";
    if (!deps.datasets.some((dataset) => dataset.name === name)) return unknownDataset(c, deps, name);
    const read = agreementWish(name, new URL(c.req.url).searchParams, deps.clock.nowMs());
    if (!read.ok) return badParameter(c, read);
    if (c.req.method === "HEAD") return c.body(null, 200);
    const answer = await examine(c, deps, (id) => ({ kind: "examiner.agreement", id, wish: read.wish }));
    if (!answer.ok) return unanswered(c, answer);
    return answer.value.ok ? c.json(answer.value.report) : refusal(c, answer.value);
  });
}

/** Asks for a report. Who goes away before it is there ends its making. */
async function examine<M extends ExaminerMessage>(
  c: RequestContext,
  deps: ControlDeps,
  message: (id: string) => M,
): Promise<AskResult<ExaminerReplies[M["kind"]]>> {
  // Its rows may take long to read.
  c.env?.connection?.keepOpen();
  const id = crypto.randomUUID();
  const gone = c.req.raw.signal;
  const cancel = () => {
    const cancelled: ExaminerMessage = { kind: "examiner.cancel", id };
    void deps.ask(EXAMINER, cancelled, ANSWER_MS);
  };
  gone.addEventListener("abort", cancel);
  try {
    const answer = await askPatiently<ExaminerReplies[M["kind"]]>(deps, EXAMINER, message(id), REPORT_MS);
    if (!answer.ok && answer.reason === "timed-out") cancel();
    return answer;
  } finally {
    gone.removeEventListener("abort", cancel);
  }
}

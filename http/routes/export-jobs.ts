/**
 * Exports that take their time: POST /v1/exports orders one, and the rest asks after it.
 *
 *     GET    /v1/exports               all of them, newest first
 *     GET    /v1/exports/:job          how far it is
 *     GET    /v1/exports/:job/events   the same, as server-sent events, until it has ended
 *     GET    /v1/exports/:job/file     what it made
 *     GET    /v1/exports/:job/privacy  the privacy report of an anonymous one, as JSON or as a page
 *     DELETE /v1/exports/:job          ends it, or removes what it made
 */

import { z } from "zod";
import { renderPrivacyPage } from "../../actors/exporter/anonymous/report-page.ts";
import type { ExporterReplies, ExportJob } from "../../actors/exporter/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import type { ControlDeps } from "../control.ts";
import { eventStream, type Watcher } from "../event-stream.ts";
import { askExporter, jobFile } from "../export-access.ts";
import { runJobEvents } from "../job-events.ts";
import { JOB_VIEW, jobPath, jobView } from "../job-view.ts";
import { readJsonBody } from "../json-body.ts";
import { ORDER, orderFromJson } from "../order-input.ts";
import { pagePolicy } from "../page-policy.ts";
import { preferredType } from "../preferred-type.ts";
import { badParameter, problem, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import { PRIVACY_REPORT } from "../report-schema.ts";
import type { Answer, RequestContext, RouteSpec, Routes } from "../route.ts";
import { exportContent, fileHeaders } from "./exports.ts";

const MAX_EVENT_CLIENTS = 64;

const TAG = "exports";
const params = z.object({ job: z.string().describe("The job's 32 hex digits.") });
const UNANSWERED = ["actor-unavailable", "actor-failed"] as const;
const job = (meaning: string): Answer => ({ meaning, content: { "application/json": { schema: JOB_VIEW } } });

const START: RouteSpec = {
  method: "post",
  path: "/v1/exports",
  tag: TAG,
  summary: "Orders an export that takes its time",
  description:
    "The answer comes at once; `links.events` tells how far it is, `links.file` is the file when it is done.",
  scope: "export",
  body: { schema: ORDER },
  answers: { 202: job("It is being made; its address is in the header `Location`.") },
  problems: [
    "bad-body",
    "bad-parameter",
    "unknown-dataset",
    "unknown-format",
    "unknown-column",
    "bad-filter",
    "below-policy",
    "too-many",
    "disk",
    ...UNANSWERED,
  ],
};
const LIST: RouteSpec = {
  method: "get",
  path: "/v1/exports",
  tag: TAG,
  summary: "All exports that are remembered, newest first",
  scope: "export",
  answers: {
    200: {
      meaning: "Running ones and ended ones.",
      content: {
        "application/json": { schema: z.object({ exports: z.array(JOB_VIEW) }).meta({ id: "ExportJobs" }) },
      },
    },
  },
  problems: UNANSWERED,
};
const ONE: RouteSpec = {
  method: "get",
  path: "/v1/exports/:job",
  tag: TAG,
  summary: "How far an export is",
  scope: "export",
  params,
  answers: { 200: job("The job.") },
  problems: ["unknown-export", ...UNANSWERED],
};
const REMOVE: RouteSpec = {
  method: "delete",
  path: "/v1/exports/:job",
  tag: TAG,
  summary: "Ends an export, or removes what it made",
  scope: "export",
  params,
  answers: { 200: job("The job as it was.") },
  problems: ["unknown-export", "disk", ...UNANSWERED],
};
const EVENTS: RouteSpec = {
  method: "get",
  path: "/v1/exports/:job/events",
  tag: TAG,
  summary: "How far an export is, as it gets on",
  scope: "export",
  params,
  answers: {
    200: {
      meaning: "Events until it has ended.",
      content: {
        "text/event-stream": {
          schema:
            "An event `progress` whenever it got further, then one of `done`, `failed` or `cancelled`, each with the job as its data",
        },
      },
    },
  },
  problems: ["unknown-export", "too-many", ...UNANSWERED],
};
const FILE: RouteSpec = {
  method: "get",
  path: "/v1/exports/:job/file",
  tag: TAG,
  summary: "What an export made",
  scope: "export",
  params,
  answers: { 200: { meaning: "The file.", content: exportContent() } },
  problems: ["unknown-export", "export-not-done", "disk", ...UNANSWERED],
};
const PRIVACY: RouteSpec = {
  method: "get",
  path: "/v1/exports/:job/privacy",
  tag: TAG,
  summary: "The privacy report of an anonymous export",
  scope: "export",
  params,
  answers: {
    200: {
      meaning: "The report, as the header `Accept` prefers.",
      content: {
        "application/json": { schema: PRIVACY_REPORT },
        "text/html": { schema: "The same as a page" },
      },
    },
  },
  problems: ["unknown-export", "export-not-done", ...UNANSWERED],
};

type JobAnswer = AskResult<ExporterReplies["export.job"]>;

export function exportJobRoutes(routes: Routes, deps: ControlDeps): void {
  let watching = 0;
  const asked = (c: RequestContext) =>
    askExporter(deps, { kind: "export.job", job: c.req.param("job") ?? "" });

  routes.add(START, async (c) => {
    const body = await readJsonBody(c);
    if (!body.ok) return body.response;
    const read = orderFromJson(body.value, deps.clock.nowMs());
    if (!read.ok) return badParameter(c, read);
    const started = await askExporter(deps, { kind: "export.start", order: read.order });
    if (!started.ok) return unanswered(c, started);
    if (!started.value.ok) return refusal(c, started.value);
    const { job } = started.value;
    return c.json(jobView(job), 202, { location: jobPath(job.job) });
  });

  routes.add(LIST, async (c) => {
    const answer = await askExporter(deps, { kind: "export.jobs" });
    return answer.ok ? c.json({ exports: answer.value.jobs.map(jobView) }) : unanswered(c, answer);
  });

  routes.add(ONE, async (c) => withJob(c, await asked(c), (job) => c.json(jobView(job))));

  routes.add(REMOVE, async (c) => {
    const answer = await askExporter(deps, { kind: "export.cancel", job: c.req.param("job") ?? "" });
    return withJob(c, answer, (job) => c.json(jobView(job)));
  });

  routes.add(EVENTS, async (c) =>
    withJob(c, await asked(c), (job) => {
      if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
      if (watching >= MAX_EVENT_CLIENTS) {
        const detail = `${watching} clients watch exports, which is the most; ask ${jobPath(job.job)} instead`;
        return problem(c, "too-many", { detail, headers: { "retry-after": "5" } });
      }
      watching++;
      const run = (watcher: Watcher) => runJobEvents(deps, watcher, job);
      return eventStream(c, deps.clock, run, () => watching--);
    }),
  );

  routes.add(FILE, async (c) =>
    withJob(c, await asked(c), async (job) => {
      if (job.state !== "done") return notDone(c, job);
      const headers = fileHeaders(job.contentType, job.fileName);
      if (c.req.method === "HEAD")
        return c.body(null, 200, { ...headers, "content-length": String(job.bytes) });
      const file = await jobFile(deps, job, c.req.raw.signal);
      if (!file.ok) return unanswered(c, file);
      if (!file.value.ok) return refusal(c, file.value);
      const { body, first } = file.value;
      return c.body(body, 200, { ...headers, "content-length": String(first.fileBytes) });
    }),
  );

  routes.add(PRIVACY, async (c) =>
    withJob(c, await asked(c), (job) => {
      if (job.privacy === null) {
        const detail =
          job.state === "running"
            ? "the export still runs; its privacy report is there when it has ended"
            : "this export has no privacy report: order one of the profile anonymous";
        return problem(c, "export-not-done", { detail });
      }
      const type = preferredType(c.req.header("accept"), ["application/json", "text/html"]);
      if (type !== "text/html") return c.json(job.privacy);
      const html = renderPrivacyPage(job.privacy);
      return c.html(html, 200, { "content-security-policy": pagePolicy(html) });
    }),
  );
}

function withJob<R>(c: RequestContext, answer: JobAnswer, use: (job: ExportJob) => R): R | Response {
  if (!answer.ok) return unanswered(c, answer);
  return answer.value.ok ? use(answer.value.job) : refusal(c, answer.value);
}

function notDone(c: RequestContext, { state, failure }: ExportJob): Response {
  const detail = {
    running: "the export still runs; ask again when its state is done",
    failed: failure?.message ?? "the export failed",
    cancelled: "the export was cancelled; order it again",
    done: "",
  }[state];
  const reason = failure === null ? {} : { reason: failure.reason };
  return problem(c, "export-not-done", { detail, more: { state, ...reason } });
}

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

import type { Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { renderPrivacyPage } from "../../actors/exporter/anonymous/report-page.ts";
import type { ExporterReplies, ExportJob } from "../../actors/exporter/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import type { ControlDeps } from "../control.ts";
import { askExporter, jobFile } from "../export-access.ts";
import { runJobEvents } from "../job-events.ts";
import { jobPath, jobView } from "../job-view.ts";
import { readJsonBody } from "../json-body.ts";
import { orderFromJson } from "../order-input.ts";
import { pagePolicy } from "../page-policy.ts";
import { preferredType } from "../preferred-type.ts";
import { badParameter, problem, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import { fileHeaders } from "./exports.ts";

const MAX_EVENT_CLIENTS = 64;

type Answer = AskResult<ExporterReplies["export.job"]>;

export function exportJobRoutes(app: Hono, deps: ControlDeps): void {
  let watching = 0;
  const asked = (c: Context) => askExporter(deps, { kind: "export.job", job: c.req.param("job") ?? "" });

  app.post("/v1/exports", async (c) => {
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

  app.get("/v1/exports", async (c) => {
    const answer = await askExporter(deps, { kind: "export.jobs" });
    return answer.ok ? c.json({ exports: answer.value.jobs.map(jobView) }) : unanswered(c, answer);
  });

  app.get("/v1/exports/:job", async (c) => withJob(c, await asked(c), (job) => c.json(jobView(job))));

  app.delete("/v1/exports/:job", async (c) => {
    const answer = await askExporter(deps, { kind: "export.cancel", job: c.req.param("job") });
    return withJob(c, answer, (job) => c.json(jobView(job)));
  });

  app.get("/v1/exports/:job/events", async (c) =>
    withJob(c, await asked(c), (job) => {
      if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
      if (watching >= MAX_EVENT_CLIENTS) {
        const detail = `${watching} clients watch exports, which is the most; ask ${jobPath(job.job)} instead`;
        return problem(c, "too-many", { detail, headers: { "retry-after": "5" } });
      }
      watching++;
      return streamSSE(c, (stream) => runJobEvents(deps, stream, job).finally(() => watching--));
    }),
  );

  app.get("/v1/exports/:job/file", async (c) =>
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

  app.get("/v1/exports/:job/privacy", async (c) =>
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

function withJob<R>(c: Context, answer: Answer, use: (job: ExportJob) => R): R | Response {
  if (!answer.ok) return unanswered(c, answer);
  return answer.value.ok ? use(answer.value.job) : refusal(c, answer.value);
}

function notDone(c: Context, { state, failure }: ExportJob): Response {
  const detail = {
    running: "the export still runs; ask again when its state is done",
    failed: failure?.message ?? "the export failed",
    cancelled: "the export was cancelled; order it again",
    done: "",
  }[state];
  const reason = failure === null ? {} : { reason: failure.reason };
  return problem(c, "export-not-done", { detail, more: { state, ...reason } });
}

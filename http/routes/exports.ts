/**
 * GET /v1/export/:dataset.<ending>: stored rows of a span of time, as a file. It is sent while it is made, and kept nowhere;
 * one of the anonymous profile is made first, because only then is it known whether it may be given away.
 */

import { z } from "zod";
import type { ExportOrder } from "../../actors/exporter/order.ts";
import type { ExportJob } from "../../actors/exporter/protocol.ts";
import { pause } from "../../runtime/clock.ts";
import type { ControlDeps } from "../control.ts";
import { askExporter, cancelJob, exportBody, jobFile } from "../export-access.ts";
import { COMPRESSION_ENDINGS, exportName, FORMAT_ENDINGS } from "../export-name.ts";
import { privacyPath } from "../job-view.ts";
import { ORDER_QUERY, orderFromQuery } from "../order-input.ts";
import { badParameter, echo, problem, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import type { AnswerContent, RequestContext, RouteSpec, Routes } from "../route.ts";
import { unknownDataset } from "../unknown-dataset.ts";

/** How often a job is asked whether it is done. */
const ASK_EVERY_MS = 100;

const EXPORT: RouteSpec = {
  method: "get",
  path: "/v1/export/:file",
  tag: "exports",
  summary: "Stored rows of a span of time, as a file",
  description:
    "It is sent while it is made, and kept nowhere. Of the profile `anonymous` it is made first: only then is it known whether it " +
    "may be given away; its privacy report is at the address that the header `Link` gives.",
  scope: "export",
  params: z.object({
    file: z.string().meta({
      description:
        `A dataset's name with an ending: ${FORMAT_ENDINGS.map((ending) => `\`.${ending}\``).join(", ")}, and behind ` +
        `text ${COMPRESSION_ENDINGS.map((ending) => `\`.${ending}\``).join(" or ")}.`,
      examples: ["memory.csv"],
    }),
  }),
  query: ORDER_QUERY,
  answers: { 200: { meaning: "The file.", content: exportContent() } },
  problems: [
    "unknown-dataset",
    "unknown-format",
    "unknown-column",
    "bad-parameter",
    "bad-filter",
    "below-policy",
    "export-not-done",
    "unknown-export",
    "too-many",
    "disk",
    "store-damaged",
    "actor-unavailable",
    "actor-failed",
  ],
};

export function exportRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(EXPORT, async (c) => {
    const file = c.req.param("file") ?? "";
    const [dataset = "", ...endings] = file.split(".");
    if (!deps.datasets.some(({ name }) => name === dataset)) return unknownDataset(c, deps, dataset);
    const { stem, format, compression } = exportName(file);
    if (format === undefined || stem !== dataset) return unknownFormat(c, dataset, endings.join("."));
    const query = new URL(c.req.url).searchParams;
    const read = orderFromQuery({ dataset, format, compression }, query, deps.clock.nowMs());
    if (!read.ok) return badParameter(c, read);
    // Whether the address is right is all that HEAD can be told cheaply: the size is known when the file is made.
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-disposition": "attachment" });
    // It may take long until the first row of a file is found, or all of it is made.
    c.env?.connection?.keepOpen();
    return read.order.profile === "anonymous"
      ? sendMade(c, deps, read.order)
      : sendOnTheWay(c, deps, read.order);
  });
}

async function sendOnTheWay(c: RequestContext, deps: ControlDeps, order: ExportOrder): Promise<Response> {
  const opened = await askExporter(deps, { kind: "export.open", order });
  if (!opened.ok) return unanswered(c, opened);
  if (!opened.value.ok) return refusal(c, opened.value);
  const { id, fileName, contentType } = opened.value;

  const made = await exportBody(deps, id, c.req.raw.signal);
  if (!made.ok) return unanswered(c, made);
  if (!made.value.ok) return refusal(c, made.value);
  return c.body(made.value.body, 200, fileHeaders(contentType, fileName));
}

/** Runs a job, waits for its end and sends its file. The privacy report stays at the job. */
async function sendMade(c: RequestContext, deps: ControlDeps, order: ExportOrder): Promise<Response> {
  const started = await askExporter(deps, { kind: "export.start", order });
  if (!started.ok) return unanswered(c, started);
  if (!started.value.ok) return refusal(c, started.value);
  let { job }: { job: ExportJob } = started.value;
  const gone = c.req.raw.signal;
  while (job.state === "running") {
    if (gone.aborted || deps.closing.aborted) {
      cancelJob(deps, job.job);
      break;
    }
    await pause(deps.clock, ASK_EVERY_MS);
    const asked = await askExporter(deps, { kind: "export.job", job: job.job });
    if (!asked.ok) return unanswered(c, asked);
    if (!asked.value.ok) return refusal(c, asked.value);
    job = asked.value.job;
  }
  if (job.state !== "done") {
    const { failure, privacy } = job;
    const report = privacy === null ? {} : { report: privacy };
    if (failure !== null) return refusal(c, failure, report);
    return problem(c, "export-not-done", { detail: "the export was cancelled; ask again" });
  }
  const file = await jobFile(deps, job, gone);
  if (!file.ok) return unanswered(c, file);
  if (!file.value.ok) return refusal(c, file.value);
  return c.body(file.value.body, 200, {
    ...fileHeaders(job.contentType, job.fileName),
    "content-length": String(file.value.first.fileBytes),
    link: `<${privacyPath(job.job)}>; rel="describedby"`,
  });
}

/** What a file that is made may be. */
export function exportContent(): Readonly<Record<string, AnswerContent>> {
  return {
    "text/csv": { schema: "A line a row, with a header (RFC 4180)" },
    "application/json": { schema: z.array(z.record(z.string(), z.unknown())) },
    "application/jsonl": { schema: "A JSON object a line" },
    "application/vnd.apache.parquet": { schema: "A Parquet file" },
    "application/vnd.sqlite3": { schema: "An SQLite database" },
    "application/vnd.apache.arrow.file": { schema: "An Arrow IPC file (Feather 2)" },
    "application/vnd.apache.arrow.stream": { schema: "An Arrow IPC stream" },
    "application/gzip": { schema: "The text, compressed" },
    "application/zstd": { schema: "The text, compressed" },
  };
}

/** A file can be asked for as a whole only: the next time it may be another one. */
export function fileHeaders(contentType: string, fileName: string): Record<string, string> {
  return {
    "content-type": contentType,
    "content-disposition": `attachment; filename="${fileName}"`,
    "accept-ranges": "none",
  };
}

function unknownFormat(c: RequestContext, dataset: string, came: string) {
  const names = FORMAT_ENDINGS.map((ending) => `${dataset}.${ending}`).join(", ");
  const compressed = COMPRESSION_ENDINGS.map((ending) => `.${ending}`).join(" or ");
  const what = came === "" ? "no format" : `the ending ${echo(came)}`;
  const detail = `expected one of ${names}, and behind some of them ${compressed}; came ${what}`;
  return problem(c, "unknown-format", { detail, more: { formats: FORMAT_ENDINGS } });
}

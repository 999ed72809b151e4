/** GET /v1/export/:dataset.csv and .parquet: stored rows of a span of time, as a file. */

import type { Context, Hono } from "hono";
import { EXPORT_FORMATS, type ExportRefusal } from "../../actors/exporter/protocol.ts";
import type { Refused } from "../../actors/refused.ts";
import type { ControlDeps } from "../control.ts";
import { exportSpan } from "../export-query.ts";
import { askExporter, closeExport, exportBody } from "../export-stream.ts";
import { badParameter, echo, problem, unanswered } from "../problem.ts";
import { unknownDataset } from "../unknown-dataset.ts";

export function exportRoutes(app: Hono, deps: ControlDeps): void {
  app.get("/v1/export/:file", async (c) => {
    const file = c.req.param("file");
    const dot = file.lastIndexOf(".");
    const dataset = dot < 0 ? file : file.slice(0, dot);
    const format = dot < 0 ? "" : file.slice(dot + 1);
    if (!deps.datasets.some(({ name }) => name === dataset)) return unknownDataset(c, deps, dataset);
    if (!EXPORT_FORMATS.some((known) => known === format)) return unknownFormat(c, dataset, format);
    const span = exportSpan(new URL(c.req.url).searchParams, deps.clock.nowMs());
    if (!span.ok) return badParameter(c, span);
    // Whether the address is right is all that HEAD can be told cheaply: the size is known when the file is made.
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-disposition": "attachment" });

    const { fromMs, toMs } = span;
    const opened = await askExporter(deps, { kind: "export.open", dataset, format, fromMs, toMs });
    if (!opened.ok) return unanswered(c, opened);
    if (!opened.value.ok) return notOpened(c, opened.value);
    const { id, fileName, contentType } = opened.value;

    // Before the headers are out an error can still be told as one.
    const first = await askExporter(deps, { kind: "export.pull", id });
    if (!first.ok || !first.value.ok) {
      closeExport(deps, id);
      if (!first.ok) return unanswered(c, first);
      return notPulled(c, first.value as Refused<string>);
    }
    return c.body(exportBody(deps, id, first.value), 200, {
      "content-type": contentType,
      "content-disposition": `attachment; filename="${fileName}"`,
    });
  });
}

function unknownFormat(c: Context, dataset: string, came: string) {
  const formats = EXPORT_FORMATS.map((format) => `${dataset}.${format}`);
  const detail = `expected ${formats.join(" or ")}; came ${came === "" ? "no format" : `the format ${echo(came)}`}`;
  return problem(c, "unknown-format", { detail, more: { formats: EXPORT_FORMATS } });
}

function notOpened(c: Context, { reason, message }: Refused<ExportRefusal>) {
  if (reason === "too-many") {
    return problem(c, "too-many", { detail: message, headers: { "retry-after": "5" } });
  }
  // Dataset and format have been checked, so what is left is the span.
  return problem(c, "bad-parameter", { detail: message, more: { reason } });
}

function notPulled(c: Context, { reason, message }: Refused<string>) {
  if (reason === "damaged") return problem(c, "export-damaged", { detail: message });
  return problem(c, "actor-failed", { detail: `${message}; try again`, headers: { "retry-after": "2" } });
}

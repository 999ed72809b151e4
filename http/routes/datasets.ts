/** GET /v1/datasets, what there is; GET /v1/datasets/:name, what its rows look like. */

import type { Hono } from "hono";
import { EXPORT_FORMATS } from "../../actors/exporter/order.ts";
import type { Dataset } from "../../datasets/define.ts";
import { describeDataset } from "../../datasets/describe.ts";
import { streamedRowSchema } from "../../datasets/json-schema.ts";
import type { ControlDeps } from "../control.ts";
import { unknownDataset } from "../unknown-dataset.ts";

export function datasetRoutes(app: Hono, deps: ControlDeps): void {
  app.get("/v1/datasets", (c) => {
    const datasets = deps.datasets.map((dataset) => {
      const { name, title, derivedFrom = null } = dataset;
      return { name, title, derived_from: derivedFrom, links: linksOf(dataset) };
    });
    return c.json({ datasets });
  });

  app.get("/v1/datasets/:name", (c) => {
    const name = c.req.param("name");
    const dataset = deps.datasets.find((candidate) => candidate.name === name);
    if (dataset === undefined) return unknownDataset(c, deps, name);
    const { derivedFrom, windows, ...description } = describeDataset(dataset);
    return c.json({
      ...description,
      derived_from: derivedFrom,
      windows: windows && { group_by: windows.groupBy ?? null, measures: windows.measures },
      schema: streamedRowSchema(dataset),
      links: linksOf(dataset),
    });
  });
}

function linksOf({ name }: Dataset) {
  return {
    self: `/v1/datasets/${name}`,
    stream: `/v1/streams/${name}`,
    exports: Object.fromEntries(EXPORT_FORMATS.map((format) => [format, `/v1/export/${name}.${format}`])),
  };
}

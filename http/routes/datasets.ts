/** GET /v1/datasets, what there is; GET /v1/datasets/:name, what its rows look like. */

import { z } from "zod";
import { EXPORT_FORMATS } from "../../actors/exporter/order.ts";
import { PRIVACY_CLASSES } from "../../datasets/column.ts";
import type { Dataset } from "../../datasets/define.ts";
import { describeDataset } from "../../datasets/describe.ts";
import { streamedRowSchema } from "../../datasets/json-schema.ts";
import { WINDOW_KINDS } from "../../windowing/shape.ts";
import type { ControlDeps } from "../control.ts";
import type { RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";
import { unknownDataset } from "../unknown-dataset.ts";

const LINKS = z.object({
  self: z.string(),
  stream: z.string(),
  exports: z.record(z.enum(EXPORT_FORMATS), z.string()).describe("By format."),
  quality: z.string().describe("How good its rows are for training."),
  agreement: z.string().nullable().describe("How often its choices agree; null: it has none to compare."),
  ingest: z.string().nullable().describe("Where its rows are pushed; null: nowhere."),
});
const PUSHED = z
  .boolean()
  .describe("Whether other programs may push rows of it: `POST /v1/ingest/{dataset}`.");
const DERIVED_FROM = z.string().nullable().describe("For windows: the dataset that they are of.");
const DATASETS = z
  .object({
    datasets: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        derivedFrom: DERIVED_FROM,
        pushed: PUSHED,
        links: LINKS,
      }),
    ),
  })
  .meta({ id: "Datasets" });
const DATASET = z
  .object({
    name: z.string(),
    title: z.string(),
    time: z.string().describe("The column that is the event time."),
    derivedFrom: DERIVED_FROM,
    windows: z
      .array(
        z.object({
          dataset: z.string().describe("The windows, as a dataset."),
          kind: z.enum(["figures", "distinct", "top"]),
          shape: z
            .object({
              kind: z.enum(WINDOW_KINDS),
              lengthMs: z.number().optional(),
              everyMs: z.number().optional(),
              gapMs: z.number().optional(),
            })
            .describe("Lengths in milliseconds."),
          groupBy: z.string().nullable(),
          of: z.array(z.string()).describe("Columns that are summed up, counted or ranked."),
        }),
      )
      .describe("How its rows are windowed."),
    pushed: PUSHED,
    label: z.string().nullable().describe("The column that a model is to learn."),
    exports: z
      .array(
        z.object({
          name: z.string(),
          title: z.string(),
          columns: z.array(z.string()).describe("In order."),
          where: z.string().describe("Which rows."),
          days: z.number().describe("Days back from now."),
          newest: count().describe("Only the newest rows, so many at the most."),
          format: z.literal("csv"),
        }),
      )
      .describe("Exports that it has by name."),
    shadow: z
      .object({ actual: z.string(), oracle: z.string(), by: z.string(), unit: z.string() })
      .nullable()
      .describe("Columns of what was chosen, and of what would have been: how often they agree is told."),
    columns: z
      .array(
        z.object({
          name: z.string(),
          type: z.string().describe("An Arrow type: `f64`, `u32`, `timestamp`, `category`, …"),
          unit: z.string().nullable().describe("UCUM-like: `MiB`, `ms`, `%`, `1` for a pure number."),
          class: z.enum(PRIVACY_CLASSES),
          meaning: z.string(),
          nullable: z.boolean(),
          source: z.string().describe("The declared column that it comes from."),
          values: z.array(z.string()).nullable().describe("The closed list of a category."),
        }),
      )
      .describe("What leaves, in order."),
    schema: z.record(z.string(), z.unknown()).describe("A row as it is streamed, as JSON Schema."),
    links: LINKS,
  })
  .meta({ id: "Dataset" });

const LIST: RouteSpec = {
  method: "get",
  path: "/v1/datasets",
  tag: "datasets",
  summary: "What is collected",
  scope: "read",
  answers: { 200: { meaning: "All datasets.", content: { "application/json": { schema: DATASETS } } } },
};
const ONE: RouteSpec = {
  method: "get",
  path: "/v1/datasets/:name",
  tag: "datasets",
  summary: "What a dataset's rows look like",
  scope: "read",
  params: z.object({ name: z.string().meta({ description: "A dataset's name.", examples: ["memory"] }) }),
  answers: { 200: { meaning: "Its description.", content: { "application/json": { schema: DATASET } } } },
  problems: ["unknown-dataset"],
};

export function datasetRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(LIST, (c) => {
    const datasets = deps.datasets.map((dataset) => {
      const { name, title, derived } = dataset;
      const isPushed = dataset.pushed ?? false;
      return { name, title, derivedFrom: derived?.from ?? null, pushed: isPushed, links: linksOf(dataset) };
    });
    return c.json({ datasets });
  });

  routes.add(ONE, (c) => {
    const name = c.req.param("name") ?? "";
    const dataset = deps.datasets.find((candidate) => candidate.name === name);
    if (dataset === undefined) return unknownDataset(c, deps, name);
    return c.json({
      ...describeDataset(dataset),
      schema: streamedRowSchema(dataset),
      links: linksOf(dataset),
    });
  });
}

function linksOf({ name, shadow, pushed = false }: Dataset) {
  const self = `/v1/datasets/${name}`;
  return {
    self,
    stream: `/v1/streams/${name}`,
    exports: Object.fromEntries(EXPORT_FORMATS.map((format) => [format, `/v1/export/${name}.${format}`])),
    quality: `${self}/quality`,
    agreement: shadow === undefined ? null : `${self}/agreement`,
    ingest: pushed ? `/v1/ingest/${name}` : null,
  };
}

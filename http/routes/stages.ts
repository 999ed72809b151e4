/** GET /v1/stages: what each stage of each lane does. */

import { z } from "zod";
import type { ControlDeps } from "../control.ts";
import type { RouteSpec, Routes } from "../route.ts";
import { count, moment } from "../schemas.ts";

const STAGES = z
  .object({
    at: moment(),
    stages: z.array(
      z.object({
        dataset: z.string(),
        actor: z.string(),
        batches: count().describe("Since the process began."),
        rows: count(),
        latency: z
          .object({ p50Ms: z.number(), p99Ms: z.number() })
          .nullable()
          .describe(
            "From a batch's writing to the stage's release, over the last minute; null: there was none.",
          ),
        rowsPerSecond: z.number().describe("Over the last ten seconds."),
        lagSlots: count().describe("Batches that it has still to release."),
      }),
    ),
  })
  .meta({ id: "Stages" });

const SPEC: RouteSpec = {
  method: "get",
  path: "/v1/stages",
  tag: "actors",
  summary: "Rows, latency and lag of each stage of each dataset's lane",
  scope: "read",
  answers: { 200: { meaning: "The figures.", content: { "application/json": { schema: STAGES } } } },
};

export function stageRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(SPEC, (c) => {
    return c.json({ at: new Date(deps.clock.nowMs()).toISOString(), stages: deps.stages() });
  });
}

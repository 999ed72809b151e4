/** GET /metrics: for Prometheus. */

import { metricsContentType } from "../../runtime/metrics/index.ts";
import type { ControlDeps } from "../control.ts";
import type { RouteSpec, Routes } from "../route.ts";

const SPEC: RouteSpec = {
  method: "get",
  path: "/metrics",
  tag: "health",
  summary: "All metrics, for Prometheus",
  scope: "read",
  answers: {
    200: {
      meaning: "Counters, gauges and histograms.",
      content: { [metricsContentType]: { schema: "Prometheus' text format" } },
    },
  },
};

export function metricsRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(SPEC, async (c) => {
    return c.body(await deps.metricsText(), 200, { "content-type": metricsContentType });
  });
}

/** GET /metrics: for Prometheus. */

import type { Hono } from "hono";
import { metricsContentType } from "../../runtime/metrics/index.ts";
import type { ControlDeps } from "../control.ts";

export function metricsRoutes(app: Hono, deps: ControlDeps): void {
  app.get("/metrics", async (c) => {
    return c.body(await deps.metricsText(), 200, { "content-type": metricsContentType });
  });
}

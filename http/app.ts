/** The routes, with what stands in front of them. Knows no runtime and no actor: a request in, an answer out. */

import { Hono } from "hono";
import type { ControlDeps } from "./control.ts";
import { createGuard } from "./guard/guard.ts";
import { securityHeaders } from "./guard/headers.ts";
import { problem } from "./problem.ts";
import type { App, RequestEnv } from "./route.ts";
import { closing, createRoutes } from "./route-table.ts";
import { actorRoutes } from "./routes/actors.ts";
import { configRoutes } from "./routes/config.ts";
import { datasetRoutes } from "./routes/datasets.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { exportJobRoutes } from "./routes/export-jobs.ts";
import { exportRoutes } from "./routes/exports.ts";
import { healthRoutes } from "./routes/health.ts";
import { ingestRoutes } from "./routes/ingest.ts";
import { ledgerRoutes } from "./routes/ledger.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { outletRoutes } from "./routes/outlets.ts";
import { pageRoutes } from "./routes/page.ts";
import { pipelineRoutes } from "./routes/pipeline.ts";
import { qualityRoutes } from "./routes/quality.ts";
import { queryRoutes } from "./routes/query.ts";
import { referenceRoutes } from "./routes/reference.ts";
import { sessionRoutes } from "./routes/session.ts";
import { stageRoutes } from "./routes/stages.ts";
import { storeRoutes } from "./routes/store.ts";
import { streamRoutes } from "./routes/streams.ts";

export function buildApp(deps: ControlDeps): App {
  const app: App = new Hono<RequestEnv>();
  const guard = createGuard(deps.settings, deps.clock);
  app.use(securityHeaders(deps.settings), guard.middleware);
  const routes = createRoutes(app);
  for (const add of [
    pageRoutes,
    healthRoutes,
    metricsRoutes,
    actorRoutes,
    configRoutes,
    stageRoutes,
    datasetRoutes,
    qualityRoutes,
    streamRoutes,
    outletRoutes,
    exportRoutes,
    exportJobRoutes,
    queryRoutes,
    ingestRoutes,
    deadLetterRoutes,
    pipelineRoutes,
    storeRoutes,
    ledgerRoutes,
    referenceRoutes,
  ]) {
    add(routes, deps);
  }
  sessionRoutes(routes, deps, guard);
  app.notFound((c) => {
    const detail = "expected one of the addresses that /docs lists; / is the page";
    return problem(c, "not-found", { detail, headers: closing(c) });
  });
  app.onError((error, c) => {
    // What went wrong is for the log; who asked gets the id to find it by.
    const id = crypto.randomUUID();
    deps.log.error("a request failed: {id}", { id, error, method: c.req.method, route: c.req.routePath });
    return problem(c, "internal", { detail: `it is in the log under ${id}`, more: { id } });
  });
  return app;
}

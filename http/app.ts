/** The routes, with what stands in front of them. Knows no runtime and no actor: a request in, an answer out. */

import { Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { ControlDeps } from "./control.ts";
import { guard } from "./guard/guard.ts";
import { securityHeaders } from "./guard/headers.ts";
import { problem } from "./problem.ts";
import { actorRoutes } from "./routes/actors.ts";
import { datasetRoutes } from "./routes/datasets.ts";
import { exportJobRoutes } from "./routes/export-jobs.ts";
import { exportRoutes } from "./routes/exports.ts";
import { healthRoutes } from "./routes/health.ts";
import { ledgerRoutes } from "./routes/ledger.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { pageRoutes } from "./routes/page.ts";
import { queryRoutes } from "./routes/query.ts";
import { storeRoutes } from "./routes/store.ts";
import { streamRoutes } from "./routes/streams.ts";

export function buildApp(deps: ControlDeps): Hono {
  const app = new Hono();
  app.use(securityHeaders(), guard(deps.settings));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = [...methods].sort().join(", ");
        const detail = `expected ${allow}; came ${c.req.method}`;
        return problem(c, "method-not-allowed", { detail, headers: { allow } });
      },
    }),
  );
  for (const add of [
    pageRoutes,
    healthRoutes,
    metricsRoutes,
    actorRoutes,
    datasetRoutes,
    streamRoutes,
    exportRoutes,
    exportJobRoutes,
    queryRoutes,
    storeRoutes,
    ledgerRoutes,
  ]) {
    add(app, deps);
  }
  app.notFound((c) =>
    problem(c, "not-found", { detail: "expected one of the addresses that README.md lists; / is the page" }),
  );
  app.onError((error, c) => {
    // What went wrong is for the log; who asked gets the id to find it by.
    const id = crypto.randomUUID();
    deps.log.error("a request failed: {id}", { id, error, method: c.req.method, route: c.req.routePath });
    return problem(c, "internal", { detail: `it is in the log under ${id}`, more: { id } });
  });
  return app;
}

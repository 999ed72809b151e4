/** GET /health: whether every actor runs. Answers as soon as the server listens, and needs no token. */

import type { Hono } from "hono";
import type { ControlDeps } from "../control.ts";
import { actorStates } from "../system-view.ts";

export function healthRoutes(app: Hono, deps: ControlDeps): void {
  const startedMs = deps.clock.monotonicMs();
  app.get("/health", (c) => {
    const states = actorStates(deps.status().supervisors);
    const running = states.filter(({ state }) => state === "running").length;
    const isWell = running === states.length && running > 0;
    const body = {
      status: isWell ? "ok" : "degraded",
      version: deps.settings.version,
      uptime_s: Math.floor((deps.clock.monotonicMs() - startedMs) / 1000),
      actors: { running, total: states.length },
    };
    return c.json(body, isWell ? 200 : 503);
  });
}

/**
 * GET /health: whether every actor runs. Answers as soon as the server listens, and needs no token.
 *
 * Who probes it restarts what answers 503. That would not help an actor that an operator has stopped or paused, and would undo
 * what the operator did: such a one is named, and makes it `degraded`, but is no 503.
 */

import { z } from "zod";
import type { ControlDeps } from "../control.ts";
import type { RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";
import { actorConditions } from "../system-view.ts";

const HEALTH = z
  .object({
    status: z.enum(["ok", "degraded"]),
    version: z.string(),
    uptimeSeconds: count(),
    actors: z.object({
      running: count(),
      total: count(),
      paused: z.array(z.string()).describe("Actors that an operator has paused."),
      stopped: z.array(z.string()).describe("Actors that an operator has stopped."),
      down: z.array(z.string()).describe("Actors that should run and do not: failed, or not up yet."),
    }),
  })
  .meta({ id: "Health" });

const SPEC: RouteSpec = {
  method: "get",
  path: "/health",
  tag: "health",
  summary: "Whether every actor runs",
  description:
    "Answers from the moment the server listens, also while the actors are still being started. `ok`: all of them run. " +
    "An actor that was stopped or paused on purpose makes it `degraded` with 200, one that is down with 503: whoever " +
    "restarts what answers 503 would undo what an operator did.",
  scope: "open",
  answers: {
    200: {
      meaning: "All run, but for those that an operator has stopped or paused.",
      content: { "application/json": { schema: HEALTH } },
    },
    503: { meaning: "At least one is down.", content: { "application/json": { schema: HEALTH } } },
  },
};

export function healthRoutes(routes: Routes, deps: ControlDeps): void {
  const startedMs = deps.clock.monotonicMs();
  routes.add(SPEC, (c) => {
    const { running, paused, stopped, down } = actorConditions(deps.status());
    const total = running.length + paused.length + stopped.length + down.length;
    const body = {
      status: running.length === total && total > 0 ? "ok" : "degraded",
      version: deps.settings.version,
      uptimeSeconds: Math.floor((deps.clock.monotonicMs() - startedMs) / 1000),
      actors: { running: running.length, total, paused, stopped, down },
    };
    return c.json(body, down.length === 0 && total > 0 ? 200 : 503);
  });
}

/** GET /v1/actors, the tree of supervisors and actors; POST /v1/actors/:name/restart. */

import type { Hono } from "hono";
import type { CommandResult } from "../../runtime/supervisor/index.ts";
import type { ControlDeps } from "../control.ts";
import { echo, problem } from "../problem.ts";
import { systemView } from "../system-view.ts";

/**
 * Time in which a refusal is known; a restart itself may take as long as its deadlines. Whoever asked sees in the tree
 * what became of it.
 */
const REFUSAL_MS = 200;

export function actorRoutes(app: Hono, deps: ControlDeps): void {
  app.get("/v1/actors", (c) => c.json(systemView(deps.status())));

  app.post("/v1/actors/:name/restart", async (c) => {
    const actor = c.req.param("name");
    const names = deps.status().actors.map(({ name }) => name);
    if (!names.includes(actor)) {
      const detail = `expected one of ${names.join(", ")}; came ${echo(actor)}`;
      return problem(c, "unknown-actor", { detail, more: { actors: names } });
    }
    const restart = deps.restart(actor, "asked for over HTTP");
    const refused = await settledWithin(deps, restart, REFUSAL_MS);
    if (refused?.ok === false) {
      const more = { reason: refused.refused };
      return problem(c, "restart-refused", {
        detail: refused.message,
        more,
        headers: { "retry-after": "1" },
      });
    }
    deps.log.info("{actor} is restarted, as was asked for over HTTP", { actor });
    return c.json({ actor, status: "restarting", tree: "/v1/actors" }, 202);
  });
}

/** The result, or undefined when it is not there in time. A rejection is the caller's: it is a bug. */
async function settledWithin(
  { clock }: ControlDeps,
  result: Promise<CommandResult>,
  ms: number,
): Promise<CommandResult | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    result.then(resolve, reject).finally(() => timer.cancel());
  });
}

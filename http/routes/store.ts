/** GET /v1/store, what the store holds; POST /v1/store/compact, which does now what is due (`?all=true`: all there is). */

import type { Hono } from "hono";
import { KEEPER, type KeeperMessage, type KeeperReplies } from "../../actors/keeper/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { came } from "../fault.ts";
import { badParameter, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import { storeView } from "../store-view.ts";

/** Compacting hours that were missed takes its time. */
const COMPACT_MS = 600_000;

export function storeRoutes(app: Hono, deps: ControlDeps): void {
  app.get("/v1/store", async (c) => {
    const answer = await askKeeper(deps, { kind: "keeper.stats" });
    return answer.ok ? c.json(storeView(answer.value.stats)) : unanswered(c, answer);
  });

  app.post("/v1/store/compact", async (c) => {
    const all = c.req.query("all") ?? "false";
    if (all !== "true" && all !== "false") {
      return badParameter(c, { parameter: "all", expected: "true or false", came: came(all) });
    }
    const answer = await askKeeper(deps, { kind: "keeper.compact", all: all === "true" }, COMPACT_MS);
    if (!answer.ok) return unanswered(c, answer);
    if (!answer.value.ok) return refusal(c, answer.value);
    const { files, rows } = answer.value;
    return c.json({ files, rows });
  });
}

function askKeeper<M extends KeeperMessage>(
  deps: ControlDeps,
  message: M,
  deadlineMs?: number,
): Promise<AskResult<KeeperReplies[M["kind"]]>> {
  return askPatiently(deps, KEEPER, message, deadlineMs);
}

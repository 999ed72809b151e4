/** GET /v1/store, what the store holds; POST /v1/store/compact, which does now what is due (`?all=true`: all there is). */

import { z } from "zod";
import { KEEPER, type KeeperMessage, type KeeperReplies } from "../../actors/keeper/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { came } from "../fault.ts";
import { badParameter, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import type { RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";
import { STORE_VIEW, storeView } from "../store-view.ts";

/** Compacting hours that were missed takes its time. */
const COMPACT_MS = 600_000;

const STATS: RouteSpec = {
  method: "get",
  path: "/v1/store",
  tag: "store",
  summary: "What the store holds, by dataset",
  scope: "read",
  answers: {
    200: { meaning: "Rows, bytes and times.", content: { "application/json": { schema: STORE_VIEW } } },
  },
  problems: ["actor-unavailable", "actor-failed"],
};
const COMPACT: RouteSpec = {
  method: "post",
  path: "/v1/store/compact",
  tag: "store",
  summary: "Moves into the lake what is due, now",
  description: "Answers when it is done, which may take minutes.",
  scope: "control",
  query: z.object({
    all: z
      .boolean()
      .optional()
      .describe("Also hours that are not over yet, and the segment that is written to. Default: false."),
  }),
  answers: {
    200: {
      meaning: "Done: so many files were written, with so many rows.",
      content: {
        "application/json": { schema: z.object({ files: count(), rows: count() }).meta({ id: "Compacted" }) },
      },
    },
  },
  problems: ["bad-parameter", "actor-unavailable", "actor-failed", "disk", "store-damaged"],
};

export function storeRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(STATS, async (c) => {
    const answer = await askKeeper(deps, { kind: "keeper.stats" });
    return answer.ok ? c.json(storeView(answer.value.stats)) : unanswered(c, answer);
  });

  routes.add(COMPACT, async (c) => {
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

/** GET /v1/streams/:dataset and /v1/streams/all: rows as they come, as server-sent events. The work is in row-stream.ts. */

import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { MAX_SUBSCRIBERS } from "../../actors/broadcaster/protocol.ts";
import type { ControlDeps } from "../control.ts";
import { problem, unanswered } from "../problem.ts";
import { runRowStream, subscribe } from "../row-stream.ts";
import { unknownDataset } from "../unknown-dataset.ts";

const ALL = "all";

export function streamRoutes(app: Hono, deps: ControlDeps): void {
  // Counted here as well: a client that stalls is forgotten by the broadcaster before its connection is gone.
  let open = 0;

  app.get("/v1/streams/:dataset", async (c) => {
    const name = c.req.param("dataset");
    if (name !== ALL && !deps.datasets.some((dataset) => dataset.name === name)) {
      return unknownDataset(c, deps, name, [ALL]);
    }
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    const wanted = name === ALL ? ALL : [name];
    const tooMany = (detail: string) => problem(c, "too-many", { detail, headers: { "retry-after": "5" } });
    if (open >= MAX_SUBSCRIBERS)
      return tooMany(`${open} streams are open, which is the most; try again later`);
    open++;
    let streams = false;
    try {
      const subscribed = await subscribe(deps, wanted);
      if (!subscribed.ok) return unanswered(c, subscribed);
      if (!subscribed.value.ok) return tooMany(subscribed.value.message);
      const { id } = subscribed.value;
      streams = true;
      return streamSSE(c, (stream) => runRowStream(deps, stream, wanted, id).finally(() => open--));
    } finally {
      if (!streams) open--;
    }
  });
}

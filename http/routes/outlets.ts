/**
 * Outlets: places outside HTTP where rows come out.
 *
 *     POST   /v1/outlets             opens one
 *     GET    /v1/outlets             all of them
 *     GET    /v1/outlets/:id         one, with its clients
 *     POST   /v1/outlets/:id/renew   begins its lease anew
 *     DELETE /v1/outlets/:id         closes it
 */

import { z } from "zod";
import {
  OUTLETS,
  type OutletStatus,
  type OutletsMessage,
  type OutletsReplies,
} from "../../actors/outlets/protocol.ts";
import { refuse } from "../../actors/refused.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { readJsonBody } from "../json-body.ts";
import { OUTLET, outletFromJson } from "../outlet-input.ts";
import { OUTLET_VIEW, outletPath, outletView } from "../outlet-view.ts";
import { badParameter, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import type { Answer, RequestContext, RouteSpec, Routes } from "../route.ts";

const MAX_BODY_BYTES = 64 * 1024;
const TAG = "outlets";
const params = z.object({ id: z.string().describe("The outlet's id.") });
const UNANSWERED = ["actor-unavailable", "actor-failed"] as const;
const outlet = (meaning: string): Answer => ({
  meaning,
  content: { "application/json": { schema: OUTLET_VIEW } },
});

const OPEN: RouteSpec = {
  method: "post",
  path: "/v1/outlets",
  tag: TAG,
  summary: "Opens an outlet",
  description:
    "An outlet knows no password, so it listens on a loopback address, or is a pipe that its owner alone may read. With a lease it closes by itself unless it is renewed.",
  scope: "control",
  body: { schema: OUTLET, maxBytes: MAX_BODY_BYTES },
  answers: { 201: outlet("It is open; its address is in the header `Location`.") },
  problems: [
    "bad-body",
    "bad-parameter",
    "unknown-dataset",
    "unknown-column",
    "bad-filter",
    "outlet-refused",
    "too-many",
    ...UNANSWERED,
  ],
};
const LIST: RouteSpec = {
  method: "get",
  path: "/v1/outlets",
  tag: TAG,
  summary: "All outlets, in the order they were opened",
  scope: "read",
  answers: {
    200: {
      meaning: "Those that are open.",
      content: {
        "application/json": { schema: z.object({ outlets: z.array(OUTLET_VIEW) }).meta({ id: "Outlets" }) },
      },
    },
  },
  problems: UNANSWERED,
};
const ONE: RouteSpec = {
  method: "get",
  path: "/v1/outlets/:id",
  tag: TAG,
  summary: "An outlet, with its clients",
  scope: "read",
  params,
  answers: { 200: outlet("The outlet.") },
  problems: ["unknown-outlet", ...UNANSWERED],
};
const RENEW: RouteSpec = {
  method: "post",
  path: "/v1/outlets/:id/renew",
  tag: TAG,
  summary: "Begins an outlet's lease anew",
  scope: "control",
  params,
  answers: { 200: outlet("The outlet; one without a lease stays as it is.") },
  problems: ["unknown-outlet", ...UNANSWERED],
};
const CLOSE: RouteSpec = {
  method: "delete",
  path: "/v1/outlets/:id",
  tag: TAG,
  summary: "Closes an outlet",
  description: "Its clients are given what waits for them, for up to a second.",
  scope: "control",
  params,
  answers: { 200: outlet("The outlet as it was.") },
  problems: ["unknown-outlet", ...UNANSWERED],
};

type OutletAnswer = AskResult<OutletsReplies["outlet.renew"] | OutletsReplies["outlet.open"]>;

export function outletRoutes(routes: Routes, deps: ControlDeps): void {
  const id = (c: RequestContext) => c.req.param("id") ?? "";

  routes.add(OPEN, async (c) => {
    const body = await readJsonBody(c);
    if (!body.ok) return body.response;
    const names = deps.datasets.map(({ name }) => name);
    const read = outletFromJson(body.value, names);
    if (!read.ok) return badParameter(c, read);
    const { spec, leaseMs } = read;
    const answer = await askOutlets(deps, { kind: "outlet.open", spec, leaseMs });
    return withOutlet(c, answer, (opened) =>
      c.json(outletView(opened), 201, { location: outletPath(opened.id) }),
    );
  });

  routes.add(LIST, async (c) => {
    const answer = await askOutlets(deps, { kind: "outlet.list" });
    return answer.ok ? c.json({ outlets: answer.value.outlets.map(outletView) }) : unanswered(c, answer);
  });

  routes.add(ONE, async (c) => {
    const answer = await askOutlets(deps, { kind: "outlet.list" });
    if (!answer.ok) return unanswered(c, answer);
    const found = answer.value.outlets.find((one) => one.id === id(c));
    if (found !== undefined) return c.json(outletView(found));
    return refusal(
      c,
      refuse("unknown-outlet", "there is no such outlet: it was closed, or its lease is over"),
    );
  });

  routes.add(RENEW, async (c) =>
    withOutlet(c, await askOutlets(deps, { kind: "outlet.renew", id: id(c) }), (one) =>
      c.json(outletView(one)),
    ),
  );

  routes.add(CLOSE, async (c) =>
    withOutlet(c, await askOutlets(deps, { kind: "outlet.close", id: id(c) }), (one) =>
      c.json(outletView(one)),
    ),
  );
}

function withOutlet(
  c: RequestContext,
  answer: OutletAnswer,
  use: (outlet: OutletStatus) => Response,
): Response {
  if (!answer.ok) return unanswered(c, answer);
  return answer.value.ok ? use(answer.value.outlet) : refusal(c, answer.value);
}

function askOutlets<M extends OutletsMessage>(
  deps: ControlDeps,
  message: M,
): Promise<AskResult<OutletsReplies[M["kind"]]>> {
  return askPatiently(deps, OUTLETS, message);
}

/**
 * /v1/session: a browser shows a token once and gets a cookie for it, so that the page, its event streams, WebSockets and
 * downloads work where a token is needed.
 */

import { z } from "zod";
import type { ControlDeps } from "../control.ts";
import { addressOf, type Guard, refusedToken } from "../guard/guard.ts";
import { endedCookie, sessionCookie, sessionId } from "../guard/session-cookie.ts";
import type { Caller } from "../guard/tokens.ts";
import { readJsonBody } from "../json-body.ts";
import { problem } from "../problem.ts";
import { type RequestContext, type RouteSpec, type Routes, SCOPES } from "../route.ts";

const MAX_BODY = 1024;
const BODY = z.strictObject({
  token: z.string().min(1).max(512).describe("A token that is configured. It is kept nowhere."),
});
const VIEW = z
  .strictObject({
    tokenNeeded: z.boolean().describe("Whether anything needs a token here."),
    scopes: z.array(z.enum(SCOPES)).describe("What who asks may do."),
    name: z.string().nullable().describe("Name of the token; null: none came, or none is needed."),
  })
  .describe("Who asks.");
const CONTENT = { "application/json": { schema: VIEW } };

const SHOW: RouteSpec = {
  method: "get",
  path: "/v1/session",
  tag: "access",
  summary: "Who asks, and what they may do",
  scope: "open",
  answers: { 200: { meaning: "What the token or the session is good for.", content: CONTENT } },
};
const OPEN: RouteSpec = {
  method: "post",
  path: "/v1/session",
  tag: "access",
  summary: "Opens a session for a browser",
  description:
    "Answers with a cookie that is good for twelve hours, for this server's own pages alone. Where no token is needed there is none.",
  scope: "open",
  body: { schema: BODY, maxBytes: MAX_BODY },
  answers: { 200: { meaning: "The session is open.", content: CONTENT } },
  problems: ["bad-body", "token-needed", "too-many-failures"],
};
const CLOSE: RouteSpec = {
  method: "delete",
  path: "/v1/session",
  tag: "access",
  summary: "Ends the session of this browser",
  description: "What is being sent is sent to its end.",
  scope: "open",
  answers: { 204: { meaning: "There is none any more." } },
};

export function sessionRoutes(routes: Routes, { settings, clock }: ControlDeps, { callers }: Guard): void {
  const cookie = () => ({ port: settings.port(), isSecure: settings.isSecure });

  routes.add(SHOW, (c) => c.json(view({ name: c.get("tokenName"), scopes: c.get("scopes") })));

  routes.add(OPEN, async (c) => {
    const read = await readJsonBody(c, clock);
    if (!read.ok) return read.response;
    const body = BODY.safeParse(read.value);
    // Nothing of what came is repeated, wherever in it the token may be.
    if (!body.success)
      return problem(c, "bad-body", { detail: 'expected {"token": "…"}; came something else' });
    const identified = callers.byToken(body.data.token, addressOf(c, settings));
    if (!identified.ok) return refusedToken(c, identified);
    end(c);
    if (callers.tokenNeeded) {
      const id = callers.sessions.open(identified.caller);
      const isHttps = settings.isSecure || c.req.header("origin")?.startsWith("https://") === true;
      c.header("set-cookie", sessionCookie(id, cookie(), isHttps));
    }
    return c.json(view(identified.caller));
  });

  routes.add(CLOSE, (c) => {
    end(c);
    c.header("set-cookie", endedCookie(cookie()));
    return c.body(null, 204);
  });

  /** Ends the session that the cookie says, if any. */
  function end(c: RequestContext): void {
    const id = sessionId(c.req.header("cookie"), cookie());
    if (id !== undefined) callers.sessions.close(id);
  }

  function view({ name, scopes }: Caller): z.output<typeof VIEW> {
    return { tokenNeeded: callers.tokenNeeded, scopes: SCOPES.filter((scope) => scopes.has(scope)), name };
  }
}

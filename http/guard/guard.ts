/**
 * What is refused before any route is asked, and who it is that asks. The order and the reasons are in http/README.md; each
 * decision is in a file of its own beside this one.
 */

import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../runtime/clock.ts";
import type { ControlSettings } from "../control.ts";
import { echo, type ProblemCode, problem } from "../problem.ts";
import type { RequestContext, RequestEnv } from "../route.ts";
import { closing } from "../route-table.ts";
import { askedHost } from "./asked-host.ts";
import { isOurHost, isOurOrigin, isOurSite, isSameName, type Listening } from "./authority.ts";
import { Callers, type Identified, NOBODY } from "./callers.ts";
import { RequestRate } from "./request-rate.ts";
import { sessionId } from "./session-cookie.ts";
import type { Caller } from "./tokens.ts";
import { askerAddress } from "./trusted-proxies.ts";

/** Bytes of a request's address and headers. Bun refuses more by itself, Deno four times as much. */
export const MAX_HEAD_BYTES = 16 * 1024;

/** Addresses that need no token: who watches whether the process lives need not be trusted with more, the others hold no data. */
const OPEN_PATH = /^\/(?:health|docs|openapi\.json|page\/.*)?$/;
/** Where a token is shown for a session: who has none may ask, a wrong one is refused. */
const SESSION_PATH = "/v1/session";
const BEARER = /^bearer +(\S+) *$/i;
/** Methods that change nothing. */
const READING: readonly string[] = ["GET", "HEAD"];

export interface Guard {
  readonly middleware: MiddlewareHandler<RequestEnv>;
  readonly callers: Callers;
}

export function createGuard(settings: ControlSettings, clock: Clock): Guard {
  const callers = new Callers(settings.tokens, clock);
  const { requestsPerSecond } = settings;
  const rate = requestsPerSecond === 0 ? undefined : new RequestRate(requestsPerSecond, clock);
  const middleware: MiddlewareHandler<RequestEnv> = async (c, next) => {
    const { host, isSecure, names } = settings;
    const listening = { host, port: settings.port(), isSecure, names };
    const asked = askedHost(c, isSecure);
    const address = addressOf(c, settings);
    const refused =
      tooFast(c, rate, address) ??
      tooLong(c) ??
      foreignHost(c, asked, listening) ??
      foreignPage(c, asked ?? "", listening);
    if (refused !== undefined) return refused;
    const caller = whoAsks(c, callers, listening, address);
    if (caller instanceof Response) return caller;
    c.set("scopes", caller.scopes);
    c.set("tokenName", caller.name);
    return next();
  };
  return { middleware, callers };
}

/** The problem of a token that was not taken. */
export function refusedToken(c: RequestContext, identified: Identified & { readonly ok: false }): Response {
  if (identified.reason === "wrong-token") {
    return refuse(c, "token-needed", "expected one of the tokens that are configured; came another one", {
      "www-authenticate": CHALLENGE,
    });
  }
  const seconds = Math.ceil(identified.retryAfterMs / 1000);
  const detail = `too many wrong tokens came from this address; wait ${seconds} s, then send the right one`;
  return refuse(c, "too-many-failures", detail, { "retry-after": String(seconds) });
}

/** The address that a request is counted for. */
export function addressOf(
  c: RequestContext,
  { proxies }: Pick<ControlSettings, "proxies">,
): string | undefined {
  return askerAddress(c.env?.connection?.remoteAddress, c.req.header("x-forwarded-for"), proxies);
}

const CHALLENGE = 'Bearer realm="millrace"';

function tooFast(
  c: RequestContext,
  rate: RequestRate | undefined,
  address: string | undefined,
): Response | undefined {
  if (rate === undefined) return undefined;
  const waitMs = rate.take(address);
  if (waitMs === 0) return undefined;
  const detail = "this address asks faster than http.requestsPerSecond allows; ask more slowly";
  return refuse(c, "too-fast", detail, { "retry-after": String(Math.ceil(waitMs / 1000)) });
}

function tooLong(c: RequestContext): Response | undefined {
  let bytes = c.req.url.length;
  for (const [name, value] of c.req.raw.headers) bytes += name.length + value.length;
  if (bytes <= MAX_HEAD_BYTES) return undefined;
  const detail = `expected an address and headers of at most ${MAX_HEAD_BYTES} bytes; came ${bytes}`;
  return refuse(c, "headers-refused", detail, { connection: "close" });
}

function foreignHost(
  c: RequestContext,
  host: string | undefined,
  listening: Listening,
): Response | undefined {
  if (isOurHost(host, listening)) return undefined;
  const own = `localhost:${listening.port}`;
  const came = host === undefined ? "none" : echo(host);
  const detail = `expected a Host header such as ${own}; came ${came}. Use that address, or configure http.host or http.names.`;
  return refuse(c, "host-refused", detail);
}

/** A WebSocket is opened by a request like any other: a browser says on it whose page it is. */
function foreignPage(c: RequestContext, host: string, listening: Listening): Response | undefined {
  const header = (name: string) => c.req.header(name);
  const origin = header("origin");
  if (origin !== undefined && !isOurOrigin(origin, host, listening)) {
    const detail = `expected no Origin header, or that of a page of this server; came ${echo(origin)}`;
    return refuse(c, "origin-refused", detail);
  }
  const site = header("sec-fetch-site");
  const { method, path } = c.req;
  const metadata = { method, path, site, mode: header("sec-fetch-mode"), dest: header("sec-fetch-dest") };
  if (isOurSite(metadata)) return undefined;
  const detail = `expected a request from a page of this server; Sec-Fetch-Site says ${echo(site ?? "")}`;
  return refuse(c, "origin-refused", detail);
}

function whoAsks(
  c: RequestContext,
  callers: Callers,
  listening: Listening,
  address: string | undefined,
): Caller | Response {
  if (!callers.tokenNeeded) return callers.withoutToken;
  const { path } = c.req;
  if (OPEN_PATH.test(path)) return NOBODY;
  const token = BEARER.exec(c.req.header("authorization") ?? "")?.[1];
  if (token !== undefined) {
    const identified = callers.byToken(token, address);
    return identified.ok ? identified.caller : refusedToken(c, identified);
  }
  const caller = ofSession(c, callers, listening);
  if (caller !== undefined) return caller;
  if (path === SESSION_PATH) return NOBODY;
  const detail =
    "expected the header Authorization: Bearer with a configured token, or a session (POST /v1/session)";
  return refuse(c, "token-needed", detail, { "www-authenticate": CHALLENGE });
}

/**
 * Whose session the cookie says. It counts for our own page alone: a request that changes something, or opens a WebSocket, must
 * say that it comes from there; one that reads may come from the person itself, or from a browser that does not say.
 */
function ofSession(c: RequestContext, callers: Callers, listening: Listening): Caller | undefined {
  const id = sessionId(c.req.header("cookie"), listening);
  if (id === undefined) return undefined;
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  const changes = !READING.includes(c.req.method) || c.req.header("upgrade") !== undefined;
  const isOwnPage =
    origin === undefined
      ? site === "same-origin" || !changes
      : isSameName(origin, askedHost(c, listening.isSecure) ?? "");
  return isOwnPage ? callers.sessions.callerOf(id) : undefined;
}

function refuse(
  c: RequestContext,
  code: ProblemCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return problem(c, code, { detail, headers: { ...closing(c), ...headers } });
}

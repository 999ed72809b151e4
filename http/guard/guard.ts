/** What is refused before any route is asked. The order and the reasons are in http/README.md. */

import type { MiddlewareHandler } from "hono";
import type { ControlSettings } from "../control.ts";
import { MAX_BODY_BYTES, saysJson } from "../json-body.ts";
import { echo, problem } from "../problem.ts";
import { isOurHost, isOurOrigin, isOurSite } from "./authority.ts";
import { tokenCheck } from "./token.ts";

/** The one address that needs no token: who watches whether the process lives need not be trusted with more. */
const OPEN_PATH = "/health";
/** The addresses that take a body, by POST. */
const BODY_PATHS: readonly string[] = ["/v1/exports", "/v1/query"];

export function guard(settings: ControlSettings): MiddlewareHandler {
  const hasToken = settings.token === undefined ? () => true : tokenCheck(settings.token);
  return async (c, next) => {
    const listening = { host: settings.host, port: settings.port() };
    const header = (name: string) => c.req.header(name);
    const host = header("host");
    if (host === undefined || !isOurHost(host, listening)) {
      const own = `localhost:${listening.port}`;
      const came = host === undefined ? "none" : echo(host);
      return problem(c, "host-refused", {
        detail: `expected a Host header such as ${own}; came ${came}. Use that address, or configure http.host.`,
      });
    }
    const origin = header("origin");
    if (origin !== undefined && !isOurOrigin(origin, host, listening)) {
      return problem(c, "origin-refused", {
        detail: `expected no Origin header, or that of a page of this server; came ${echo(origin)}`,
      });
    }
    const site = header("sec-fetch-site");
    const { method, path } = c.req;
    const metadata = { method, path, site, mode: header("sec-fetch-mode"), dest: header("sec-fetch-dest") };
    if (!isOurSite(metadata)) {
      return problem(c, "origin-refused", {
        detail: `expected a request from a page of this server; Sec-Fetch-Site says ${echo(site ?? "")}`,
      });
    }
    const takesBody = method === "POST" && BODY_PATHS.includes(path);
    const length = Number(header("content-length") ?? 0);
    const hasBody = header("transfer-encoding") !== undefined || length !== 0;
    if (hasBody && !(takesBody && !(length > MAX_BODY_BYTES))) {
      return problem(c, "body-refused", {
        detail: takesBody
          ? `expected a body of at most ${MAX_BODY_BYTES} bytes; came ${length}`
          : "expected a request without a body; leave it out",
        // What was not read cannot be told from the next request.
        headers: { connection: "close" },
      });
    }
    if (takesBody && !(saysJson(header("content-type")) && header("content-encoding") === undefined)) {
      return problem(c, "body-type-refused", {
        detail: "expected a body of JSON with the header Content-Type: application/json, and not compressed",
        headers: { accept: "application/json", ...(hasBody ? { connection: "close" } : {}) },
      });
    }
    if (path !== OPEN_PATH && !hasToken(header("authorization"))) {
      return problem(c, "token-needed", {
        detail: "expected the header Authorization: Bearer with the configured token (http.token)",
        headers: { "www-authenticate": 'Bearer realm="millrace"' },
      });
    }
    return next();
  };
}

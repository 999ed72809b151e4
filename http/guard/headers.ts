/** Headers of every answer, errors included: no data is cached, nothing framed, sniffed, or read by another site. */

import type { MiddlewareHandler } from "hono";
import { isLoopback } from "../../runtime/loopback.ts";
import type { ControlSettings } from "../control.ts";
import type { RequestEnv } from "../route.ts";
import { askedHost } from "./asked-host.ts";
import { parseAuthority } from "./known-names.ts";

const ALWAYS: readonly (readonly [name: string, value: string])[] = [
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=()"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];
/** Of what is no page. A page brings its own. */
const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";
/** Of a page whose style and script are files of this server. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
/** For a year, as browsers advise. Not for subdomains, which are others'. */
const TRANSPORT_SECURITY = "max-age=31536000";

export function securityHeaders({
  isSecure,
}: Pick<ControlSettings, "isSecure">): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    await next();
    // A connection that has become a WebSocket has no answer any more.
    if (c.res.status === 101) return;
    const { headers } = c.res;
    for (const [name, value] of ALWAYS) headers.set(name, value);
    // A page's files hold no data and go by a mark of their content: a browser keeps them, and asks each time whether they are right.
    headers.set("cache-control", headers.has("etag") ? "no-cache" : "no-store");
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", NO_CONTENT);
    if (isSecure && isPublicName(askedHost(c, isSecure))) {
      headers.set("strict-transport-security", TRANSPORT_SECURITY);
    }
  };
}

/** A browser that has once been told holds it against all ports of a name: localhost is not ours alone. */
function isPublicName(host: string | undefined): boolean {
  const asked = parseAuthority(host);
  return asked !== undefined && !isLoopback(asked.name);
}

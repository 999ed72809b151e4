/** Headers of every answer, errors included: nothing is cached, framed, sniffed, or read by another site. */

import type { MiddlewareHandler } from "hono";

const ALWAYS: readonly (readonly [name: string, value: string])[] = [
  ["cache-control", "no-store"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];
/** Of what is no page. A page brings its own. */
const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";

export function securityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    for (const [name, value] of ALWAYS) headers.set(name, value);
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", NO_CONTENT);
  };
}

/**
 * Under which name a request came. HTTP/2, which one runtime speaks over TLS, has it in the address and not in a Host header.
 * Without TLS only the header counts: what the runtimes put into the address of a request without one is their own guess.
 */

import type { RequestContext } from "../route.ts";

export function askedHost(c: RequestContext, isSecure: boolean): string | undefined {
  const header = c.req.header("host");
  if (header !== undefined || !isSecure) return header;
  const { url } = c.req;
  const from = url.indexOf("//") + 2;
  const to = url.slice(from).search(/[/?#]/);
  return to < 0 ? url.slice(from) : url.slice(from, from + to);
}

/** Who asked, as a reason and a log line may say it: a token's name is no secret, the token is. */

import type { RequestContext } from "./route.ts";

/** "over HTTP", "over HTTP with the token nightly". */
export function askedBy(c: RequestContext): string {
  const name = c.get("tokenName") ?? null;
  return name === null ? "over HTTP" : `over HTTP with the token ${name}`;
}

/**
 * Which token came, if any. What came and all that are known are hashed beforehand, and what came is compared with every one
 * of them to the end: how long it takes tells neither how much of a token was right nor which one it was.
 */

import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import type { Scope } from "../route.ts";

/** A token as it was configured. */
export interface TokenGrant {
  /** For people and logs; it is no secret. */
  readonly name: string;
  readonly token: string;
  readonly scopes: readonly Scope[];
}

export const TOKEN = /^[\x21-\x7e]{16,512}$/;
export const TOKEN_EXPECTED = "at least 16 (at most 512) visible ASCII characters, no spaces";

/** Who asks. */
export interface Caller {
  /** Name of the token that came; null: no token is known, so that nobody has a name. */
  readonly name: string | null;
  readonly scopes: ReadonlySet<Scope>;
}

/**
 * Makes the check of what comes against `grants`.
 * @param isEqual compares two hashes of equal length in constant time
 */
export function tokenCheck(
  grants: readonly TokenGrant[],
  isEqual: (a: Buffer, b: Buffer) => boolean = timingSafeEqual,
): (came: string) => Caller | undefined {
  const known = grants.map(({ name, token, scopes }) => ({
    digest: digest(token),
    caller: { name, scopes: new Set(scopes) },
  }));
  return (came) => {
    const wanted = digest(came);
    let found: Caller | undefined;
    // No way out of the loop before its end.
    for (const { digest, caller } of known) if (isEqual(wanted, digest)) found = caller;
    return found;
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

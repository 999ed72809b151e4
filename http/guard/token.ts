/** Whether a request brings the token. Both sides are hashed, so that the comparison takes the same time whatever came. */

import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

const BEARER = /^bearer +(\S+) *$/i;

/** Makes the check of an Authorization header against `token`. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization) => {
    const came = BEARER.exec(authorization ?? "")?.[1];
    return came !== undefined && timingSafeEqual(digest(came), expected);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

/**
 * The name that a sender gives to a request, so that it is taken once however often it is sent. It may be anything that the sender finds
 * good, an identifier even, so nothing but its digest goes further than here.
 */

import { createHash } from "node:crypto";
import { MAX_KEY_CHARACTERS } from "./limits.ts";

export const KEY_EXPECTED = `1 to ${MAX_KEY_CHARACTERS} visible ASCII characters without spaces`;
const KEY = new RegExp(`^[!-~]{1,${MAX_KEY_CHARACTERS}}$`);
const DIGEST_CHARACTERS = 32;

export function isRequestKey(text: string): boolean {
  return KEY.test(text);
}

/** The first 128 bits of SHA-256 over the dataset's name, a line feed and the key: 32 hex digits. */
export function keyDigest(dataset: string, key: string): string {
  return createHash("sha256").update(`${dataset}\n${key}`).digest("hex").slice(0, DIGEST_CHARACTERS);
}

/** Pseudonyms as their documentation says they are made, with node:crypto and without the code under test. */

import { createHmac } from "node:crypto";

export type RawValue = string | number | bigint;

/** Both widths of the pseudonym of a value of this kind. @param bytes of a number: 4 or 8 */
export function pseudonymOf(key: Uint8Array, kind: string, value: RawValue, bytes: 4 | 8 = 4) {
  const kindKey = createHmac("sha256", key).update(`millrace/pseudonym/v1/${kind}`).digest();
  const digest = createHmac("sha256", kindKey).update(bytesOf(value, bytes)).digest("hex");
  return { u64: BigInt(`0x${digest.slice(0, 16)}`), u32: Number.parseInt(digest.slice(0, 8), 16) };
}

function bytesOf(value: RawValue, bytes: 4 | 8): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt(value));
  return number.subarray(0, bytes);
}

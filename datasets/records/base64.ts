/**
 * Base64 (RFC 4648, section 4) from bytes to bytes. The runtimes' own make a string of it, and Deno's then takes far longer to
 * write that than it took to make it.
 */

const ALPHABET = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PAD = 61;
/** Two characters for each twelve bits, the first in the lower byte. */
const PAIRS = Uint16Array.from(
  { length: 4096 },
  (_, bits) => ALPHABET[bits >>> 6]! | (ALPHABET[bits & 63]! << 8),
);

export function base64Bytes(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** Writes `from` at byte `start`, where there is room for `base64Bytes`. @returns the place after it */
export function putBase64(into: DataView, start: number, from: Uint8Array): number {
  const whole = from.length - (from.length % 3);
  let at = start;
  for (let index = 0; index < whole; index += 3, at += 4) {
    const bits = (from[index]! << 16) | (from[index + 1]! << 8) | from[index + 2]!;
    into.setUint32(at, PAIRS[bits >>> 12]! | (PAIRS[bits & 0xfff]! << 16), true);
  }
  if (whole === from.length) return at;
  const bits = (from[whole]! << 16) | ((from[whole + 1] ?? 0) << 8);
  into.setUint16(at, PAIRS[bits >>> 12]!, true);
  into.setUint8(at + 2, whole + 1 < from.length ? ALPHABET[(bits >>> 6) & 63]! : PAD);
  into.setUint8(at + 3, PAD);
  return at + 4;
}

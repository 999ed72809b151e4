/**
 * Ways to make a number of a word that need no key: what a pseudonym would be of a program that meant well and knew no better. Those of
 * digests are tried at their beginning and at their end.
 */

import { createHash, createHmac } from "node:crypto";

/** Calls `found` with numbers of 64 bits, and of 32, that stand for the bytes. */
export type Keyless = (bytes: Uint8Array, found64: Found64, found32: Found32) => void;
export type Found64 = (high: number, low: number) => void;
export type Found32 = (value: number) => void;

/** Keys that somebody may have taken for one. Zeros are as none. */
export const GUESSED_KEYS: readonly (readonly [name: string, key: Uint8Array])[] = [
  ["", new Uint8Array(0)],
  ["millrace", text("millrace")],
  ["the label", text("millrace/pseudonym/v1/")],
  ["ones", new Uint8Array(32).fill(255)],
  ["counting", Uint8Array.from({ length: 32 }, (_, at) => at)],
  ["secret", text("secret")],
  ["a hash", createHash("sha256").update("millrace").digest()],
];

/** Cheap ones: for the longest lists. */
export const CHECKSUMS: Readonly<Record<string, Keyless>> = {
  "CRC-32": (bytes, _, found32) => found32(crc(CRC32, bytes)),
  "CRC-32C": (bytes, _, found32) => found32(crc(CRC32C, bytes)),
  "FNV-1a 32": (bytes, _, found32) => found32(fnv32(bytes)),
  xxHash32: (bytes, _, found32) => found32(xxHash32(bytes)),
  "the value": (bytes, found64, found32) => {
    const low = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24);
    found32(low >>> 0);
    if (bytes.length !== 8) return;
    found64((bytes[4]! | (bytes[5]! << 8) | (bytes[6]! << 16) | (bytes[7]! << 24)) >>> 0, low >>> 0);
  },
};

/** Dearer ones. */
export const DIGESTS: Readonly<Record<string, Keyless>> = {
  ...Object.fromEntries(
    ["md5", "sha1", "sha256", "sha512"].map((name): [string, Keyless] => [
      name,
      (bytes, found64, found32) => ends(createHash(name).update(bytes).digest(), found64, found32),
    ]),
  ),
  ...Object.fromEntries(
    GUESSED_KEYS.map(([name, key]): [string, Keyless] => [
      `HMAC-SHA-256 under "${name}"`,
      (bytes, found64, found32) => ends(createHmac("sha256", key).update(bytes).digest(), found64, found32),
    ]),
  ),
  "FNV-1a 64": (bytes, found64) => big(fnv64(bytes), found64),
  xxHash64: (bytes, found64) => big(xxHash64(bytes), found64),
};

function ends(digest: Uint8Array, found64: Found64, found32: Found32): void {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  for (const at of [0, digest.byteLength - 8]) found64(view.getUint32(at), view.getUint32(at + 4));
  for (const at of [0, digest.byteLength - 4]) found32(view.getUint32(at));
}

function big(value: bigint, found64: Found64): void {
  found64(Number(value >> 32n), Number(value & 0xffffffffn));
}

function text(word: string): Uint8Array {
  return new TextEncoder().encode(word);
}

const CRC32 = crcTable(0xedb88320);
const CRC32C = crcTable(0x82f63b78);

function crcTable(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
}

function crc(table: Uint32Array, bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) value = table[(value ^ bytes[at]!) & 255]! ^ (value >>> 8);
  return ~value >>> 0;
}

function fnv32(bytes: Uint8Array): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) value = Math.imul(value ^ bytes[at]!, 0x01000193);
  return value >>> 0;
}

function fnv64(bytes: Uint8Array): bigint {
  let value = 0xcbf29ce484222325n;
  for (const byte of bytes) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return value;
}

/** https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, seed 0. */
export function xxHash32(bytes: Uint8Array): number {
  const [p1, p2, p3, p4, p5] = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1];
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  const word = (at: number) =>
    bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  let at = 0;
  let value = p5;
  if (bytes.length >= 16) {
    const lanes = [(p1 + p2) | 0, p2, 0, -p1 | 0];
    for (; at + 16 <= bytes.length; at += 16) {
      for (let lane = 0; lane < 4; lane++)
        lanes[lane] = Math.imul(rotate((lanes[lane]! + Math.imul(word(at + lane * 4), p2)) | 0, 13), p1);
    }
    value = (rotate(lanes[0]!, 1) + rotate(lanes[1]!, 7) + rotate(lanes[2]!, 12) + rotate(lanes[3]!, 18)) | 0;
  }
  value = (value + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4)
    value = Math.imul(rotate((value + Math.imul(word(at), p3)) | 0, 17), p4);
  for (; at < bytes.length; at++) value = Math.imul(rotate((value + Math.imul(bytes[at]!, p5)) | 0, 11), p1);
  value = Math.imul(value ^ (value >>> 15), p2);
  value = Math.imul(value ^ (value >>> 13), p3);
  return (value ^ (value >>> 16)) >>> 0;
}

export function xxHash64(bytes: Uint8Array): bigint {
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ];
  const wrap = (value: bigint) => BigInt.asUintN(64, value);
  const rotate = (value: bigint, by: bigint) => wrap((value << by) | (value >> (64n - by)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const round = (lane: bigint, input: bigint) => wrap(rotate(wrap(lane + input * p2), 31n) * p1);
  let at = 0;
  let value = p5;
  if (bytes.length >= 32) {
    const lanes = [wrap(p1 + p2), p2, 0n, wrap(-p1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++)
        lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + lane * 8, true));
    }
    value = wrap(
      rotate(lanes[0]!, 1n) + rotate(lanes[1]!, 7n) + rotate(lanes[2]!, 12n) + rotate(lanes[3]!, 18n),
    );
    for (const lane of lanes) value = wrap((value ^ round(0n, lane)) * p1 + p4);
  }
  value = wrap(value + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    value = wrap(rotate(value ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  for (; at + 4 <= bytes.length; at += 4)
    value = wrap(rotate(value ^ wrap(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
  for (; at < bytes.length; at++) value = wrap(rotate(value ^ wrap(BigInt(bytes[at]!) * p5), 11n) * p1);
  value = wrap((value ^ (value >> 33n)) * p2);
  value = wrap((value ^ (value >> 29n)) * p3);
  return value ^ (value >> 32n);
}

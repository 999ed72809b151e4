/**
 * The product's own scheme, and plain SHA-256 and HMAC, over long lists and under keys that are given: by its kernels, as a thousand times more
 * words can be tried so. Whether they do what they should is for their own tests; here the positive control says it.
 */

import { createHmac } from "node:crypto";
import {
  compileKernels,
  createKernelMemory,
  HMAC_STATE_BYTES,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../wasm/index.ts";

const BATCH = 16_384;
const TEXT_BYTES = BATCH * 64;
const STATE_AT = KERNEL_STATIC_BYTES;
const OUT_AT = STATE_AT + 2 * Math.ceil(HMAC_STATE_BYTES / 64) * 64 + 256;
const OFFSETS_AT = OUT_AT + BATCH * 8;
const VALUES_AT = OFFSETS_AT + (BATCH + 16) * 4;

const memory = createKernelMemory({ bytes: VALUES_AT + TEXT_BYTES + 4096 });
const kernels = instantiateKernels(compileKernels(), memory);
const u8 = new Uint8Array(memory.buffer);
const u32 = new Uint32Array(memory.buffer);

/** Says what a word comes to: the first 64 bits, the first byte the highest. */
export type Tried = (index: number, high: number, low: number) => void;

/** A key, or none: then it is SHA-256. */
export type Key = Uint8Array | undefined;

/** The key of a kind under a folder's key, as the documentation says it is made. */
export function kindKey(key: Uint8Array, kind: string): Uint8Array {
  return createHmac("sha256", key).update(`millrace/pseudonym/v1/${kind}`).digest();
}

export function tryTexts(words: readonly string[], keys: readonly Key[], tried: readonly Tried[]): void {
  const encoder = new TextEncoder();
  for (let from = 0; from < words.length; from += BATCH) {
    const rows = Math.min(BATCH, words.length - from);
    let at = 0;
    u32[OFFSETS_AT / 4] = 0;
    for (let row = 0; row < rows; row++) {
      const bytes = encoder.encode(words[from + row]!);
      u8.set(bytes, VALUES_AT + at);
      at += bytes.byteLength;
      u32[OFFSETS_AT / 4 + row + 1] = at;
    }
    for (const [index, key] of keys.entries()) {
      const state = setKey(key);
      if (key === undefined) kernels.sha256Bytes(state, VALUES_AT, OFFSETS_AT, 0, rows, OUT_AT, 8);
      else kernels.hmacBytes(state, VALUES_AT, OFFSETS_AT, 0, rows, OUT_AT, 8);
      tell(from, rows, tried[index]!);
    }
  }
}

/** Numbers below `end`, as 32 bits, little-endian. */
export function tryNumbers(end: number, keys: readonly Key[], tried: readonly Tried[]): void {
  for (let from = 0; from < end; from += BATCH) {
    const rows = Math.min(BATCH, end - from);
    for (let row = 0; row < rows; row++) u32[VALUES_AT / 4 + row] = from + row;
    for (const [index, key] of keys.entries()) {
      const state = setKey(key);
      if (key === undefined) kernels.sha256Numbers(state, VALUES_AT, 4, 0, rows, OUT_AT, 8);
      else kernels.hmacNumbers(state, VALUES_AT, 4, 0, rows, OUT_AT, 8);
      tell(from, rows, tried[index]!);
    }
  }
}

function setKey(key: Key): number {
  if (key === undefined) {
    kernels.sha256Init(STATE_AT);
    return STATE_AT;
  }
  u8.set(key, OUT_AT);
  kernels.hmacKey(OUT_AT, key.byteLength, STATE_AT);
  return STATE_AT;
}

function tell(from: number, rows: number, tried: Tried): void {
  for (let row = 0; row < rows; row++) {
    tried(from + row, u32[OUT_AT / 4 + row * 2 + 1]!, u32[OUT_AT / 4 + row * 2]!);
  }
}

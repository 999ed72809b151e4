/** How fast is a column of identifiers pseudonymized? HMAC-SHA-256 under one key, against libraries that do it row by row. */

import { createHmac } from "node:crypto";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { createCRC32, createHMAC, createSHA256, type IHasher } from "hash-wasm";
import {
  compileKernels,
  createKernelMemory,
  HMAC_STATE_BYTES,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../wasm/index.ts";
import { type Case, type Suite, timed } from "./harness.ts";

const ROWS = 4096;
const CHECKED_ROWS = 64;
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 5 + 1);
const LOG_BLOCK_BYTES = 4096;
/** The reflected polynomial of CRC-32C. */
const CASTAGNOLI = 0x82f63b78;

const memory = createKernelMemory({ bytes: 4 << 20 });
const kernels = instantiateKernels(compileKernels(), memory);
const bytes = new Uint8Array(memory.buffer);
const STATE = KERNEL_STATIC_BYTES;
const OUT = STATE + HMAC_STATE_BYTES;
const OFFSETS = OUT + 32 * ROWS;
const VALUES = OFFSETS + 4 * (ROWS + 1);

export async function suite(): Promise<Suite> {
  const reused = await createHMAC(createSHA256(), KEY);
  return {
    name: "hash",
    payload: `columns of ${ROWS} identifiers, 32-byte key, written as u64 (ours) or digests (peers); blocks of ${LOG_BLOCK_BYTES} bytes`,
    cases: [
      hmacCase("hmac of 16 bytes", reused, () => 16),
      hmacCase("hmac of 32 bytes", reused, () => 32),
      hmacCase("hmac of 64 bytes", reused, () => 64),
      hmacCase("hmac of 16 to 64 bytes", reused, (row) => 16 + ((row * 29) % 49)),
      await crcCase(),
    ],
  };
}

function hmacCase(name: string, reused: IHasher, lengthOf: (row: number) => number): Case {
  const rows = Array.from({ length: ROWS }, (_, row) => identifier(row, lengthOf(row)));
  // The column is laid out again before ours is measured: the cases share one memory.
  const lay = () => {
    const offsets = new Int32Array(memory.buffer, OFFSETS, ROWS + 1);
    rows.forEach((content, row) => {
      bytes.set(content, VALUES + offsets[row]!);
      offsets[row + 1] = offsets[row]! + content.length;
    });
    kernels.hmacKey(putKey(), KEY.length, STATE);
  };

  // The best each library offers: hash-wasm reuses one HMAC, noble clones the state behind the key into one object.
  const keyed = hmac.create(sha256, KEY);
  const copy = keyed.clone();
  const digest = new Uint8Array(32);
  const byNode = (row: Uint8Array): Uint8Array => createHmac("sha256", KEY).update(row).digest();
  const byHashWasm = (row: Uint8Array): Uint8Array => reused.init().update(row).digest("binary");
  const byNoble = (row: Uint8Array): Uint8Array => {
    keyed._cloneInto(copy);
    copy.update(row);
    copy.digestInto(digest);
    return digest;
  };

  return {
    name,
    unit: "M hashes/s",
    ours: timed("ours", ROWS, 1e6, () => kernels.hmacBytes(STATE, VALUES, OFFSETS, 0, ROWS, OUT, 8)),
    peers: [
      timed("node:crypto createHmac", ROWS, 1e6, () => rows.forEach(byNode)),
      timed("hash-wasm createHMAC", ROWS, 1e6, () => rows.forEach(byHashWasm)),
      timed("@noble/hashes hmac", ROWS, 1e6, () => rows.forEach(byNoble)),
    ],
    verify() {
      lay();
      kernels.hmacBytes(STATE, VALUES, OFFSETS, 0, ROWS, OUT, 32);
      for (let row = 0; row < CHECKED_ROWS; row++) {
        const ours = hex(bytes.subarray(OUT + 32 * row, OUT + 32 * (row + 1)));
        for (const peer of [byNode, byHashWasm, byNoble]) {
          const theirs = hex(peer(rows[row]!));
          if (theirs !== ours) throw new Error(`${name}, row ${row}: ours ${ours}, theirs ${theirs}`);
        }
      }
    },
  };
}

async function crcCase(): Promise<Case> {
  const reused = await createCRC32(CASTAGNOLI);
  const block = Uint8Array.from({ length: LOG_BLOCK_BYTES }, (_, i) => (i * 73) & 255);
  return {
    name: "crc-32c of 4 KiB",
    unit: "MB/s",
    ours: timed("ours", LOG_BLOCK_BYTES, 1e6, () => void kernels.crc32c(VALUES, LOG_BLOCK_BYTES)),
    peers: [
      timed(
        "hash-wasm createCRC32",
        LOG_BLOCK_BYTES,
        1e6,
        () => void reused.init().update(block).digest("binary"),
      ),
    ],
    verify() {
      bytes.set(block, VALUES);
      const ours = kernels.crc32c(VALUES, LOG_BLOCK_BYTES).toString(16).padStart(8, "0");
      const theirs = reused.init().update(block).digest("hex");
      if (ours !== theirs) throw new Error(`crc-32c: ours ${ours}, hash-wasm ${theirs}`);
    },
  };
}

/** Looks like what telemetry carries: hex digits that differ from row to row. */
function identifier(row: number, length: number): Uint8Array {
  let text = "";
  for (let state = row + 1; text.length < length; ) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    text += (state >>> 0).toString(16).padStart(8, "0");
  }
  return new TextEncoder().encode(text.slice(0, length));
}

function putKey(): number {
  bytes.set(KEY, OUT);
  return OUT;
}

function hex(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

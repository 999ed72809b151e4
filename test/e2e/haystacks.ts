/**
 * What tests of privacy search, and what they look for: everything that Millrace wrote or said, as bytes with a name; and texts in all the
 * forms that they may have in there.
 */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What is searched: a name for messages, and the bytes. */
export interface Haystack {
  readonly where: string;
  readonly bytes: Buffer;
}

export interface Needle {
  readonly what: string;
  readonly bytes: Buffer;
}

/** Random letters, none of them a digit: not to be found by chance among numbers. */
export function secret(characters: number): string {
  return Array.from(randomBytes(characters), (byte) => String.fromCharCode(97 + (byte % 26))).join("");
}

export function filesBelow(folder: string): Haystack[] {
  return readdirSync(folder).flatMap((name): Haystack[] => {
    const path = join(folder, name);
    const named = { where: `the name of ${path}`, bytes: Buffer.from(name) };
    try {
      if (statSync(path).isDirectory()) return filesBelow(path);
      return [{ where: path, bytes: readFileSync(path) }, named];
    } catch (error) {
      // Renamed or removed since it was listed, by who writes there: what it became is listed the next time.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [named];
      throw error;
    }
  });
}

/** The memory without pages of nothing but zeros, of which most of it is. */
export function usedPages({ buffer }: WebAssembly.Memory): Haystack[] {
  const pageWords = 2 ** 14;
  const words = new Int32Array(buffer);
  const runs: { from: number; to: number }[] = [];
  for (let from = 0; from < words.length; from += pageWords) {
    const to = Math.min(from + pageWords, words.length);
    if (isZero(words, from, to)) continue;
    const last = runs.at(-1);
    // Together with the page before, as what is searched for may lie across.
    if (last?.to === from) last.to = to;
    else runs.push({ from, to });
  }
  return runs.map(({ from, to }) => ({
    where: `the shared memory from byte ${from * 4}`,
    bytes: Buffer.from(new Uint8Array(buffer).slice(from * 4, to * 4)),
  }));
}

function isZero(words: Int32Array, from: number, to: number): boolean {
  for (let word = from; word < to; word++) if (words[word] !== 0) return false;
  return true;
}

/** Whether a few letters found in it mean anything. */
export function isText({ bytes }: Haystack): boolean {
  return !bytes.includes(0);
}

export function textOf(rows: readonly Readonly<Record<string, unknown>>[]): Buffer {
  return Buffer.from(rows.map((row) => Object.values(row).join(",")).join("\n"));
}

export function textForms(text: string): Needle[] {
  const big = Buffer.from(text, "utf16le").swap16();
  return [
    { what: `${text} as UTF-8`, bytes: Buffer.from(text) },
    { what: `${text} as UTF-16LE`, bytes: Buffer.from(text, "utf16le") },
    { what: `${text} as UTF-16BE`, bytes: big },
  ];
}

/** And disguised: encoded, or hashed without the key, which anybody who guesses the name can do too. */
export function secretForms(text: string): Needle[] {
  const digest = createHash("sha256").update(text).digest();
  return [
    ...textForms(text),
    { what: `${text} in capitals`, bytes: Buffer.from(text.toUpperCase()) },
    { what: `${text} as hex`, bytes: Buffer.from(Buffer.from(text).toString("hex")) },
    ...base64Forms(Buffer.from(text)).map((bytes) => ({ what: `${text} as base64`, bytes })),
    { what: `${text} hashed without the key`, bytes: digest.subarray(0, 8) },
    { what: `${text} hashed without the key`, bytes: Buffer.from(digest.subarray(0, 8)).reverse() },
    { what: `${text} hashed without the key`, bytes: Buffer.from(digest.toString("hex").slice(0, 16)) },
    { what: `${text} hashed without the key`, bytes: Buffer.from(String(digest.readBigUInt64BE())) },
  ];
}

export function keyForms(key: Buffer): Needle[] {
  return [
    key,
    Buffer.from(key.toString("hex")),
    Buffer.from(key.toString("hex").toUpperCase()),
    ...base64Forms(key),
    Buffer.from([...key].join(",")),
  ].map((bytes) => ({ what: "the key", bytes }));
}

/** What is the same of it wherever in a longer text it is encoded. */
function base64Forms(bytes: Buffer): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return Buffer.from(text.slice(before === 0 ? 0 : before + 1, -1));
  });
}

export function assertAbsent(needles: readonly Needle[], haystacks: readonly Haystack[]): void {
  for (const { what, bytes } of needles) {
    for (const { where, bytes: searched } of haystacks) {
      const at = searched.indexOf(bytes);
      assert.equal(at, -1, `${what} is at byte ${at} of ${where}`);
    }
  }
}

/** Reads a file together with its mode: of the very file that was opened, whatever takes its name meanwhile. */

import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { ReadSecret } from "./access.ts";

/** Bytes. Beyond it is no file of tokens and no certificate. */
const MOST_BYTES = 2 ** 20;

export const readSecretFile: ReadSecret = (path) => {
  const file = openSync(path, "r");
  try {
    return { mode: fstatSync(file).mode, text: readWhole(file) };
  } finally {
    closeSync(file);
  }
};

/** What it says of its size is not asked: a pipe knows none, and a device has no end. */
function readWhole(file: number): string {
  const bytes = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, null);
  }
  if (length > MOST_BYTES) throw Object.assign(new Error("the file is too large"), { code: "EFBIG" });
  return bytes.toString("utf8", 0, length);
}

/** Reads a file together with its mode: of the very file that was opened, whatever takes its name meanwhile. */

import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import type { ReadSecret } from "./access.ts";

/** Bytes. Beyond it is no file of tokens and no certificate. */
const MOST_BYTES = 2 ** 20;

export const readSecretFile: ReadSecret = (path) => {
  const file = openSync(path, "r");
  try {
    const { mode, size } = fstatSync(file);
    if (size > MOST_BYTES) throw Object.assign(new Error("the file is too large"), { code: "EFBIG" });
    return { text: readFileSync(file, "utf8"), mode };
  } finally {
    closeSync(file);
  }
};

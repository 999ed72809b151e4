/** Standard output, written so that all of it has left when the process ends. */

import process from "node:process";

// Whoever read it may have gone, as `head` has: the write that finds out says so, and this is not to end the process before.
process.stdout.on("error", () => {});

/** Resolves when it is written. Rejects with EPIPE when nobody reads it any more. */
export function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

export function printOut(text: string): Promise<void> {
  return writeOut(new TextEncoder().encode(text));
}

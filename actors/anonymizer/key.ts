/**
 * The key that pseudonyms are made under: 32 random bytes in a file of its own, made at first start and readable by its owner
 * alone. Whoever has the key can guess identifiers back from their pseudonyms; without it, nobody can, and two data folders
 * with two keys give pseudonyms that cannot be linked. It is never logged, exported or sent, and deleting it makes every
 * pseudonym in the folder anonymous for good.
 */

import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { platform } from "node:process";

export const KEY_BYTES = 32;

/** The key cannot be used as it is; the message says what to do. */
export class KeyRefused extends Error {
  override readonly name = "KeyRefused";
}

/** Where a data folder keeps its key. */
export function keyPath(dataFolder: string): string {
  return `${dataFolder}/keys/pseudonym.key`;
}

/**
 * Reads the key of a data folder, making it when there is none.
 * @throws KeyRefused when the file is not 32 bytes, or others than its owner may read it
 */
export function openKey(dataFolder: string): Uint8Array<ArrayBuffer> {
  const path = keyPath(dataFolder);
  mkdirSync(`${dataFolder}/keys`, { recursive: true, mode: 0o700 });
  return makeKey(path) ?? readKey(path);
}

/** Makes a new key, or returns undefined when there is one: another start may be making it at this very moment. */
function makeKey(path: string): Uint8Array<ArrayBuffer> | undefined {
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
  try {
    const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    writeSync(fd, key);
    fsyncSync(fd);
    return key;
  } finally {
    closeSync(fd);
  }
}

function readKey(path: string): Uint8Array<ArrayBuffer> {
  const fd = openSync(path, "r");
  try {
    const { mode, size } = fstatSync(fd);
    if (platform !== "win32" && (mode & 0o077) !== 0) {
      throw new KeyRefused(
        `the key in keys/pseudonym.key may be read by others than its owner (mode ${(mode & 0o777).toString(8)}); ` +
          "run chmod 600 on it, and consider whether it has been read: a new key (delete the file) unlinks new pseudonyms from old ones",
      );
    }
    const key = new Uint8Array(KEY_BYTES);
    if (size !== KEY_BYTES || readSync(fd, key, 0, KEY_BYTES, 0) !== KEY_BYTES) {
      throw new KeyRefused(
        `the key in keys/pseudonym.key must have ${KEY_BYTES} bytes; it has ${size}. Put the right file back, ` +
          "or delete it to begin with a new key: pseudonyms made from then on will not match the earlier ones",
      );
    }
    return key;
  } finally {
    closeSync(fd);
  }
}

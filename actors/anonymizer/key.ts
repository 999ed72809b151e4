/**
 * The key that pseudonyms are made under: 32 random bytes in a file of its own, made at first start and readable by its owner
 * alone. Whoever has the key can guess identifiers back from their pseudonyms; without it, nobody can, and two data folders
 * with two keys give pseudonyms that cannot be linked. It is never logged, exported or sent, and deleting it makes every
 * pseudonym in the folder anonymous for good.
 *
 * A key is written beside its place and gets its name, by a link that replaces nothing, when it is whole and on the disk: two
 * starts at once end with one key, and neither they nor a crash ever leave or meet half of one.
 */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { platform } from "node:process";

export const KEY_BYTES = 32;
const UNFINISHED = ".new";

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
 * @throws KeyRefused when the file is not 32 bytes, or when it, or its folder, is open to others than its owner
 */
export function openKey(dataFolder: string): Uint8Array<ArrayBuffer> {
  const folder = `${dataFolder}/keys`;
  const path = keyPath(dataFolder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseOpenFolder(folder);
  if (!exists(path)) makeKey(folder, path);
  const key = readKey(path);
  removeOtherNames(folder, path);
  return key;
}

/** Makes a new key, unless another start has made one meanwhile. */
function makeKey(folder: string, path: string): void {
  const unfinished = `${path}.${crypto.randomUUID()}${UNFINISHED}`;
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  const fd = openSync(unfinished, "wx", 0o600);
  try {
    let written = 0;
    while (written < KEY_BYTES) written += writeSync(fd, key, written);
    fsyncSync(fd);
    linkSync(unfinished, path);
    syncFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    key.fill(0);
    closeSync(fd);
    rmSync(unfinished, { force: true });
  }
}

function readKey(path: string): Uint8Array<ArrayBuffer> {
  const fd = openSync(path, "r");
  try {
    const { mode, size } = fstatSync(fd);
    if (isOpenToOthers(mode)) {
      throw new KeyRefused(
        `the key in keys/pseudonym.key may be used by others than its owner (mode ${octal(mode)}); ` +
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

/** Who may write to the folder may put another key in the place of ours, one that he knows. */
function refuseOpenFolder(folder: string): void {
  const { mode } = statSync(folder);
  if (!isOpenToOthers(mode)) return;
  throw new KeyRefused(
    `the folder keys/ is open to others than its owner (mode ${octal(mode)}); run chmod 700 on it`,
  );
}

/** A crash between the link and its end leaves the key under a second name, which would outlive a deletion of the first. */
function removeOtherNames(folder: string, path: string): void {
  const { ino, nlink } = statSync(path);
  if (nlink < 2) return;
  for (const name of readdirSync(folder)) {
    const other = `${folder}/${name}`;
    if (!name.endsWith(UNFINISHED)) continue;
    if (statSync(other, { throwIfNoEntry: false })?.ino === ino) rmSync(other, { force: true });
  }
}

function isOpenToOthers(mode: number): boolean {
  return platform !== "win32" && (mode & 0o077) !== 0;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Makes the key's name durable: rows under a key that is gone after a power cut could never be linked to later ones. */
function syncFolder(folder: string): void {
  if (platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

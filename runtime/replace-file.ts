/**
 * Puts a text, or bytes, into a file, whole or not at all: written beside it, synced, and given its name. A file that is there keeps its
 * mode, and its owner where that may be; a new one is its owner's alone (0600). A symbolic link stays one.
 */

import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";

const NEW_MODE = 0o600;

/** @throws what the file system says; then the file is as it was */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const before = statOf(path);
  const target = before === undefined ? path : realpathSync(path);
  const beside = `${target}.${process.pid}.tmp`;
  try {
    // One that a crash has left, or that somebody put there: never written into, whoever may read it or wherever it leads.
    rmSync(beside, { force: true });
    const fd = openSync(beside, "wx", NEW_MODE);
    try {
      writeFileSync(fd, content);
      // Whatever the umask is.
      fchmodSync(fd, before === undefined ? NEW_MODE : before.mode & 0o7777);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (before !== undefined) keepOwner(beside, before);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
}

function statOf(
  path: string,
): { readonly mode: number; readonly uid: number; readonly gid: number } | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function keepOwner(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  const own = statSync(path);
  if (own.uid === uid && own.gid === gid) return;
  try {
    chownSync(path, uid, gid);
  } catch (error) {
    // Only root may give a file away; who may write here may have one of its own in its place.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

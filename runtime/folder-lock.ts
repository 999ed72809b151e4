/**
 * One process a folder. Two writers of one log would destroy it, so whoever opens a folder locks it first.
 *
 * The lock is an exclusive transaction of an SQLite file: held by the operating system, so it is gone with its process
 * however that ends, and there is no stale lock to clear away after a `kill -9`. A second file says who holds it, for people.
 */

import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { pid } from "node:process";
import { DatabaseSync } from "node:sqlite";

export interface FolderLock {
  release(): void;
}

export type LockResult =
  | { readonly ok: true; readonly lock: FolderLock }
  | { readonly ok: false; readonly owner: string };

/** Locks `folder`, which must exist. Never waits. `owner` says who has it, as far as that is known. */
export function lockFolder(folder: string): LockResult {
  const ownerFile = `${folder}/owner.json`;
  const lockFile = `${folder}/lock.sqlite`;
  // Made here first, because SQLite would let everybody read it.
  closeSync(openSync(lockFile, "a", 0o600));
  const database = new DatabaseSync(lockFile);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!/locked|busy/i.test(String(error))) throw error;
    return { ok: false, owner: readOwner(ownerFile) };
  }
  writeFileSync(ownerFile, JSON.stringify({ pid, since: new Date().toISOString() }), { mode: 0o600 });
  return {
    ok: true,
    lock: {
      release() {
        rmSync(ownerFile, { force: true });
        database.close();
      },
    },
  };
}

function readOwner(ownerFile: string): string {
  try {
    const { pid: owner, since } = JSON.parse(readFileSync(ownerFile, "utf8")) as {
      pid: number;
      since: string;
    };
    return `process ${owner}, since ${since}`;
  } catch {
    return "another process";
  }
}

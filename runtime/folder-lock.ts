/**
 * One process a folder. Two writers of one log would destroy it, so whoever opens a folder locks it first.
 *
 * The lock is an exclusive transaction of an SQLite file: held by the operating system, so it is gone with its process
 * however that ends, and there is no stale lock to clear away after a `kill -9`. A second file says who holds it, for
 * people, and where its process can be reached, for programs.
 *
 * Limit: the operating system takes such a lock back when its process closes any descriptor of the lock file, so nobody in
 * the process that holds it may open `lock.sqlite` by other means than SQLite.
 */

import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { pid } from "node:process";
import { DatabaseSync } from "node:sqlite";

export interface FolderLock {
  /** Says where the owner can be reached, to whoever finds the folder locked. */
  describe(facts: { readonly url: string }): void;
  /** Lets others have the folder. Releasing twice does nothing. */
  release(): void;
}

/** What the owner's file says. */
interface Owner {
  readonly pid: number;
  readonly since: string;
  readonly url?: string;
}

export type LockResult =
  | { readonly ok: true; readonly lock: FolderLock }
  | {
      readonly ok: false;
      /** For people. */
      readonly owner: string;
      /** Where the owner can be reached, when it has said so. */
      readonly url?: string;
    };

/**
 * Locks `folder`, which must exist. Never waits. `owner` says who has it, as far as that is known. Refused within the process
 * that holds it, too.
 * @throws what the file system or SQLite says when the folder cannot be used; then nothing is held
 */
export function lockFolder(folder: string): LockResult {
  const ownerFile = `${folder}/owner.json`;
  const lockFile = `${folder}/lock.sqlite`;
  makePrivate(lockFile);
  const owner: Owner = { pid, since: new Date().toISOString() };
  const database = new DatabaseSync(lockFile);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    writeOwner(ownerFile, owner);
  } catch (error) {
    database.close();
    if (!isLocked(error)) throw error;
    return { ok: false, ...readOwner(ownerFile) };
  }
  let isHeld = true;
  return {
    ok: true,
    lock: {
      describe({ url }) {
        if (isHeld) writeOwner(ownerFile, { ...owner, url });
      },
      release() {
        // A second time the files could be another one's.
        if (!isHeld) return;
        isHeld = false;
        rmSync(ownerFile, { force: true });
        database.close();
      },
    },
  };
}

/** Makes the file when there is none, because SQLite would let everybody read it. */
function makePrivate(file: string): void {
  try {
    // Not a descriptor on a file that is there: closing it would take the lock from this process, if it has it.
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** SQLite's own words: Deno gives no code. From the start, as a folder's name may stand further on. */
function isLocked(error: unknown): boolean {
  return error instanceof Error && /^database (table )?is (locked|busy)/i.test(error.message);
}

/** Whole or not at all: it may be read at any time. */
function writeOwner(ownerFile: string, owner: Owner): void {
  const beside = `${ownerFile}.part`;
  writeFileSync(beside, JSON.stringify(owner), { mode: 0o600 });
  renameSync(beside, ownerFile);
}

function readOwner(ownerFile: string): { owner: string; url?: string } {
  try {
    const { pid: owner, since, url } = JSON.parse(readFileSync(ownerFile, "utf8")) as Record<string, unknown>;
    if (Number.isInteger(owner) && typeof since === "string") {
      return { owner: `process ${owner}, since ${since}`, ...(typeof url === "string" ? { url } : {}) };
    }
  } catch {
    // Not there yet: it is for people and for finding the owner, and the lock does not depend on it.
  }
  return { owner: "another process" };
}

/** The disk as whoever changes the lake needs it: a test puts one in here that fails, or ends the world, at any of these. */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../log/log-disk.ts";

export interface LakeDisk {
  /** Creates a file for writing, or empties the one that is there. Mode 0600. */
  readonly create: (path: string) => number;
  readonly writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number) => number;
  readonly fsyncSync: (fd: number) => void;
  readonly closeSync: (fd: number) => void;
  readonly renameSync: (from: string, to: string) => void;
  readonly unlinkSync: (path: string) => void;
  /** Makes one folder. Mode 0700. @returns false when it is there already */
  readonly makeFolder: (path: string) => boolean;
  /** Throws for a folder that is not empty. */
  readonly rmdirSync: (path: string) => void;
  /** Makes the names in it durable. */
  readonly syncFolder: (path: string) => void;
}

export const hostLakeDisk: LakeDisk = {
  create: (path) => openSync(path, "w", 0o600),
  writeSync,
  fsyncSync,
  closeSync,
  renameSync,
  unlinkSync,
  makeFolder(path) {
    try {
      mkdirSync(path, { mode: 0o700 });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  },
  rmdirSync,
  syncFolder,
};

/** Writes all of `bytes`. */
export function writeWhole(disk: LakeDisk, fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.byteLength; ) {
    written += disk.writeSync(fd, bytes, written, bytes.byteLength - written);
  }
}

/** Makes `folder` and what is missing above it, up to `within`, which is there; when it returns, their names are durable. */
export function makeFolders(disk: LakeDisk, folder: string, within: string): void {
  if (folder === within) return;
  const above = dirname(folder);
  makeFolders(disk, above, within);
  if (disk.makeFolder(folder)) disk.syncFolder(above);
}

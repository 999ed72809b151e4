/** The disk as the log's writer needs it. */

import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";

/** What of the file system may fail while rows come: a test puts a disk in here that does. */
export interface LogDisk {
  readonly openSync: (path: string, flags: string, mode: number) => number;
  readonly writeSync: (
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => number;
  readonly fdatasyncSync: (fd: number) => void;
  readonly ftruncateSync: (fd: number, bytes: number) => void;
}

export const hostDisk: LogDisk = { openSync, writeSync, fdatasyncSync, ftruncateSync };

/** Makes a new file's name durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

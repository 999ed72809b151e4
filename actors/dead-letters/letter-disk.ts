/** The disk as the letters need it. */

import { fdatasyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { replaceFile } from "../../runtime/replace-file.ts";
import type { LogDisk } from "../store/log/log-disk.ts";

/** What of the file system may fail while letters are written: a test puts a disk in here that does. */
export interface LetterDisk extends LogDisk {
  readonly replaceFile: (path: string, content: string | Uint8Array) => void;
}

export const hostLetterDisk: LetterDisk = { openSync, writeSync, fdatasyncSync, ftruncateSync, replaceFile };

/** Whether an error is one of the file system. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException | undefined)?.code === "string";
}

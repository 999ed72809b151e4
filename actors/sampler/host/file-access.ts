/**
 * The little that the readers need of a file system, as a port: tests stand in for kernels that forbid, forget and fail.
 *
 * A file that cannot be read is an expected outcome here, at every sample, so it is returned as a negative number rather than
 * thrown; `list` throws, because a host without a process list is not one.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";

/** Not there, or its process has ended (ENOENT, ESRCH). */
export const READ_GONE = -1;
/** Not permitted (EACCES, EPERM). Procfs may say so at the opening or only at the reading. */
export const READ_DENIED = -2;
/** Anything else, such as too many open files. May pass. */
export const READ_FAILED = -3;

export interface FileAccess {
  /** Reads from the start of a file into `buffer`, at most its length; returns the bytes read or one of the codes above. */
  read(path: string, buffer: Uint8Array): number;
  /** The names in a folder, in any order. Throws when it cannot be listed. */
  list(path: string): readonly string[];
}

/** The real file system, by node:fs. One read call: procfs gives a whole record when the buffer is long enough. */
export const nodeFiles: FileAccess = {
  read(path, buffer) {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch (error) {
      return codeOf(error);
    }
    try {
      return readSync(fd, buffer, 0, buffer.length, null);
    } catch (error) {
      return codeOf(error);
    } finally {
      closeSync(fd);
    }
  },
  list: (path) => readdirSync(path),
};

function codeOf(error: unknown): number {
  switch ((error as { code?: unknown }).code) {
    case "ENOENT":
    case "ESRCH":
      return READ_GONE;
    case "EACCES":
    case "EPERM":
      return READ_DENIED;
    default:
      return READ_FAILED;
  }
}

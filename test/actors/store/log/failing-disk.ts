/** A disk for the log that can be made to refuse. */

import { fdatasyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { LogDisk } from "../../../../actors/store/log/log-disk.ts";

/** The host's disk, on which one operation at a time can be made to fail. */
export class FailingDisk implements LogDisk {
  /** What fails. `half-write`: every second write, and the one before it writes half. */
  failing: "open" | "write" | "half-write" | "sync" | undefined;
  /** Called before a sync, and before a write, that is not to fail. */
  onSync: () => void = () => {};
  onWrite: () => void = () => {};
  #isSecondHalf = false;

  readonly openSync = (path: string, flags: string, mode: number) => {
    this.#failOn("open");
    return openSync(path, flags, mode);
  };

  readonly writeSync = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
    this.#failOn("write");
    if (this.failing === "half-write") {
      this.#isSecondHalf = !this.#isSecondHalf;
      if (!this.#isSecondHalf) throw refusal();
      return writeSync(fd, bytes, offset, length >>> 1, position);
    }
    this.onWrite();
    return writeSync(fd, bytes, offset, length, position);
  };

  fdatasyncSync = (fd: number) => {
    this.#failOn("sync");
    this.onSync();
    fdatasyncSync(fd);
  };

  ftruncateSync = ftruncateSync;

  #failOn(what: string): void {
    if (this.failing === what) throw refusal();
  }
}

function refusal(): Error {
  return Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}

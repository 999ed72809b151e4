/** A disk on which the world ends, or that refuses, at one of its operations. */

import { hostLakeDisk, type LakeDisk } from "../../../actors/store/lake/lake-disk.ts";

/**
 * `before`, `after`: nothing happens any more from just before or just after the operation on. `half`: as `before`, and of what
 * was to be written the first half is. `refuse`: that operation alone fails, and with it the disk says so.
 */
export type Ending = "before" | "after" | "half" | "refuse";

/** The process is no more. */
export class Death extends Error {}

export class MortalDisk implements LakeDisk {
  /** Operations so far. */
  operations = 0;
  readonly #at: number;
  readonly #ending: Ending;
  #isDead = false;

  /** @param at number of the operation, from 0; Infinity: never */
  constructor(at = Number.POSITIVE_INFINITY, ending: Ending = "before") {
    this.#at = at;
    this.#ending = ending;
  }

  create = (path: string) => this.#do(() => hostLakeDisk.create(path));
  writeSync = (fd: number, bytes: Uint8Array, offset: number, length: number) =>
    this.#do(
      () => hostLakeDisk.writeSync(fd, bytes, offset, length),
      () => hostLakeDisk.writeSync(fd, bytes, offset, length >>> 1),
    );
  fsyncSync = () => this.#do(() => {});
  renameSync = (from: string, to: string) => this.#do(() => hostLakeDisk.renameSync(from, to));
  unlinkSync = (path: string) => this.#do(() => hostLakeDisk.unlinkSync(path));
  makeFolder = (path: string) => this.#do(() => hostLakeDisk.makeFolder(path));
  rmdirSync = (path: string) => this.#do(() => hostLakeDisk.rmdirSync(path));
  syncFolder = () => this.#do(() => {});
  /** Who dies gives its descriptors back. */
  closeSync = (fd: number) => hostLakeDisk.closeSync(fd);

  #do<Result>(act: () => Result, half: () => unknown = () => {}): Result {
    if (this.#isDead) throw new Death("the process is no more");
    if (this.operations++ !== this.#at) return act();
    if (this.#ending === "refuse")
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    this.#isDead = true;
    if (this.#ending === "after") act();
    if (this.#ending === "half") half();
    throw new Death("the process dies");
  }
}

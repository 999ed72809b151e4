/**
 * A file that is there whole or not at all: written beside its place, synced, and renamed. What is written beside it has this
 * process's number in its name, so a leftover of one that was killed says whose it was.
 *
 *     <path>.part-<pid>         while it is made
 *     <path>.privacy.json|html  companions, in place before the file gets its name: no anonymous file is without its report,
 *                               and no other file is beside the report of one that it replaced
 */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { pid } from "node:process";
import { type Refused, refuse } from "../refused.ts";

/** `exists`: without force no file is replaced. `unwritable`: no file can be made there. `disk`: it could not be written on. */
export type FileRefusal = "exists" | "unwritable" | "disk";

/** What of the file system may fail while a file is made: a test puts a disk in here that does. */
export interface FileDisk {
  readonly openSync: (path: string, flags: string, mode?: number) => number;
  readonly writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number) => number;
  readonly fsyncSync: (fd: number) => void;
  readonly closeSync: (fd: number) => void;
  readonly renameSync: (from: string, to: string) => void;
  readonly rmSync: (path: string) => void;
}

export interface ExportFileOptions {
  /** Replaces a file that is there. Default false. */
  readonly force?: boolean;
  /** Default: the host's. */
  readonly disk?: FileDisk;
  /** What refusals call it. Default: its path. */
  readonly label?: string;
}

/** A small file that belongs to the export: `suffix` is put behind its path. */
export interface Companion {
  readonly suffix: string;
  readonly text: string;
}

/** Suffixes of all companions that there may be. */
const COMPANION_SUFFIXES = [".privacy.json", ".privacy.html"] as const;

export const hostDisk: FileDisk = {
  openSync,
  writeSync,
  fsyncSync,
  closeSync,
  renameSync,
  rmSync: (path) => rmSync(path, { force: true }),
};

/** Files of this process that are being made, by the name they will have. */
const beingMade = new Set<string>();

export class ExportFile {
  readonly path: string;
  readonly #label: string;
  readonly #force: boolean;
  readonly #disk: FileDisk;
  readonly #fd: number;
  /** What is to be removed when it is given up. */
  readonly #leftovers = new Set<string>();
  #isOpen = true;

  /** Begins a file, or says why it cannot be. */
  static begin(
    path: string,
    { force = false, disk = hostDisk, label = path }: ExportFileOptions = {},
  ): { readonly ok: true; readonly file: ExportFile } | Refused<FileRefusal> {
    try {
      const fault = placeFault(path, force);
      return fault ?? { ok: true, file: new ExportFile(path, label, force, disk) };
    } catch (error) {
      return fileRefusal(error, label);
    }
  }

  private constructor(path: string, label: string, force: boolean, disk: FileDisk) {
    this.path = path;
    this.#label = label;
    this.#force = force;
    this.#disk = disk;
    const beside = besideName(path);
    // Not one of ours, as this path is not being made: a process that had our number was killed.
    disk.rmSync(beside);
    this.#fd = disk.openSync(beside, "wx", 0o600);
    this.#leftovers.add(beside);
    beingMade.add(path);
  }

  /** @returns why it cannot go on; then `abandon` is next */
  write(parts: readonly Uint8Array[]): Refused<FileRefusal> | undefined {
    try {
      for (const part of parts) writeWhole(this.#disk, this.#fd, part);
      return undefined;
    } catch (error) {
      return fileRefusal(error, this.#label);
    }
  }

  /**
   * Gives the file its name when all of it, and its companions, are on the disk.
   * @returns why it cannot; then `abandon` is next
   */
  finish(companions: readonly Companion[] = []): Refused<FileRefusal> | undefined {
    try {
      this.#disk.fsyncSync(this.#fd);
      // Another may have come meanwhile.
      if (!this.#force && existsSync(this.path)) return existsFault(this.path);
      this.#place(companions);
      this.#disk.renameSync(besideName(this.path), this.path);
      this.#leftovers.clear();
      this.#syncFolder();
      this.#close();
      return undefined;
    } catch (error) {
      return fileRefusal(error, this.#label);
    }
  }

  /** Leaves nothing of it. May be called again; after `finish` it does nothing. */
  abandon(): void {
    this.#close();
    for (const path of this.#leftovers) {
      try {
        this.#disk.rmSync(path);
      } catch {
        // Whoever gives it up has a reason to tell already, and what is left has no name that counts.
      }
    }
    this.#leftovers.clear();
  }

  /** Puts these companions in place, and takes away those of the file that was there. */
  #place(companions: readonly Companion[]): void {
    const disk = this.#disk;
    for (const { suffix, text } of companions) {
      const beside = besideName(this.path + suffix);
      this.#leftovers.add(beside);
      const fd = disk.openSync(beside, "w", 0o600);
      try {
        writeWhole(disk, fd, new TextEncoder().encode(text));
        disk.fsyncSync(fd);
      } finally {
        disk.closeSync(fd);
      }
    }
    for (const suffix of COMPANION_SUFFIXES) {
      const path = this.path + suffix;
      if (existsSync(path)) disk.rmSync(path);
    }
    for (const { suffix } of companions) {
      const path = this.path + suffix;
      disk.renameSync(besideName(path), path);
      this.#leftovers.add(path);
    }
    this.#syncFolder();
  }

  #syncFolder(): void {
    const fd = this.#disk.openSync(dirname(this.path), "r");
    try {
      this.#disk.fsyncSync(fd);
    } finally {
      this.#disk.closeSync(fd);
    }
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    beingMade.delete(this.path);
    try {
      this.#disk.closeSync(this.#fd);
    } catch {
      // Its bytes were synced before, or are not wanted.
    }
  }
}

/**
 * What to tell of an error of the file system, of the file that the asker knows as `path`.
 * @throws the error itself when it is none of the file system's
 */
export function fileRefusal(error: unknown, path: string): Refused<FileRefusal> {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) throw error;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return refuse(
        "disk",
        `${path} was not written: the disk has no room for it (${code}); make room, or choose another place`,
      );
    case "ENOENT":
      return refuse(
        "unwritable",
        `${path} cannot be written: its folder is not there; make the folder first, or choose another place`,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return refuse(
        "unwritable",
        `${path} cannot be written: its folder may not be written to (${code}); change its mode, or choose another place`,
      );
    case "ENOTDIR":
    case "ENAMETOOLONG":
    case "EINVAL":
    case "EISDIR":
      return refuse(
        "unwritable",
        `${path} cannot be written: it is no path of a file (${code}); choose another`,
      );
    default:
      return refuse(
        "disk",
        `${path} was not written: the disk refused (${code}); look at the disk, or choose another place`,
      );
  }
}

/** Why no file may be made at `path` as things are. @throws the file system's error */
function placeFault(path: string, force: boolean): Refused<FileRefusal> | undefined {
  if (path === "" || path.endsWith("/")) {
    return refuse("unwritable", `expected the path of a file to write; came ${JSON.stringify(path)}`);
  }
  if (beingMade.has(path)) {
    return refuse(
      "exists",
      `${path} is being written by another export; wait for it, or choose another path`,
    );
  }
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile()) {
    return refuse("unwritable", `${path} is no file that could be replaced; choose the path of a file`);
  }
  return force ? undefined : existsFault(path);
}

function existsFault(path: string): Refused<FileRefusal> {
  return refuse("exists", `${path} is there already; choose another path, or replace it with force`);
}

function besideName(path: string): string {
  return `${path}.part-${pid}`;
}

function writeWhole(disk: FileDisk, fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.byteLength; ) {
    written += disk.writeSync(fd, bytes, written, bytes.byteLength - written);
  }
}

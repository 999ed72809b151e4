/** Disks on which an actor may crash, or its process end, at each operation; and which may refuse one. */

import { ftruncateSync, openSync, statSync, truncateSync, writeSync } from "node:fs";
import type { LogDisk } from "../../actors/store/log/log-disk.ts";
import { type CheckpointDisk, hostCheckpointDisk } from "../../actors/windower/checkpoint-file.ts";
import type { Faults } from "./faults.ts";

interface File {
  bytes: number;
  /** Of these. */
  synced: number;
}

/** A disk for the log. What is on it for certain is what was synced: `cutPower` takes the rest away, or a part of it. */
export class MortalDisk implements LogDisk {
  readonly #actor: string;
  readonly #faults: Faults;
  readonly #open = new Map<number, File>();
  readonly #byPath = new Map<string, File>();

  constructor(actor: string, faults: Faults) {
    this.#actor = actor;
    this.#faults = faults;
  }

  readonly openSync = (path: string, flags: string, mode: number): number => {
    this.#faults.disk(this.#actor, "opens a file");
    const fd = openSync(path, flags, mode);
    const bytes = flags === "w" ? 0 : statSync(path).size;
    const file = { bytes, synced: bytes };
    this.#open.set(fd, file);
    // A segment that is being made gets its name when its head is synced; before, nobody looks at it.
    this.#byPath.set(path.replace(/\.new$/, ".log"), file);
    return fd;
  };

  readonly writeSync = (
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number => {
    // Sometimes half of it is there when the fault comes.
    const half = this.#faults.isOn && this.#faults.random() < 0.2 ? length >>> 1 : 0;
    if (half > 0) this.#write(fd, bytes, offset, half, position);
    this.#faults.disk(this.#actor, "writes");
    return half + this.#write(fd, bytes, offset + half, length - half, position + half);
  };

  readonly fdatasyncSync = (fd: number): void => {
    this.#faults.disk(this.#actor, "syncs");
    const file = this.#open.get(fd);
    if (file !== undefined) file.synced = file.bytes;
    this.#faults.hit(this.#actor, "has synced");
  };

  readonly ftruncateSync = (fd: number, bytes: number): void => {
    this.#faults.disk(this.#actor, "cuts a file");
    ftruncateSync(fd, bytes);
    const file = this.#open.get(fd);
    if (file !== undefined) file.bytes = bytes;
  };

  /** After the end of the process: what was not synced is lost, or a part of it is. */
  cutPower(): void {
    for (const [path, { bytes, synced }] of this.#byPath) {
      if (bytes === synced || statSync(path, { throwIfNoEntry: false }) === undefined) continue;
      truncateSync(path, synced + Math.floor((bytes - synced) * this.#faults.random()));
    }
  }

  #write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    const written = writeSync(fd, bytes, offset, length, position);
    const file = this.#open.get(fd);
    if (file !== undefined) file.bytes = Math.max(file.bytes, position + written);
    return written;
  }
}

/** A disk for checkpoints. What it has taken is there for good. */
export class MortalCheckpoints implements CheckpointDisk {
  readonly #actor: string;
  readonly #faults: Faults;
  readonly #onWritten: (path: string, bytes: Uint8Array) => void;

  constructor(actor: string, faults: Faults, onWritten: (path: string, bytes: Uint8Array) => void) {
    this.#actor = actor;
    this.#faults = faults;
    this.#onWritten = onWritten;
  }

  readonly replaceFile = (path: string, bytes: Uint8Array): void => {
    this.#faults.disk(this.#actor, "writes a checkpoint");
    hostCheckpointDisk.replaceFile(path, bytes);
    this.#onWritten(path, bytes);
    this.#faults.hit(this.#actor, "has written a checkpoint");
  };
}

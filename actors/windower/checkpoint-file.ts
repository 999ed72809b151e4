/** Where the checkpoint of a windows dataset lies. A disk that refuses is told of once, and asked again the next time. */

import { mkdirSync, readFileSync } from "node:fs";
import type { Log } from "../../runtime/log.ts";
import { replaceFile } from "../../runtime/replace-file.ts";
import {
  type Checkpoint,
  type Checksum,
  decodeCheckpoint,
  encodeCheckpoint,
  type RowSpan,
} from "./checkpoint.ts";

/** What of the disk may fail: a test puts in one that does. */
export interface CheckpointDisk {
  /** Puts bytes into a file, whole or not at all; its folder is there. */
  readonly replaceFile: (path: string, bytes: Uint8Array) => void;
}

export const hostCheckpointDisk: CheckpointDisk = { replaceFile };

/** Where a data folder keeps its checkpoints. */
function checkpointFolder(dataFolder: string): string {
  return `${dataFolder}/windows`;
}

export class CheckpointFile {
  readonly #dataset: string;
  readonly #path: string;
  readonly #disk: CheckpointDisk;
  readonly #checksum: Checksum;
  readonly #log: Log;
  #isRefused = false;

  /** @throws what the file system says when the folder cannot be made */
  constructor(dataFolder: string, dataset: string, checksum: Checksum, log: Log, disk: CheckpointDisk) {
    const folder = checkpointFolder(dataFolder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#dataset = dataset;
    this.#path = `${folder}/${dataset}.checkpoint`;
    this.#checksum = checksum;
    this.#log = log;
    this.#disk = disk;
  }

  /** @returns undefined when there is none, and why when there is one that cannot be used */
  read(): Checkpoint | string | undefined {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return code === "ENOENT" ? undefined : `it cannot be read: ${code}`;
    }
    return decodeCheckpoint(bytes, this.#checksum);
  }

  /** @returns bytes of the file, or undefined when the disk refuses; then what was there is there still */
  tryWrite(checkpoint: Checkpoint): number | undefined {
    const bytes = encodeCheckpoint(checkpoint, this.#checksum);
    try {
      this.#disk.replaceFile(this.#path, bytes);
      this.#isRefused = false;
      return bytes.byteLength;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (!this.#isRefused) {
        const dataset = this.#dataset;
        this.#log.warning("the checkpoint of {dataset} cannot be written: {code}; tried again", {
          dataset,
          code,
        });
      }
      this.#isRefused = true;
      return undefined;
    }
  }

  /** Adds rows that are to be passed over to the checkpoint that is there. @returns whether the disk has taken it */
  trySkip(span: RowSpan): boolean {
    const known = this.read();
    if (known === undefined || typeof known === "string") return false;
    const head = { ...known.head, skips: [...known.head.skips, span] };
    return this.tryWrite({ head, state: known.state }) !== undefined;
  }
}

/** Where frames gather before they are written: a window of the shared memory, filled from its start. */

import type { Kernels } from "../../../wasm/index.ts";
import type { ReadWindow } from "./frame-reader.ts";
import type { LogDisk } from "./log-disk.ts";
import { FRAME_HEADER_BYTES, type FrameHeader, frameBytes, writeHeader } from "./log-format.ts";

/** What a header says beside what the payload tells. */
export type FrameFacts = Omit<FrameHeader, "crc" | "payloadBytes" | "type">;

/** What a frame without rows says of them. */
export const NO_ROWS: FrameFacts = {
  ...{ dataset: 0, rows: 0, writtenSeconds: 0, firstSequence: 0, minTimeMs: 0, maxTimeMs: 0 },
};

export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export class FrameStage {
  readonly #kernels: Kernels;
  readonly #window: ReadWindow;
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  #bytes = 0;

  constructor(kernels: Kernels, window: ReadWindow) {
    this.#kernels = kernels;
    this.#window = window;
    this.#u8 = new Uint8Array(kernels.memory.buffer, window.at, window.bytes);
    this.#view = new DataView(kernels.memory.buffer, window.at, window.bytes);
  }

  /** Bytes of the frames in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether frames of these sizes go in. @throws RangeError when they would not go into an empty one */
  hasRoom(bytes: number): boolean {
    if (this.#bytes + bytes <= this.#window.bytes) return true;
    if (this.#bytes === 0) throw new RangeError(`frames of ${bytes} bytes do not fit into the staging area`);
    return false;
  }

  /** Adds a frame that there is room for. */
  add(type: number, payload: Uint8Array, facts: FrameFacts = NO_ROWS): void {
    const at = this.#bytes;
    const { byteLength: payloadBytes } = payload;
    const bytes = frameBytes(payloadBytes);
    writeHeader(this.#view, at, { ...facts, payloadBytes, type });
    this.#u8.set(payload, at + FRAME_HEADER_BYTES);
    this.#u8.fill(0, at + FRAME_HEADER_BYTES + payloadBytes, at + bytes);
    const crc = this.#kernels.crc32c(this.#window.at + at + 4, bytes - 4);
    this.#view.setUint32(at, crc, true);
    this.#bytes = at + bytes;
  }

  /** Adds a frame without rows. @returns false when there is no room for it @throws as `hasRoom` does */
  tryAdd(type: number, payload: Uint8Array): boolean {
    if (!this.hasRoom(frameBytes(payload.byteLength))) return false;
    this.add(type, payload);
    return true;
  }

  /** Writes all frames at byte `at` of the file. They stay. */
  writeTo(disk: LogDisk, fd: number, at: number): void {
    let written = 0;
    while (written < this.#bytes) {
      written += disk.writeSync(fd, this.#u8, written, this.#bytes - written, at + written);
    }
  }

  clear(): void {
    this.#bytes = 0;
  }
}

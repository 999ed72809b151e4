/**
 * Reads a segment's frames in order, through one window of the shared memory: whole frames are checked there by the CRC
 * kernel and read in place. Frames nobody wants are passed over by their header, without their payload being looked at.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Kernels } from "../../wasm/index.ts";
import { emptyHeader, FRAME_HEADER_BYTES, type FrameHeader, frameBytes, readHeader } from "./log-format.ts";

/** A window of the shared memory: `at` a multiple of 8, `bytes` at least the largest frame. */
export interface ReadWindow {
  readonly at: number;
  readonly bytes: number;
}

/** A frame in the window. The object is reused, and its bytes are there until the next frame is read. */
export interface Frame {
  readonly header: FrameHeader;
  /** Byte offset of the payload in the shared memory. */
  payloadAt: number;
  /** Byte offset of the frame in the file. */
  fileOffset: number;
}

/** How a segment ended. `torn`: its last bytes are no whole frame, from `goodBytes` on. */
export interface SegmentEnd {
  readonly goodBytes: number;
  readonly fileBytes: number;
  readonly torn: boolean;
}

/** A segment that cannot be opened or read as one. */
export class SegmentReader {
  readonly #fd: number;
  readonly #kernels: Kernels;
  readonly #window: ReadWindow;
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  readonly #frame: Frame = { header: emptyHeader(), payloadAt: 0, fileOffset: 0 };
  #fileOffset = 0;
  /** Part of the file that the window holds. */
  #windowFrom = 0;
  #windowTo = 0;
  #atEnd = false;

  /** @throws the file system's error when the file cannot be opened */
  constructor(path: string, kernels: Kernels, window: ReadWindow) {
    this.#fd = openSync(path, "r");
    this.#kernels = kernels;
    this.#window = window;
    this.#u8 = new Uint8Array(kernels.memory.buffer, window.at, window.bytes);
    this.#view = new DataView(kernels.memory.buffer, window.at, window.bytes);
  }

  /**
   * The next frame that `wanted` says yes to, or undefined at the end of the good frames. Every frame that is returned, and
   * with `checkAll` every frame that is passed over, has the right CRC.
   */
  next(wanted: (header: FrameHeader) => boolean, checkAll = false): Frame | undefined {
    const { header } = this.#frame;
    while (!this.#atEnd) {
      const offset = this.#fileOffset;
      if (!this.#hold(offset, FRAME_HEADER_BYTES)) break;
      readHeader(this.#view, offset - this.#windowFrom, header);
      const bytes = frameBytes(header.payloadBytes);
      if (header.type === 0 || bytes > this.#window.bytes) break;
      const take = wanted(header);
      if (take || checkAll) {
        if (!this.#hold(offset, bytes)) break;
        const at = this.#window.at + offset - this.#windowFrom;
        if (this.#kernels.crc32c(at + 4, bytes - 4) !== header.crc) break;
        this.#frame.payloadAt = at + FRAME_HEADER_BYTES;
        this.#frame.fileOffset = offset;
      } else if (offset + bytes > this.#fileSize()) {
        break;
      }
      this.#fileOffset = offset + bytes;
      if (take) return this.#frame;
    }
    this.#atEnd = true;
    return undefined;
  }

  /** A frame's payload as text. */
  text(frame: Frame): string {
    const from = frame.payloadAt - this.#window.at;
    return new TextDecoder().decode(this.#u8.slice(from, from + frame.header.payloadBytes));
  }

  /** What was found, once `next` has returned undefined. */
  end(): SegmentEnd {
    const fileBytes = this.#fileSize();
    return { goodBytes: this.#fileOffset, fileBytes, torn: this.#fileOffset < fileBytes };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #fileSize(): number {
    return fstatSync(this.#fd).size;
  }

  /** Makes the window hold `bytes` of the file from `offset`. @returns false when the file ends before */
  #hold(offset: number, bytes: number): boolean {
    if (offset >= this.#windowFrom && offset + bytes <= this.#windowTo) return true;
    this.#windowFrom = offset;
    this.#windowTo = offset;
    while (this.#windowTo < offset + bytes) {
      const filled = this.#windowTo - offset;
      const got = readSync(this.#fd, this.#u8, filled, this.#window.bytes - filled, this.#windowTo);
      if (got === 0) return false;
      this.#windowTo += got;
    }
    return true;
  }
}

/**
 * Reads a segment's frames in order, through one window of the shared memory: whole frames are checked there by the CRC
 * kernel and read in place. Frames nobody wants are passed over by their header, without their payload being looked at.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Kernels } from "../../../wasm/index.ts";
import {
  emptyHeader,
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_HEADER_BYTES,
  FRAME_RECEIPTS,
  FRAME_SEGMENT,
  type FrameHeader,
  frameBytes,
  readHeader,
} from "./log-format.ts";

const FRAME_TYPES: readonly number[] = [FRAME_SEGMENT, FRAME_BATCH, FRAME_COUNTS, FRAME_RECEIPTS];

/**
 * A window of the shared memory: `at` a multiple of 8, `bytes` at least the largest frame. Readers of one thread may share
 * one, by the identity of this object: who comes to it after another reads its bytes anew.
 */
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

/** Called once for each frame that is reached, before it is known to be whole. */
export type WantedFrame = (header: FrameHeader, fileOffset: number) => boolean;

/** The reader whose bytes a window holds. */
const holders = new WeakMap<ReadWindow, SegmentReader>();

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
  /** Size of the file when it was last looked at; it may have grown since. */
  #knownBytes = 0;
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
   * The next frame that `wanted` says yes to, its CRC checked, or undefined: with `atEnd` at the end of the good frames,
   * else because more than `patienceBytes` (default: no end to it) were passed over, and the next call goes on from there.
   */
  next(wanted: WantedFrame, patienceBytes = Number.POSITIVE_INFINITY): Frame | undefined {
    const { header } = this.#frame;
    const from = this.#fileOffset;
    while (!this.#atEnd) {
      const offset = this.#fileOffset;
      if (offset - from > patienceBytes) return undefined;
      if (!this.#hold(offset, FRAME_HEADER_BYTES)) break;
      readHeader(this.#view, offset - this.#windowFrom, header);
      const bytes = frameBytes(header.payloadBytes);
      if (header.type === 0 || bytes > this.#window.bytes) break;
      const take = wanted(header, offset);
      if (take) {
        if (!this.#hold(offset, bytes)) break;
        const at = this.#window.at + offset - this.#windowFrom;
        if (this.#kernels.crc32c(at + 4, bytes - 4) !== header.crc) break;
        this.#frame.payloadAt = at + FRAME_HEADER_BYTES;
        this.#frame.fileOffset = offset;
      } else if (!this.#has(offset + bytes)) {
        break;
      }
      this.#fileOffset = offset + bytes;
      if (take) return this.#frame;
    }
    this.#atEnd = true;
    return undefined;
  }

  /**
   * Looks behind the last good frame for another one, when `next` has come to its end: what a write that was cut short leaves
   * has none behind it. Only places are tried that `isLikely` says yes to, and no more than `maxTries` CRCs are reckoned.
   * @returns its offset in the file, undefined when none was found
   */
  findBehind(isLikely: WantedFrame, maxTries: number): number | undefined {
    const { header } = this.#frame;
    const fileBytes = this.#fileSize();
    let tries = 0;
    for (let offset = this.#fileOffset + 8; offset + FRAME_HEADER_BYTES <= fileBytes; offset += 8) {
      if (!this.#hold(offset, FRAME_HEADER_BYTES)) return undefined;
      readHeader(this.#view, offset - this.#windowFrom, header);
      const bytes = frameBytes(header.payloadBytes);
      if (header.type === 0 || bytes > this.#window.bytes || offset + bytes > fileBytes) continue;
      if (!isLikely(header, offset)) continue;
      if (++tries > maxTries || !this.#hold(offset, bytes)) return undefined;
      const at = this.#window.at + offset - this.#windowFrom;
      if (this.#kernels.crc32c(at + 4, bytes - 4) === header.crc) return offset;
    }
    return undefined;
  }

  /**
   * Whether what is behind the last good frame can be what a write left that was cut short: the beginning of a frame, or zeros
   * that the file system put there.
   */
  endsInUnfinishedWrite(): boolean {
    const { header } = this.#frame;
    const fileBytes = this.#fileSize();
    if (!this.#hold(this.#fileOffset, FRAME_HEADER_BYTES)) return true;
    readHeader(this.#view, this.#fileOffset - this.#windowFrom, header);
    if (header.type === 0) return this.#isZero(this.#fileOffset, fileBytes);
    const bytes = frameBytes(header.payloadBytes);
    const isFrame = FRAME_TYPES.includes(header.type) && bytes <= this.#window.bytes;
    return isFrame && this.#fileOffset + bytes > fileBytes;
  }

  /** Whether no good frame comes any more. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** A copy of a frame's payload. */
  bytes(frame: Frame): Uint8Array {
    const from = frame.payloadAt - this.#window.at;
    return this.#u8.slice(from, from + frame.header.payloadBytes);
  }

  /** A frame's payload as text. */
  text(frame: Frame): string {
    return new TextDecoder().decode(this.bytes(frame));
  }

  /** What was found, once `next` has returned undefined. */
  end(): SegmentEnd {
    const fileBytes = this.#fileSize();
    return { goodBytes: this.#fileOffset, fileBytes, torn: this.#fileOffset < fileBytes };
  }

  close(): void {
    closeSync(this.#fd);
    if (holders.get(this.#window) === this) holders.delete(this.#window);
  }

  #fileSize(): number {
    this.#knownBytes = fstatSync(this.#fd).size;
    return this.#knownBytes;
  }

  #has(bytes: number): boolean {
    return bytes <= this.#knownBytes || bytes <= this.#fileSize();
  }

  #isZero(from: number, to: number): boolean {
    for (let offset = from; offset < to; ) {
      const bytes = Math.min(to - offset, this.#window.bytes);
      if (!this.#hold(offset, bytes)) return false;
      const at = offset - this.#windowFrom;
      if (this.#u8.subarray(at, at + bytes).some((byte) => byte !== 0)) return false;
      offset += bytes;
    }
    return true;
  }

  /** Makes the window hold `bytes` of the file from `offset`. @returns false when the file ends before */
  #hold(offset: number, bytes: number): boolean {
    const isOurs = holders.get(this.#window) === this;
    if (isOurs && offset >= this.#windowFrom && offset + bytes <= this.#windowTo) return true;
    holders.set(this.#window, this);
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

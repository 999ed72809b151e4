/**
 * A growing run of UTF-8 bytes that encoders append to. `view` and `length` are open so that an encoder writes in place:
 * `reserve` first, then write at `length`, then set `length`.
 *
 * Bytes are written four at a time where that goes, unaligned, and so a little beyond their end: who reserves leaves room for
 * SLACK_BYTES more, and who writes goes forward.
 */

import { Buffer } from "node:buffer";

const FIRST_BYTES = 4096;
/** Bytes behind its end that writing a literal may touch. */
export const SLACK_BYTES = 3;

export class TextSink {
  /** Bytes appended. */
  length = 0;
  /** Replaced when it grows: not to be held beyond the next `reserve`. */
  view: DataView<ArrayBuffer>;
  #bytes: Buffer<ArrayBuffer>;

  constructor(firstBytes: number = FIRST_BYTES) {
    this.#bytes = Buffer.from(new ArrayBuffer(firstBytes));
    this.view = new DataView(this.#bytes.buffer);
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.view.byteLength) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(needed, this.view.byteLength * 2)));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  append(text: string): void {
    const bytes = Buffer.from(text);
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Takes `bytes` bytes out from `at` on: what follows moves up. */
  cut(at: number, bytes: number): void {
    this.#bytes.copyWithin(at, at + bytes, this.length);
    this.length -= bytes;
  }

  /** What was appended, as a string. A Buffer makes it in half the time that TextDecoder takes. */
  text(): string {
    return this.#bytes.toString("utf8", 0, this.length);
  }

  /** What was appended, in place: until something else is. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  /** A copy of what was appended; the sink is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    return this.takeFirst(this.length);
  }

  /** A copy of the first `bytes` bytes, of which there are at least so many; the others move up. */
  takeFirst(bytes: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(bytes);
    taken.set(this.#bytes.subarray(0, bytes));
    this.cut(0, bytes);
    return taken;
  }
}

/** Bytes that are written again and again. */
export class Literal {
  /** Bytes of it. */
  readonly length: number;
  readonly #words: Uint32Array;

  /** @param content text, or bytes */
  constructor(content: string | readonly number[]) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const padded = new Uint8Array((bytes.length + 3) & ~3);
    padded.set(bytes);
    this.length = bytes.length;
    this.#words = new Uint32Array(padded.buffer);
  }

  /** Writes it at byte `at`. @returns the place after its last byte */
  put(into: DataView, at: number): number {
    const words = this.#words;
    for (let word = 0; word < words.length; word++) into.setUint32(at + word * 4, words[word]!, true);
    return at + this.length;
  }
}

/** A body's bytes where they lie, for decoders that read them one by one. One object a memory; places are byte offsets into it. */

import { Buffer } from "node:buffer";
import { parseMoment } from "../datasets/moment-text.ts";
import { isUtf8 } from "./utf8-check.ts";

/** Bytes that no moment is longer than: nine decimals, and a zone in hours and minutes. */
const LONGEST_MOMENT = 35;

export class BodyBytes {
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** A Buffer makes strings of shared memory, which TextDecoder refuses to read. */
  readonly #buffer: Buffer;

  constructor(memory: { readonly buffer: ArrayBufferLike }) {
    this.u8 = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.#buffer = Buffer.from(memory.buffer);
  }

  /** The text that bytes `from` to `to` (not included) are in UTF-8; undefined when they are not. */
  text(from: number, to: number): string | undefined {
    return isUtf8(this.u8, from, to) ? this.#buffer.toString("utf8", from, to) : undefined;
  }

  /** A character for each byte: for what is known to be ASCII, or refused later when it is not. */
  ascii(from: number, to: number): string {
    return this.#buffer.toString("latin1", from, to);
  }

  /** Milliseconds of the moment that the bytes are as RFC 3339 has it; NaN when they are none, or a longer one than the quick way takes. */
  moment(from: number, to: number): number {
    return to - from <= LONGEST_MOMENT ? parseMoment(this.ascii(from, to)) : Number.NaN;
  }

  /** Whether the same bytes lie at both places. */
  areSame(at: number, other: number, bytes: number): boolean {
    const { u8 } = this;
    for (let index = 0; index < bytes; index++) if (u8[at + index] !== u8[other + index]) return false;
    return true;
  }
}

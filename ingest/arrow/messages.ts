/**
 * The messages of an Arrow IPC stream, one behind the other
 * (https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format):
 *
 *     FF FF FF FF, int32 bytes of metadata, metadata (a FlatBuffer), body
 *
 * The stream ends with a message of no metadata, or where the bytes end.
 */

import { BodyFault, type BodyPlace } from "../decoder.ts";
import type { FlatBuffer } from "./flat-buffer.ts";

export const SCHEMA = 1;
export const DICTIONARY_BATCH = 2;
export const RECORD_BATCH = 3;

export interface Message {
  /** SCHEMA, DICTIONARY_BATCH, RECORD_BATCH, or another. */
  readonly kind: number;
  /** Its table, until the next message is read. */
  readonly header: number;
  /** Where it begins, where its body lies, as byte offsets into the memory. */
  readonly at: number;
  readonly bodyAt: number;
  readonly bodyBytes: number;
}

const MARKER = 0xffff_ffff;
/** `ARRO`, which a file begins with. */
const FILE_MAGIC = 0x4f52_5241;
const PREFIX_BYTES = 8;
/** Of Arrow 0.8 to 0.17, and of those since: the same to us. */
const V4 = 3;
const V5 = 4;

/** Slots of the table Message. */
const VERSION = 4;
const HEADER_TYPE = 6;
const HEADER = 8;
const BODY_LENGTH = 10;

export class Messages {
  readonly #view: DataView;
  readonly #flat: FlatBuffer;
  readonly #from: number;
  readonly #end: number;
  #at: number;

  constructor(memory: { readonly buffer: ArrayBufferLike }, flat: FlatBuffer, body: BodyPlace) {
    this.#view = new DataView(memory.buffer);
    this.#flat = flat;
    this.#from = body.at;
    this.#at = body.at;
    this.#end = body.at + body.bytes;
  }

  /** A fault at a byte of the memory. */
  fault(expected: string, got: string, at: number): BodyFault {
    return new BodyFault(expected, got, at - this.#from);
  }

  /** The next message; undefined: the stream has ended. */
  next(): Message | undefined | BodyFault {
    const at = this.#at;
    const left = this.#end - at;
    if (left === 0) return undefined;
    if (left < 4) return this.#cut("a message of an Arrow IPC stream", at);
    const marker = this.#view.getUint32(at, true);
    if (marker !== MARKER) {
      const isFile = at === this.#from && marker === FILE_MAGIC;
      const got = isFile ? "an Arrow IPC file; send it in the stream format" : "other bytes";
      return this.fault("a message of an Arrow IPC stream, which begins with FF FF FF FF", got, at);
    }
    if (left < PREFIX_BYTES) return this.#cut("a message of an Arrow IPC stream", at);
    const metadataBytes = this.#view.getInt32(at + 4, true);
    if (metadataBytes === 0) {
      this.#at = this.#end;
      if (left === PREFIX_BYTES) return undefined;
      return this.fault(
        "nothing behind the end of the stream",
        `${left - PREFIX_BYTES} bytes`,
        at + PREFIX_BYTES,
      );
    }
    if (metadataBytes < 0 || metadataBytes > left - PREFIX_BYTES) {
      return this.#cut(`a message with ${metadataBytes} bytes of metadata`, at);
    }
    const metadataEnd = at + PREFIX_BYTES + metadataBytes;
    const flat = this.#flat;
    const message = flat.open(at + PREFIX_BYTES, metadataEnd);
    const version = flat.i16(message, VERSION);
    const kind = flat.u8(message, HEADER_TYPE);
    const header = flat.table(message, HEADER);
    const bodyBytes = flat.i64(message, BODY_LENGTH);
    if (flat.isBroken || header === 0) return this.broken(at);
    if (version !== V4 && version !== V5) {
      return this.fault("a message of metadata version 4 or 5", `version ${version + 1}`, at);
    }
    if (bodyBytes < 0 || bodyBytes > this.#end - metadataEnd) {
      return this.#cut(`a message with a body of ${bodyBytes} bytes`, at);
    }
    this.#at = metadataEnd + bodyBytes;
    return { kind, header, at, bodyAt: metadataEnd, bodyBytes };
  }

  broken(at: number): BodyFault {
    return this.fault("metadata that are a FlatBuffer of Arrow", "offsets that lead out of it", at);
  }

  #cut(what: string, at: number): BodyFault {
    return this.fault(`the whole of ${what}`, `${this.#end - at} bytes, where the body ends`, at);
  }
}

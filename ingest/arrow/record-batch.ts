/**
 * Where in a message's body the buffers of its columns lie. Every length and offset is looked at before anything is read there: afterwards,
 * a column's bitmap, elements and text lie within the body, on multiples of 8, and its offsets go up and stay within its text.
 */

import { type MemoryViews, readInt64 } from "../../runtime/batch/index.ts";
import type { Kernels } from "../../wasm/index.ts";
import { BodyFault } from "../decoder.ts";
import type { FlatBuffer, FlatVector } from "./flat-buffer.ts";
import type { Message, Messages } from "./messages.ts";
import { SOURCE_BYTES, type SourceType } from "./types.ts";

/** The values of a column of one record batch or dictionary, as byte offsets into the memory. */
export interface SourcePlace {
  rows: number;
  /** 0: all are valid. */
  validityAt: number;
  /** Elements, or offsets. */
  dataAt: number;
  textAt: number;
}

/** Slots of the table RecordBatch. */
const LENGTH = 4;
const NODES = 6;
const BUFFERS = 8;
const COMPRESSION = 10;
const NODE_BYTES = 16;
const BUFFER_BYTES = 16;

export class BatchReader {
  readonly #messages: Messages;
  readonly #flat: FlatBuffer;
  readonly #kernels: Kernels;
  readonly #views: MemoryViews;
  #message!: Message;
  #nodes!: FlatVector;
  #buffers!: FlatVector;
  #node = 0;
  #buffer = 0;
  rows = 0;

  constructor(messages: Messages, flat: FlatBuffer, kernels: Kernels, views: MemoryViews) {
    this.#messages = messages;
    this.#flat = flat;
    this.#kernels = kernels;
    this.#views = views;
  }

  /** @param batch the table RecordBatch in the message, @param maxRows that there can be in a body like this */
  open(message: Message, batch: number, maxRows: number): BodyFault | undefined {
    const flat = this.#flat;
    this.#message = message;
    this.#node = 0;
    this.#buffer = 0;
    this.rows = flat.i64(batch, LENGTH);
    this.#nodes = flat.vector(batch, NODES, NODE_BYTES);
    this.#buffers = flat.vector(batch, BUFFERS, BUFFER_BYTES);
    const isCompressed = flat.table(batch, COMPRESSION) !== 0;
    if (flat.isBroken || batch === 0) return this.#messages.broken(message.at);
    if (isCompressed) {
      return this.#fault(
        "buffers that are not compressed; pack the whole body with gzip or zstd instead",
        "compressed ones",
      );
    }
    if (this.rows < 0 || this.rows > maxRows) return this.#fault(`at most ${maxRows} rows`, `${this.rows}`);
    return undefined;
  }

  /** Takes the buffers of the next column. */
  take(type: SourceType, name: string, place: SourcePlace): BodyFault | undefined {
    const { rows } = this;
    const node = this.#nodes.at + this.#node * NODE_BYTES;
    if (this.#node++ >= this.#nodes.length) return this.#fault(`a length for column ${name}`, "none");
    if (this.#flat.i64At(node) !== rows)
      return this.#fault(`${rows} values in column ${name}`, `${this.#flat.i64At(node)}`);
    place.rows = rows;
    place.validityAt = 0;
    if (type === "null") return undefined;
    const nulls = this.#flat.i64At(node + 8);
    const bits = (rows + 7) >>> 3;
    const validity = this.#next(nulls === 0 ? 0 : bits, name);
    if (validity instanceof BodyFault) return validity;
    if (validity.bytes > 0) {
      if (validity.bytes < bits)
        return this.#fault(`a bitmap of ${bits} bytes in column ${name}`, `${validity.bytes}`);
      place.validityAt = validity.at;
    }
    if (type === "utf8" || type === "large_utf8") return this.#takeText(type, name, place);
    const data = this.#next(type === "bool" ? bits : rows * SOURCE_BYTES[type], name);
    if (data instanceof BodyFault) return data;
    place.dataAt = data.at;
    return undefined;
  }

  /** Whether all columns were taken: what is left over has no meaning. */
  end(): BodyFault | undefined {
    if (this.#node === this.#nodes.length && this.#buffer === this.#buffers.length) return undefined;
    return this.#fault(
      "as many columns as the schema has",
      `${this.#nodes.length}, with ${this.#buffers.length} buffers`,
    );
  }

  #takeText(type: "utf8" | "large_utf8", name: string, place: SourcePlace): BodyFault | undefined {
    const { rows } = place;
    const width = type === "utf8" ? 4 : 8;
    // Of no rows there may be no offsets at all.
    const offsets = this.#next(rows === 0 ? 0 : (rows + 1) * width, name);
    if (offsets instanceof BodyFault) return offsets;
    const text = this.#next(0, name);
    if (text instanceof BodyFault) return text;
    place.dataAt = offsets.at;
    place.textAt = text.at;
    if (rows === 0) return undefined;
    const bad =
      type === "utf8"
        ? this.#kernels.checkOffsets(offsets.at, rows, text.bytes)
        : badOffset(this.#views, offsets.at, rows, text.bytes);
    if (bad < 0) return undefined;
    return this.#fault(
      `offsets that go up, within ${text.bytes} bytes of text, in column ${name}`,
      `another at ${bad}`,
    );
  }

  /** The next buffer, of at least so many bytes. */
  #next(atLeast: number, name: string): { readonly at: number; readonly bytes: number } | BodyFault {
    const entry = this.#buffers.at + this.#buffer * BUFFER_BYTES;
    if (this.#buffer++ >= this.#buffers.length) return this.#fault(`all buffers of column ${name}`, "fewer");
    const offset = this.#flat.i64At(entry);
    const bytes = this.#flat.i64At(entry + 8);
    const { bodyAt, bodyBytes } = this.#message;
    if (offset < 0 || bytes < 0 || offset + bytes > bodyBytes) {
      return this.#fault(
        `buffers of column ${name} within ${bodyBytes} bytes`,
        `${bytes} bytes at ${offset}`,
      );
    }
    if (bytes < atLeast)
      return this.#fault(`a buffer of at least ${atLeast} bytes in column ${name}`, `${bytes}`);
    const at = bodyAt + offset;
    if (bytes > 0 && (at & 7) !== 0)
      return this.#fault(`buffers on multiples of 8 bytes, in column ${name}`, "another place");
    return { at: bytes > 0 ? at : bodyAt - (bodyAt & 7), bytes };
  }

  #fault(expected: string, got: string): BodyFault {
    return this.#messages.fault(expected, got, this.#message.at);
  }
}

/** As the kernel checkOffsets, of 64 bits. */
function badOffset({ i32 }: MemoryViews, at: number, count: number, bytes: number): number {
  const words = at >>> 2;
  let before = 0;
  for (let index = 0; index <= count; index++) {
    const offset = readInt64(i32, words + index * 2);
    if (offset < before || offset > bytes) return index;
    before = offset;
  }
  return -1;
}

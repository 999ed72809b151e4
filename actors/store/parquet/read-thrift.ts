/**
 * Reads a struct of Thrift's compact protocol into a tree.
 *
 * What is read may be torn or made to harm. Each step is checked against the end of the bytes, a list is never longer than the
 * bytes that are left, and structs are nested at most MAX_DEPTH deep: so reading takes time and memory in proportion to the
 * bytes. Sets, maps and numbers beyond 2^52 are in no footer of ours and are refused, as is what a writer that writes each
 * number in its shortest form would not have written.
 */

import { StoreDamaged } from "../store-damaged.ts";
import {
  BINARY,
  BYTE,
  DOUBLE,
  FALSE,
  I16,
  I32,
  I64,
  LIST,
  STOP,
  STRUCT,
  type ThriftField,
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
  TRUE,
} from "./thrift.ts";

/** A footer needs seven. */
const MAX_DEPTH = 16;
const MAX_FIELD_ID = 32_767;
/** Ten bytes hold 64 bits, in groups of seven. */
const MAX_VARINT_BYTES = 10;

/**
 * Reads one struct.
 * @param what what it is of, for the message of the error
 * @returns the struct and the offset of the byte after it
 * @throws StoreDamaged when the bytes end before it does, or hold no such struct
 */
export function readStruct(
  bytes: Uint8Array,
  at: number,
  what: string,
): { readonly struct: ThriftStruct; readonly end: number } {
  const reader = new Reader(bytes, at, what);
  const struct = reader.struct(0);
  return { struct, end: reader.at };
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;

  constructor(bytes: Uint8Array, at: number, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.at = at;
  }

  struct(depth: number): ThriftStruct {
    if (depth > MAX_DEPTH) this.#fail("is nested too deep");
    const fields: ThriftField[] = [];
    for (let id = 0; ; ) {
      const head = this.#byte();
      if (head === STOP) return { fields };
      const type = head & 0x0f;
      const step = head >>> 4;
      if (step > 0) id += step;
      else {
        const next = this.#signed();
        if (next > id && next - id <= 15) this.#fail("has a field id in a form that is too long");
        id = next;
      }
      if (id < 0 || id > MAX_FIELD_ID) this.#fail(`has a field with the id ${id}`);
      if (type === TRUE || type === FALSE) fields.push({ id, type: TRUE, value: type === TRUE });
      else fields.push({ id, type, value: this.#value(type, depth) });
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case BYTE:
        return (this.#byte() << 24) >> 24;
      case I16:
      case I32:
      case I64:
        return this.#signed();
      case DOUBLE: {
        const at = this.#take(8);
        return this.#view.getFloat64(at, true);
      }
      case BINARY: {
        const bytes = this.#unsigned();
        const at = this.#take(bytes);
        return this.#bytes.subarray(at, at + bytes);
      }
      case LIST:
        return this.#list(depth + 1);
      case STRUCT:
        return this.struct(depth + 1);
      default:
        return this.#fail(`has a value of type ${type}`);
    }
  }

  #list(depth: number): ThriftList {
    if (depth > MAX_DEPTH) this.#fail("is nested too deep");
    const head = this.#byte();
    const type = head & 0x0f;
    const isLong = head >>> 4 === 15;
    const length = isLong ? this.#unsigned() : head >>> 4;
    if (isLong && length < 15) this.#fail("has a list's length in a form that is too long");
    // An element takes a byte at the least.
    if (length > this.#bytes.byteLength - this.at) this.#fail(`has a list of ${length} elements`);
    const isBoolean = type === TRUE || type === FALSE;
    const items: ThriftValue[] = [];
    for (let index = 0; index < length; index++) {
      items.push(isBoolean ? this.#boolean() : this.#value(type, depth));
    }
    return { of: isBoolean ? TRUE : type, items };
  }

  #boolean(): boolean {
    const byte = this.#byte();
    if (byte !== TRUE && byte !== FALSE) this.#fail(`has a boolean of ${byte}`);
    return byte === TRUE;
  }

  #signed(): number {
    const zigzag = this.#unsigned();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  #unsigned(): number {
    let value = 0;
    for (let index = 0, place = 1; index < MAX_VARINT_BYTES; index++, place *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * place;
      if (value > Number.MAX_SAFE_INTEGER) this.#fail("has a number that is too large");
      if (byte >= 0x80) continue;
      if (byte === 0 && index > 0) this.#fail("has a number in a form that is too long");
      return value;
    }
    return this.#fail("has a number that does not end");
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #take(bytes: number): number {
    const { at } = this;
    if (bytes > this.#bytes.byteLength - at) this.#fail("ends too early");
    this.at = at + bytes;
    return at;
  }

  #fail(why: string): never {
    throw new StoreDamaged(`${this.#what} ${why}, at its byte ${this.at}`);
  }
}

/** Writes a tree as a struct of Thrift's compact protocol, each number in its shortest form. */

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
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
  TRUE,
} from "./thrift.ts";

const FIRST_BYTES = 1024;

/** The bytes of a struct. */
export function writeStruct(struct: ThriftStruct): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.struct(struct);
  return writer.take();
}

class Writer {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  struct({ fields }: ThriftStruct): void {
    let last = 0;
    for (const { id, type, value } of fields) {
      const written = type === TRUE && value === false ? FALSE : type;
      const step = id - last;
      if (step > 0 && step <= 15) this.#byte((step << 4) | written);
      else {
        this.#byte(written);
        this.#signed(id);
      }
      last = id;
      if (type !== TRUE) this.#value(type, value);
    }
    this.#byte(STOP);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #value(type: number, value: ThriftValue): void {
    switch (type) {
      case TRUE:
        this.#byte(value === true ? TRUE : FALSE);
        break;
      case BYTE:
        this.#byte((value as number) & 0xff);
        break;
      case I16:
      case I32:
      case I64:
        this.#signed(value as number);
        break;
      case DOUBLE: {
        const at = this.#grow(8);
        new DataView(this.#bytes.buffer).setFloat64(at, value as number, true);
        break;
      }
      case BINARY: {
        const bytes = value as Uint8Array;
        this.#unsigned(bytes.byteLength);
        const at = this.#grow(bytes.byteLength);
        this.#bytes.set(bytes, at);
        break;
      }
      case LIST:
        this.#list(value as ThriftList);
        break;
      case STRUCT:
        this.struct(value as ThriftStruct);
        break;
      default:
        throw new RangeError(`a thrift value has no type ${type}`);
    }
  }

  #list({ of, items }: ThriftList): void {
    if (items.length < 15) this.#byte((items.length << 4) | of);
    else {
      this.#byte(0xf0 | of);
      this.#unsigned(items.length);
    }
    for (const item of items) this.#value(of, item);
  }

  #signed(value: number): void {
    this.#unsigned(value < 0 ? -value * 2 - 1 : value * 2);
  }

  #unsigned(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 0x80);
    this.#byte(rest);
  }

  #byte(byte: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = byte;
  }

  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}

/**
 * Arrays as the library hands them over: by the Arrow C data interface
 * (https://arrow.apache.org/docs/format/CDataInterface.html), structs of 4-byte pointers and 8-byte numbers in the memory of a
 * WebAssembly module. Nothing is copied: what is read here is there until its owner frees it or its memory grows.
 */

import type { ColumnType } from "../../../runtime/batch/index.ts";

/** Offsets in ArrowArray and ArrowSchema on 32 bits. */
const ARRAY = { length: 0, nulls: 8, offset: 16, buffers: 40, children: 44, dictionary: 48 } as const;
const SCHEMA = { format: 0, children: 32, dictionary: 36 } as const;

/** What the C data interface calls each type. */
export const FORMATS: Readonly<Record<ColumnType, string>> = {
  f64: "g",
  f32: "f",
  i32: "i",
  u32: "I",
  u16: "S",
  u8: "C",
  i64: "l",
  u64: "L",
  timestamp: "tsm:UTC",
  bool: "b",
  category: "C",
  utf8: "u",
};

export class ForeignArray {
  readonly #memory: ForeignMemory;
  readonly #at: number;

  constructor(memory: ForeignMemory, at: number) {
    this.#memory = memory;
    this.#at = at;
  }

  get length(): number {
    return this.#memory.long(this.#at + ARRAY.length);
  }

  /** Elements of the buffers that come before the array's first. */
  get offset(): number {
    return this.#memory.long(this.#at + ARRAY.offset);
  }

  /** Byte offset of its buffer of that index, or 0: validity, elements or offsets, text. */
  buffer(index: number): number {
    return this.#memory.pointer(this.#memory.pointer(this.#at + ARRAY.buffers) + index * 4);
  }

  child(index: number): ForeignArray {
    return new ForeignArray(
      this.#memory,
      this.#memory.pointer(this.#memory.pointer(this.#at + ARRAY.children) + index * 4),
    );
  }

  get dictionary(): ForeignArray {
    return new ForeignArray(this.#memory, this.#memory.pointer(this.#at + ARRAY.dictionary));
  }
}

export class ForeignMemory {
  readonly u8: Uint8Array;
  readonly #view: DataView;

  constructor(buffer: ArrayBuffer) {
    this.u8 = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  pointer(at: number): number {
    return this.#view.getUint32(at, true);
  }

  long(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }

  /** The format of a struct schema's child. */
  childFormat(schema: number, index: number): string {
    const child = this.pointer(this.pointer(schema + SCHEMA.children) + index * 4);
    const at = this.pointer(child + SCHEMA.format);
    return new TextDecoder().decode(this.u8.subarray(at, this.u8.indexOf(0, at)));
  }
}

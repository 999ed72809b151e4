/**
 * Writes rows one by one into a table's own storage: whole ones that were validated, or cell by cell, for decoders that make no
 * object of a row.
 *
 *     builder.begin(rowNumber) → set… for each value that is there → builder.commit()
 *                                  a cell that does not go in → builder.rewind(), as if the row had never begun
 *
 * A cell is taken when the column can hold it; a bound of the declaration is not its business, but for those of float32, whose values are
 * rounded here. What is not taken is odd, and the row goes the slow way, through the validator; or the table is full, and the
 * row goes into the next one.
 *
 * Invariant: of a row that was rewound, and of a text that was written over, no byte stays.
 */

import type { Row, RowValue } from "../datasets/row.ts";
import { utf8Length, writeUtf8 } from "../datasets/utf8.ts";
import { type MemoryViews, viewsOf, writeInt64 } from "../runtime/batch/index.ts";
import {
  BOOL,
  CATEGORY,
  F32,
  F64,
  I32,
  INT64,
  KINDS,
  rangeOf,
  SHIFTS,
  TEXT,
  U8,
  U16,
  U32,
} from "./cell-kinds.ts";
import { type PushTable, TABLE_ROWS, TABLE_TEXT_BYTES, type TableColumn } from "./table.ts";
import { isUtf8 } from "./utf8-check.ts";

const LOW_32 = 0xffffffffn;

export class RowBuilder {
  readonly table: PushTable;
  readonly #views: MemoryViews;
  readonly #columns: readonly TableColumn[];
  readonly #kinds: Uint8Array;
  /** Of each column: index of its first element in the view of its kind; its bitmap; where its text begins. */
  readonly #data: Uint32Array;
  readonly #validity: Uint32Array;
  readonly #text: Uint32Array;
  /** What a number must lie within to be held as it is; of a text column, 0 and its longest value. */
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  /** Of identifiers of 64 bits, 1: all bits are a value. */
  readonly #wide: Uint8Array;
  readonly #codes: readonly ReadonlyMap<RowValue, number>[];
  readonly #texts: readonly number[];
  /** Of text columns, counted from the column's text: where this row's begins, ends, and up to where was written. */
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  readonly #high: Uint32Array;
  #row = 0;
  #rowNumber = 0;
  #isFull = false;

  /** @throws RangeError when a table has no room for one text that the declaration allows */
  constructor(memory: { readonly buffer: ArrayBufferLike }, table: PushTable) {
    const { columns } = table;
    this.table = table;
    this.#views = viewsOf(memory.buffer);
    this.#columns = columns;
    this.#kinds = Uint8Array.from(columns, ({ type }) => KINDS[type]);
    this.#data = Uint32Array.from(columns, ({ own, type }) => own.dataAt >>> SHIFTS[KINDS[type]]!);
    this.#validity = Uint32Array.from(columns, ({ own }) => own.validityAt);
    this.#text = Uint32Array.from(columns, ({ own }) => own.textAt);
    const ranges = columns.map(rangeOf);
    this.#min = Float64Array.from(ranges, ([min]) => min);
    this.#max = Float64Array.from(ranges, ([, max]) => max);
    this.#wide = Uint8Array.from(columns, ({ spec, type }) =>
      type === "u64" && spec.class === "identifier" ? 1 : 0,
    );
    this.#codes = columns.map(({ spec }) =>
      spec.type === "category" ? new Map(spec.values.map((value, code) => [value, code])) : new Map(),
    );
    this.#texts = [...columns.keys()].filter((index) => columns[index]!.type === "utf8");
    this.#from = new Uint32Array(columns.length);
    this.#to = new Uint32Array(columns.length);
    this.#high = new Uint32Array(columns.length);
  }

  /** Whether the last `begin` or set was refused for want of room: the row goes into the next table. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Begins the row behind the table's last one. False: there are as many as there can be. */
  begin(rowNumber: number): boolean {
    const row = this.table.rows;
    this.#isFull = row >= TABLE_ROWS;
    if (this.#isFull) return false;
    this.#row = row;
    this.#rowNumber = rowNumber;
    for (const index of this.#texts) {
      const from = this.#views.i32[this.#data[index]! + row]!;
      this.#from[index] = from;
      this.#to[index] = from;
      this.#high[index] = from;
    }
    return true;
  }

  /**
   * Writes a number into column `index` of the table. False: it is no number column, or the number is none that it can hold as it is: a
   * fraction in a column of whole ones, beyond the type's range, not finite.
   */
  setNumber(index: number, value: number): boolean {
    if (!(value >= this.#min[index]! && value <= this.#max[index]!)) return false;
    const { f64, f32, i32, u32, u16, u8 } = this.#views;
    const at = this.#data[index]! + this.#row;
    switch (this.#kinds[index]) {
      case F64:
        f64[at] = value;
        break;
      case F32:
        f32[at] = value;
        break;
      case I32:
        if ((value | 0) !== value) return false;
        i32[at] = value;
        break;
      case U32:
        if (value >>> 0 !== value) return false;
        u32[at] = value;
        break;
      case U16:
      case U8:
        if (value >>> 0 !== value) return false;
        (this.#kinds[index] === U16 ? u16 : u8)[at] = value;
        break;
      case INT64:
        if (!Number.isInteger(value)) return false;
        writeInt64(i32, at + this.#row, value);
        break;
      default:
        return false;
    }
    this.#setThere(index);
    return true;
  }

  /** Writes 64 bits, of which a double does not hold all: for identifiers of type u64. False: the column is no such one. */
  setWide(index: number, high: number, low: number): boolean {
    if (this.#wide[index] === 0) return false;
    const word = this.#data[index]! + this.#row * 2;
    this.#views.u32[word] = low;
    this.#views.u32[word + 1] = high;
    this.#setThere(index);
    return true;
  }

  setBool(index: number, value: boolean): boolean {
    if (this.#kinds[index] !== BOOL) return false;
    const at = this.#data[index]! + (this.#row >>> 3);
    const bit = 1 << (this.#row & 7);
    const { u8 } = this.#views;
    u8[at] = value ? u8[at]! | bit : u8[at]! & ~bit;
    this.#setThere(index);
    return true;
  }

  /** Writes the place of one of the column's `values`. */
  setCode(index: number, code: number): boolean {
    if (this.#kinds[index] !== CATEGORY) return false;
    this.#views.u8[this.#data[index]! + this.#row] = code;
    this.#setThere(index);
    return true;
  }

  /** Copies bytes `from` to `to` of the shared memory, the latter not included. False: they are too many, or no UTF-8, or the table is full. */
  setText(index: number, from: number, to: number): boolean {
    const bytes = to - from;
    if (this.#kinds[index] !== TEXT || bytes > this.#max[index]!) return false;
    const start = this.#from[index]!;
    if (!this.#hasRoom(start, bytes)) return false;
    const { u8 } = this.#views;
    const at = this.#text[index]! + start;
    let all = 0;
    for (let byte = 0; byte < bytes; byte++) {
      const value = u8[from + byte]!;
      all |= value;
      u8[at + byte] = value;
    }
    this.#wrote(index, start + bytes);
    if (all >= 0x80 && !isUtf8(u8, from, to)) return false;
    this.#setThere(index);
    return true;
  }

  /** Takes back what this row has in a column. */
  setMissing(index: number): void {
    const at = this.#validity[index]! + (this.#row >>> 3);
    const { u8 } = this.#views;
    u8[at] = u8[at]! & ~(1 << (this.#row & 7));
    this.#to[index] = this.#from[index]!;
  }

  /** Makes the row one of the table. */
  commit(): void {
    const { table } = this;
    for (const index of this.#texts) {
      const to = this.#to[index]!;
      this.#views.i32[this.#data[index]! + this.#row + 1] = to;
      this.#wipeText(index, to);
    }
    table.rowNumbers[this.#row] = this.#rowNumber;
    table.bad[this.#row] = 0;
    table.rows = this.#row + 1;
  }

  /** Takes back everything that was written since `begin`. */
  rewind(): void {
    const { u8 } = this.#views;
    const byte = this.#row >>> 3;
    const others = ~(1 << (this.#row & 7));
    const validity = this.#validity;
    for (let index = 0; index < validity.length; index++) {
      const at = validity[index]! + byte;
      u8[at] = u8[at]! & others;
    }
    for (const index of this.#texts) this.#wipeText(index, this.#from[index]!);
  }

  /**
   * Adds a row that was validated: null or absent is missing. False: the table is full, and the row is not in it.
   * @throws TypeError for a row that was not validated
   */
  append(row: Row, rowNumber: number): boolean {
    if (!this.begin(rowNumber)) return false;
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index++) {
      const value = row[columns[index]!.name];
      if (value === null || value === undefined) continue;
      if (this.#set(index, value)) continue;
      this.rewind();
      if (this.#isFull) return false;
      const { name, type } = columns[index]!;
      throw new TypeError(
        `row ${rowNumber}, column ${name}: expected a validated ${type}; came a ${typeof value}`,
      );
    }
    this.commit();
    return true;
  }

  #set(index: number, value: RowValue): boolean {
    switch (typeof value) {
      case "number":
        return this.setNumber(index, value);
      case "boolean":
        return this.setBool(index, value);
      case "bigint":
        return this.setWide(index, Number((value >> 32n) & LOW_32), Number(value & LOW_32));
      case "string": {
        const code = this.#codes[index]!.get(value);
        return code === undefined ? this.#setString(index, value) : this.setCode(index, code);
      }
      default:
        return false;
    }
  }

  #setString(index: number, value: string): boolean {
    const bytes = utf8Length(value);
    if (this.#kinds[index] !== TEXT || bytes > this.#max[index]!) return false;
    const start = this.#from[index]!;
    if (!this.#hasRoom(start, bytes)) return false;
    writeUtf8(this.#views.u8, this.#text[index]! + start, value);
    this.#wrote(index, start + bytes);
    this.#setThere(index);
    return true;
  }

  #hasRoom(start: number, bytes: number): boolean {
    this.#isFull = start + bytes > TABLE_TEXT_BYTES;
    return !this.#isFull;
  }

  #wrote(index: number, to: number): void {
    this.#to[index] = to;
    if (to > this.#high[index]!) this.#high[index] = to;
  }

  #wipeText(index: number, from: number): void {
    const high = this.#high[index]!;
    if (high > from) this.#views.u8.fill(0, this.#text[index]! + from, this.#text[index]! + high);
    this.#high[index] = from;
  }

  #setThere(index: number): void {
    const at = this.#validity[index]! + (this.#row >>> 3);
    const { u8 } = this.#views;
    u8[at] = u8[at]! | (1 << (this.#row & 7));
  }
}

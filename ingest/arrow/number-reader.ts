/**
 * Numbers of one type as those of another. What the column's type does not hold is odd: a fraction among whole numbers, one out of range. Floats
 * take every number, rounded to the nearest, as they do of JSON; the bounds of float32 are looked at before a value is rounded.
 */

import { boundsOf, typeBounds } from "../../datasets/column.ts";
import { type MemoryViews, readInt64, readUint64, writeInt64 } from "../../runtime/batch/index.ts";
import { TABLE_ROWS, type TableColumn } from "../table.ts";
import { appendValidity, type ColumnReader, isThere, type ReaderContext } from "./column-reader.ts";
import { rawValue } from "./raw-value.ts";
import type { SourcePlace } from "./record-batch.ts";
import type { SourceType } from "./types.ts";

/** Numbers on their way, as doubles. */
const numbers = new Float64Array(TABLE_ROWS);

export class NumberReader implements ColumnReader {
  readonly place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };
  readonly #context: ReaderContext;
  readonly #type: SourceType;
  readonly #is64: boolean;

  /** @param column that the values go to */
  constructor(context: ReaderContext, type: SourceType, column: TableColumn) {
    this.#context = context;
    this.#type = type;
    this.#is64 = column.type === "u64" || column.type === "i64";
  }

  append(column: TableColumn, from: number, count: number, to: number): undefined {
    const { views } = this.#context;
    appendValidity(views.u8, this.place, column.own, from, count, to);
    if ((this.#type === "i64" || this.#type === "u64") && isWide(column)) {
      this.#copyWide(column, from, count, to);
      return;
    }
    readNumbers(views, this.#type, this.place.dataAt, from, count);
    this.#write(column, from, count, to);
  }

  raw(row: number): unknown {
    const { views, bytes } = this.#context;
    if (!isThere(views.u8, this.place, row)) return undefined;
    const value = rawValue(views, bytes, this.#type, this.place, row);
    // Only a 64-bit column tells numbers apart that a double does not.
    return typeof value === "bigint" && !this.#is64 ? Number(value) : value;
  }

  /** The same 64 bits, but for those that would change their sign. */
  #copyWide({ own }: TableColumn, from: number, count: number, to: number): void {
    const { i32 } = this.#context.views;
    const read = (this.place.dataAt >>> 2) + from * 2;
    const write = (own.dataAt >>> 2) + to * 2;
    for (let row = 0; row < count; row++) {
      const high = i32[read + row * 2 + 1]!;
      i32[write + row * 2] = i32[read + row * 2]!;
      i32[write + row * 2 + 1] = high;
      if (high < 0) this.#odd(from + row, to + row);
    }
  }

  #write({ own, type, spec }: TableColumn, from: number, count: number, to: number): void {
    const { f64, f32, i32, u32, u16, u8 } = this.#context.views;
    const { dataAt } = own;
    if (type === "f64") {
      for (let row = 0, at = (dataAt >>> 3) + to; row < count; row++) f64[at + row] = numbers[row]!;
      return;
    }
    if (type === "f32") {
      const [min, max] = boundsOf(spec);
      for (let row = 0, at = (dataAt >>> 2) + to; row < count; row++) {
        const value = numbers[row]!;
        if (value >= min && value <= max) f32[at + row] = value;
        else this.#odd(from + row, to + row);
      }
      return;
    }
    if (isWide({ type })) {
      const min = type === "u64" ? 0 : Number.MIN_SAFE_INTEGER;
      for (let row = 0, at = (dataAt >>> 2) + to * 2; row < count; row++) {
        const value = numbers[row]!;
        if (value >= min && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value)
          writeInt64(i32, at + row * 2, value);
        else this.#odd(from + row, to + row);
      }
      return;
    }
    const [min, max] = typeBounds(type);
    const into = type === "i32" ? i32 : type === "u32" ? u32 : type === "u16" ? u16 : u8;
    const at = dataAt / into.BYTES_PER_ELEMENT + to;
    for (let row = 0; row < count; row++) {
      const value = numbers[row]!;
      if (value >= min && value <= max && Math.floor(value) === value) into[at + row] = value;
      else this.#odd(from + row, to + row);
    }
  }

  #odd(row: number, tableRow: number): void {
    const { views, odd } = this.#context;
    if (isThere(views.u8, this.place, row)) odd.add(tableRow);
  }
}

function isWide({ type }: Pick<TableColumn, "type">): boolean {
  return type === "u64" || type === "i64" || type === "timestamp";
}

/** 64-bit numbers are rounded to the nearest double. */
function readNumbers(
  views: MemoryViews,
  type: SourceType,
  dataAt: number,
  from: number,
  count: number,
): void {
  switch (type) {
    case "f64":
      copy(views.f64, (dataAt >>> 3) + from, count);
      break;
    case "f32":
      copy(views.f32, (dataAt >>> 2) + from, count);
      break;
    case "i32":
      copy(views.i32, (dataAt >>> 2) + from, count);
      break;
    case "u32":
      copy(views.u32, (dataAt >>> 2) + from, count);
      break;
    case "u16":
      copy(views.u16, (dataAt >>> 1) + from, count);
      break;
    case "i16":
      for (let row = 0, at = (dataAt >>> 1) + from; row < count; row++)
        numbers[row] = (views.u16[at + row]! << 16) >> 16;
      break;
    case "i8":
      for (let row = 0, at = dataAt + from; row < count; row++)
        numbers[row] = (views.u8[at + row]! << 24) >> 24;
      break;
    case "i64":
      for (let row = 0, at = (dataAt >>> 2) + from * 2; row < count; row++)
        numbers[row] = readInt64(views.i32, at + row * 2);
      break;
    case "u64":
      for (let row = 0, at = (dataAt >>> 2) + from * 2; row < count; row++)
        numbers[row] = readUint64(views.i32, at + row * 2);
      break;
    default:
      copy(views.u8, dataAt + from, count);
  }
}

function copy(
  elements: Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array,
  at: number,
  count: number,
): void {
  for (let row = 0; row < count; row++) numbers[row] = elements[at + row]!;
}

/**
 * One column of a table as numbers that a derivation reads and fills in: taken out of the table once, put back once. Every type is a
 * double here, and what is missing is NaN, which no value is that was checked: so whoever derives has one quick code for all of them,
 * and what he asks of a value is one read of memory that is not shared.
 *
 * Plain fields and plain loops: private ones took several times as long. What needs no change on its way is copied as a whole, by `set`, in a
 * ninth of a loop's time on Bun, and a third on Deno.
 */

import type { Cells } from "../datasets/spec.ts";
import { readInt64, readUint64, writeInt64 } from "../runtime/batch/index.ts";
import { ownColumn } from "./own-column.ts";
import { type PushTable, TABLE_ROWS, type TableColumn } from "./table.ts";

export class TableCells implements Cells {
  /** Exact for what a number of JavaScript's holds, which all measures and moments do once they are checked. */
  readonly values = new Float64Array(TABLE_ROWS);
  isWhole = true;
  isChanged = false;

  isThere(row: number): boolean {
    return !Number.isNaN(this.values[row]!);
  }

  get(row: number): number {
    return this.values[row]!;
  }

  set(row: number, value: number): void {
    this.values[row] = value;
    this.isChanged = true;
  }

  /** Takes the column's values. @throws RangeError for text, which nothing is derived from */
  take(table: PushTable, column: TableColumn): void {
    const { values } = this;
    const { rows, views } = table;
    takeValues(table, column, values);
    this.isChanged = false;
    this.isWhole = true;
    const bitmap = column.place.validityAt;
    if (bitmap === 0) return;
    for (let row = 0; row < rows; row += 8) {
      const there = views.u8[bitmap + (row >>> 3)]!;
      if (there === 0xff) continue;
      const end = Math.min(8, rows - row);
      for (let bit = 0; bit < end; bit++) {
        if (((there >>> bit) & 1) === 1) continue;
        values[row + bit] = Number.NaN;
        this.isWhole = false;
      }
    }
  }

  /** Puts them back where any was set: into the table's own storage. */
  put(table: PushTable, column: TableColumn): void {
    if (!this.isChanged) return;
    const { values } = this;
    const { rows, views } = table;
    ownColumn(table, column);
    putValues(table, column, values);
    for (let row = 0; row < rows; row += 8) {
      const end = Math.min(8, rows - row);
      let there = 0;
      for (let bit = 0; bit < end; bit++) if (!Number.isNaN(values[row + bit]!)) there |= 1 << bit;
      views.u8[column.own.validityAt + (row >>> 3)] = there;
    }
  }
}

/** A loop for each type, and not one for all: such a one would be as slow as its least usual type. */
function takeValues(
  { rows, views }: PushTable,
  { type, name, place }: TableColumn,
  values: Float64Array,
): void {
  const { u8, u16, i32, u32, f32, f64 } = views;
  const { dataAt } = place;
  switch (type) {
    case "f64":
      values.set(f64.subarray(dataAt >>> 3, (dataAt >>> 3) + rows));
      break;
    case "f32":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) values[row] = f32[at + row]!;
      break;
    case "i32":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) values[row] = i32[at + row]!;
      break;
    case "u32":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) values[row] = u32[at + row]!;
      break;
    case "u16":
      for (let row = 0, at = dataAt >>> 1; row < rows; row++) values[row] = u16[at + row]!;
      break;
    case "u8":
    case "category":
      for (let row = 0; row < rows; row++) values[row] = u8[dataAt + row]!;
      break;
    case "bool":
      for (let row = 0; row < rows; row++) values[row] = (u8[dataAt + (row >>> 3)]! >>> (row & 7)) & 1;
      break;
    case "u64":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) values[row] = readUint64(i32, at + row * 2);
      break;
    case "i64":
    case "timestamp":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) values[row] = readInt64(i32, at + row * 2);
      break;
    case "utf8":
      throw new RangeError(`column ${name} is text, which nothing is derived from`);
  }
}

/** Under what is missing lies what a NaN is in the type: nobody looks there. */
function putValues({ rows, views }: PushTable, { type, own }: TableColumn, values: Float64Array): void {
  const { u8, u16, i32, u32, f32, f64 } = views;
  const { dataAt } = own;
  switch (type) {
    case "f64":
      f64.set(values.subarray(0, rows), dataAt >>> 3);
      break;
    case "f32":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) f32[at + row] = values[row]!;
      break;
    case "i32":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) i32[at + row] = values[row]!;
      break;
    case "u32":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) u32[at + row] = values[row]!;
      break;
    case "u16":
      for (let row = 0, at = dataAt >>> 1; row < rows; row++) u16[at + row] = values[row]!;
      break;
    case "bool":
      for (let row = 0; row < rows; row += 8) {
        const end = Math.min(8, rows - row);
        let bits = 0;
        for (let bit = 0; bit < end; bit++) if (values[row + bit]! > 0) bits |= 1 << bit;
        u8[dataAt + (row >>> 3)] = bits;
      }
      break;
    case "u64":
    case "i64":
    case "timestamp":
      for (let row = 0, at = dataAt >>> 2; row < rows; row++) writeInt64(i32, at + row * 2, values[row]!);
      break;
    default:
      for (let row = 0; row < rows; row++) u8[dataAt + row] = values[row]!;
  }
}

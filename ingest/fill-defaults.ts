/** Fills in, in the rows of a table, what their senders left out and has a default: datasets/column.ts says what it is of a column. */

import { writeInt64 } from "../runtime/batch/index.ts";
import { isWhole, ownColumn } from "./own-column.ts";
import type { PushTable, TableColumn } from "./table.ts";

/**
 * Makes every value of a column with a default be there. Rows that are bad get it too; nobody looks at them.
 * @param nowMs when the rows came, wall time in whole milliseconds: one moment for all of a request's
 */
export function fillDefaults(table: PushTable, nowMs: number): void {
  for (const column of table.columns) {
    const value = defaultOf(column, nowMs);
    if (value === undefined || isWhole(table, column)) continue;
    ownColumn(table, column);
    fill(table, column, value);
  }
}

function defaultOf({ spec }: TableColumn, nowMs: number): number | undefined {
  if (spec.class === "moment") return spec.default === undefined ? undefined : nowMs;
  return spec.class === "measure" && spec.default !== undefined ? Number(spec.default) : undefined;
}

function fill({ views, rows }: PushTable, { own, type }: TableColumn, value: number): void {
  const { u8, i32 } = views;
  const bits = (rows + 7) >>> 3;
  const { dataAt, validityAt } = own;
  for (let byte = 0; byte < bits; byte++) {
    const there = u8[validityAt + byte]!;
    if (there === 0xff) continue;
    if (type === "bool") {
      const data = u8[dataAt + byte]!;
      u8[dataAt + byte] = value === 0 ? data & there : data | ~there;
      continue;
    }
    const end = Math.min(rows, byte * 8 + 8);
    for (let row = byte * 8; row < end; row++) {
      if (((there >>> (row & 7)) & 1) === 1) continue;
      if (type === "timestamp" || type === "u64" || type === "i64")
        writeInt64(i32, (dataAt >>> 2) + row * 2, value);
      else if (type === "f64") views.f64[(dataAt >>> 3) + row] = value;
      else if (type === "f32") views.f32[(dataAt >>> 2) + row] = value;
      else if (type === "u16") views.u16[(dataAt >>> 1) + row] = value;
      else if (type === "u8") u8[dataAt + row] = value;
      else i32[(dataAt >>> 2) + row] = value;
    }
  }
  u8.fill(0xff, validityAt, validityAt + bits);
}

/** Reads rows of a table back, one by one: for refusals and dead letters. */

import type { RowValue } from "../datasets/row.ts";
import { type MemoryViews, readInt64, readUint64 } from "../runtime/batch/index.ts";
import type { RawRow } from "./decoder.ts";
import type { PushTable, TableColumn } from "./table.ts";

/** A byte order mark is a character like others. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A value that is there, in the form that the validator takes: a moment as its milliseconds, a 64-bit number that no double holds as a
 * bigint. Of a category the value that is kept, of whatever text it came.
 */
export function valueAt(views: MemoryViews, { type, spec, place }: TableColumn, row: number): RowValue {
  const { dataAt, textAt } = place;
  switch (type) {
    case "f64":
      return views.f64[(dataAt >>> 3) + row]!;
    case "f32":
      return views.f32[(dataAt >>> 2) + row]!;
    case "i32":
      return views.i32[(dataAt >>> 2) + row]!;
    case "u32":
      return views.u32[(dataAt >>> 2) + row]!;
    case "u16":
      return views.u16[(dataAt >>> 1) + row]!;
    case "u8":
      return views.u8[dataAt + row]!;
    case "timestamp":
      return readInt64(views.i32, (dataAt >>> 2) + row * 2);
    case "i64":
    case "u64": {
      const read = type === "i64" ? readInt64 : readUint64;
      const value = read(views.i32, (dataAt >>> 2) + row * 2);
      return Number.isSafeInteger(value) ? value : views[type][(dataAt >>> 3) + row]!;
    }
    case "bool":
      return ((views.u8[dataAt + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
    case "category": {
      const code = views.u8[dataAt + row]!;
      const value = spec.type === "category" ? spec.values[code] : undefined;
      if (value === undefined)
        throw new RangeError(`a decoder wrote the code ${code}, which the column has no value for`);
      return value;
    }
    case "utf8": {
      const offsets = (dataAt >>> 2) + row;
      // A copy: no TextDecoder reads shared memory.
      return utf8.decode(views.u8.slice(textAt + views.i32[offsets]!, textAt + views.i32[offsets + 1]!));
    }
  }
}

/** A row with its identifiers, raw as they came: whoever asks must not let it go as it is. What is missing is left out. */
export function rowOf(views: MemoryViews, table: PushTable, row: number): NonNullable<RawRow> {
  const values: Record<string, RowValue> = {};
  for (const column of table.columns) {
    if (table.isThere(column, row)) values[column.name] = valueAt(views, column, row);
  }
  return values;
}

/** Kinds of cells of a table, by how they are written, and which numbers each holds as they are. */

import { boundsOf, typeBounds } from "../datasets/column.ts";
import { maxTextBytes } from "../datasets/define.ts";
import type { ColumnType } from "../runtime/batch/index.ts";
import { TABLE_TEXT_BYTES, type TableColumn } from "./table.ts";

export const F64 = 0;
export const F32 = 1;
export const I32 = 2;
export const U32 = 3;
export const U16 = 4;
export const U8 = 5;
/** 64 bits: u64, i64 and timestamp. */
export const INT64 = 6;
export const BOOL = 7;
export const CATEGORY = 8;
export const TEXT = 9;

export const KINDS: Readonly<Record<ColumnType, number>> = {
  f64: F64,
  f32: F32,
  i32: I32,
  u32: U32,
  u16: U16,
  u8: U8,
  i64: INT64,
  u64: INT64,
  timestamp: INT64,
  bool: BOOL,
  category: CATEGORY,
  utf8: TEXT,
};
/** By kind: by how many bits a byte offset is shifted to index the view that elements are written to. */
export const SHIFTS = Uint8Array.of(3, 2, 2, 2, 1, 0, 2, 0, 0, 2);

/**
 * What a number must lie within to be held as it is; of a text column, 0 and the bytes of its longest value.
 * @throws RangeError when a table has no room for one text that the declaration allows
 */
export function rangeOf({ name, spec, type }: TableColumn): readonly [min: number, max: number] {
  if (type === "f32") {
    const [min, max] = boundsOf(spec);
    return [min, max];
  }
  if (type !== "utf8") return typeBounds(type);
  const max = maxTextBytes(spec);
  if (max > TABLE_TEXT_BYTES) {
    throw new RangeError(
      `column ${name}: a table has room for ${TABLE_TEXT_BYTES} bytes of text; one value may have ${max}`,
    );
  }
  return [0, max];
}

/** Puts one number into all elements of a column. */

import type { ColumnType } from "./schema.ts";
import type { MemoryViews } from "./views.ts";

/**
 * @param at byte of the first element, a multiple of its width
 * @param value that the type holds, whole for the 64-bit ones
 * @throws RangeError for a type that is no number
 */
export function fillElements(
  views: MemoryViews,
  at: number,
  type: ColumnType,
  rows: number,
  value: number,
): void {
  switch (type) {
    case "f64":
      views.f64.fill(value, at >>> 3, (at >>> 3) + rows);
      return;
    case "f32":
      views.f32.fill(value, at >>> 2, (at >>> 2) + rows);
      return;
    case "i64":
    case "u64":
      views.i64.fill(BigInt(value), at >>> 3, (at >>> 3) + rows);
      return;
    case "i32":
    case "u32":
      views.u32.fill(value, at >>> 2, (at >>> 2) + rows);
      return;
    case "u16":
      views.u16.fill(value, at >>> 1, (at >>> 1) + rows);
      return;
    case "u8":
      views.u8.fill(value, at, at + rows);
      return;
    default:
      throw new RangeError(`no column of type ${type} is filled with a number`);
  }
}

/**
 * Columns that are written to after they were decoded: with defaults, with what follows from others. A column may lie in the body that it
 * came in, which is not to be written to: it is copied into the table's own storage first.
 */

import { ELEMENT_BYTES } from "../runtime/batch/index.ts";
import type { PushTable, TableColumn } from "./table.ts";

/** Makes a column lie in the table's own storage, with a bitmap. @throws RangeError for text, which is never filled in */
export function ownColumn(table: PushTable, column: TableColumn): void {
  const { place, own, type } = column;
  if (type === "utf8") throw new RangeError(`column ${column.name} is text, which is not filled in`);
  const { u8 } = table.views;
  const bits = (table.rows + 7) >>> 3;
  if (place.dataAt !== own.dataAt) {
    const bytes = type === "bool" ? bits : table.rows * ELEMENT_BYTES[type];
    u8.copyWithin(own.dataAt, place.dataAt, place.dataAt + bytes);
    place.dataAt = own.dataAt;
  }
  if (place.validityAt !== own.validityAt) {
    if (place.validityAt === 0) u8.fill(0xff, own.validityAt, own.validityAt + bits);
    else u8.copyWithin(own.validityAt, place.validityAt, place.validityAt + bits);
    place.validityAt = own.validityAt;
  }
}

/** Whether the column has a value in every row. */
export function isWhole(table: PushTable, { place: { validityAt } }: TableColumn): boolean {
  if (validityAt === 0) return true;
  const { u8 } = table.views;
  const whole = validityAt + (table.rows >>> 3);
  for (let at = validityAt; at < whole; at++) if (u8[at] !== 0xff) return false;
  const rest = (1 << (table.rows & 7)) - 1;
  return rest === 0 || (u8[whole]! & rest) === rest;
}

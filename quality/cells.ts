/**
 * Cells of a batch in the three forms that columns are examined in:
 *
 * | form    | of                                        |
 * |---------|-------------------------------------------|
 * | numbers | measures, moments: doubles                |
 * | words   | pseudonyms: pairs of 32 bits, the low one first |
 * | codes   | categories, flags: a byte                 |
 *
 * and beside each a byte a row that is 1 where the value is there; what stands in a missing cell means nothing. 64-bit measures are what a
 * double holds (datasets/column.ts).
 */

import { isPseudonymous } from "../datasets/column.ts";
import type { PublicColumn } from "../datasets/define.ts";
import {
  type Column,
  type ColumnType,
  type PublicBatch,
  readInt64,
  readUint64,
} from "../runtime/batch/index.ts";

export type Form = "numbers" | "moments" | "words" | "codes";

/** Codes that there may be: a list has at most 255. */
export const CODES = 256;
/** What codes of a flag stand for. */
export const FLAG_VALUES = ["false", "true"] as const;

/** Of numbers that a double holds: the view that they are read from, and by how many bits a byte offset is shifted to index it. */
const COPIED: Readonly<
  Partial<
    Record<
      ColumnType,
      { readonly view: "f64" | "f32" | "u32" | "i32" | "u16" | "u8"; readonly shift: number }
    >
  >
> = {
  f64: { view: "f64", shift: 3 },
  f32: { view: "f32", shift: 2 },
  u32: { view: "u32", shift: 2 },
  i32: { view: "i32", shift: 2 },
  u16: { view: "u16", shift: 1 },
  u8: { view: "u8", shift: 0 },
};

/** @throws RangeError for text, which does not leave */
export function formOf({ name, field, spec }: PublicColumn): Form {
  if (field.type === "utf8") throw new RangeError(`column ${name} is text, which does not leave`);
  if (field.type === "category" || field.type === "bool") return "codes";
  if (field.type === "timestamp") return "moments";
  return isPseudonymous(spec) ? "words" : "numbers";
}

/** Rows `from` to `to` of a numeric column or one of moments, into the first elements. */
export function readNumbers(
  batch: PublicBatch,
  column: Column,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { views } = batch;
  const at = batch.dataAt(column);
  const copied = COPIED[column.type];
  if (copied !== undefined) {
    // By the runtime, which makes doubles of them on the way.
    const first = at >>> copied.shift;
    into.set(views[copied.view].subarray(first + from, first + to));
    return;
  }
  switch (column.type) {
    case "u64":
      for (let row = from; row < to; row++) into[row - from] = readUint64(views.i32, (at >>> 2) + row * 2);
      return;
    case "i64":
    case "timestamp":
      for (let row = from; row < to; row++) into[row - from] = readInt64(views.i32, (at >>> 2) + row * 2);
      return;
    default:
      throw new RangeError(`column ${column.name} is no number`);
  }
}

/** Rows of a pseudonym. */
export function readWords(
  batch: PublicBatch,
  column: Column,
  from: number,
  to: number,
  into: Uint32Array,
): void {
  const { u32 } = batch.views;
  const first = batch.dataAt(column) >>> 2;
  if (column.type === "u64") {
    into.set(u32.subarray(first + from * 2, first + to * 2));
    return;
  }
  for (let row = from; row < to; row++) {
    into[(row - from) * 2] = u32[first + row]!;
    into[(row - from) * 2 + 1] = 0;
  }
}

/** Rows of a category or a flag. */
export function readCodes(
  batch: PublicBatch,
  column: Column,
  from: number,
  to: number,
  into: Uint8Array,
): void {
  const { u8 } = batch.views;
  const at = batch.dataAt(column);
  if (column.type !== "bool") {
    into.set(u8.subarray(at + from, at + to));
    return;
  }
  for (let row = from; row < to; row++) into[row - from] = (u8[at + (row >>> 3)]! >>> (row & 7)) & 1;
}

/** Which of the rows are there. */
export function readThere(
  batch: PublicBatch,
  column: Column,
  from: number,
  to: number,
  into: Uint8Array,
): void {
  const bits = batch.validityAt(column);
  if (bits === 0) {
    into.fill(1, 0, to - from);
    return;
  }
  const { u8 } = batch.views;
  for (let row = from; row < to; row++) into[row - from] = (u8[bits + (row >>> 3)]! >>> (row & 7)) & 1;
}

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

import type { PublicColumn } from "../datasets/define.ts";
import { type Column, type PublicBatch, readInt64, readUint64 } from "../runtime/batch/index.ts";

export type Form = "numbers" | "moments" | "words" | "codes";

/** Codes that there may be: a list has at most 255. */
export const CODES = 256;
/** What codes of a flag stand for. */
export const FLAG_VALUES = ["false", "true"] as const;

/** @throws RangeError for text, which does not leave */
export function formOf({ name, field, spec }: PublicColumn): Form {
  if (field.type === "utf8") throw new RangeError(`column ${name} is text, which does not leave`);
  if (field.type === "category" || field.type === "bool") return "codes";
  if (field.type === "timestamp") return "moments";
  return spec.class === "identifier" || spec.class === "pseudonym" ? "words" : "numbers";
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
  // Copied by the runtime, which makes doubles of them on the way.
  switch (column.type) {
    case "f64":
      into.set(views.f64.subarray((at >>> 3) + from, (at >>> 3) + to));
      return;
    case "f32":
      into.set(views.f32.subarray((at >>> 2) + from, (at >>> 2) + to));
      return;
    case "u32":
      into.set(views.u32.subarray((at >>> 2) + from, (at >>> 2) + to));
      return;
    case "i32":
      into.set(views.i32.subarray((at >>> 2) + from, (at >>> 2) + to));
      return;
    case "u16":
      into.set(views.u16.subarray((at >>> 1) + from, (at >>> 1) + to));
      return;
    case "u8":
      into.set(views.u8.subarray(at + from, at + to));
      return;
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

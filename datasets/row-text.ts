/**
 * What JSON and CSV have in common: a row is written cell by cell, each by a function made once for its column. The two
 * formats differ in how they write text, what is missing, and what is no number.
 *
 * A cell writer puts its bytes at `into[at]` and returns the place after them. Room for the whole row is made beforehand.
 */

import { type Column, type PublicBatch, readInt64 } from "../runtime/batch/index.ts";
import type { Dataset, PublicColumn } from "./define.ts";
import { MomentWriter } from "./moment-text.ts";
import {
  NUMBER_BYTES,
  putFloat32,
  putFloat64,
  putInt64,
  putInteger,
  putUint64,
  putWhole,
} from "./number-text.ts";
import type { TextSink } from "./text-sink.ts";
import { writeUtf8 } from "./utf8.ts";

export interface TextFormat {
  /** How missing values are written; at most 8 bytes, as the three below. */
  readonly missing: string;
  readonly notANumber: string;
  readonly infinity: string;
  readonly negativeInfinity: string;
  /** Around moments, and around numbers that are names (64-bit pseudonyms); at most 1 byte. */
  readonly quote: string;
  /** Text with the quotes and escapes it needs; for one character at most 6 more. */
  encodeText(text: string): string;
}

/** Appends row `row` of the batch. */
export type RowTextWriter = (sink: TextSink, batch: PublicBatch, row: number) => void;

type CellWriter = (into: Uint8Array, at: number, batch: PublicBatch, row: number) => number;

/**
 * Makes the writer of a dataset's rows: for each column in declared order what `before` says, then its value; at the end
 * `after`. It remembers the last moment it wrote: one an encoder.
 */
export function rowTextWriter(
  dataset: Dataset,
  format: TextFormat,
  before: (column: PublicColumn, index: number) => string,
  after: string,
): RowTextWriter {
  const columns = dataset.publicColumns.map((column) => dataset.plan.public(column.name));
  const prefixes = dataset.publicColumns.map((column, index) => utf8(before(column, index)));
  const cells = columns.map((planned, index) => cellWriter(planned, dataset.publicColumns[index]!, format));
  const suffix = utf8(after);
  const texts = columns.filter(({ type }) => type === "utf8");
  const fixedBytes =
    suffix.length +
    prefixes.reduce((bytes, prefix) => bytes + prefix.length, 0) +
    columns.reduce((bytes, column) => bytes + NUMBER_BYTES + longestValue(column, format), 0);
  return (sink, batch, row) => {
    let most = fixedBytes;
    for (const column of texts) most += textLength(batch, column, row) * LONGEST_ESCAPE;
    sink.reserve(most);
    const { bytes } = sink;
    let at = sink.length;
    for (let index = 0; index < cells.length; index++) {
      at = putBytes(bytes, at, prefixes[index]!);
      at = cells[index]!(bytes, at, batch, row);
    }
    sink.length = putBytes(bytes, at, suffix);
  };
}

/** Bytes that one byte of text may become: a control character, as \u0000. */
const LONGEST_ESCAPE = 6;

function cellWriter(planned: Column, { spec }: PublicColumn, format: TextFormat): CellWriter {
  const value = valueWriter(planned, spec.class === "measure", format);
  if (!planned.nullable) return value;
  const missing = utf8(format.missing);
  return (into, at, batch, row) =>
    batch.isValid(planned, row) ? value(into, at, batch, row) : putBytes(into, at, missing);
}

function valueWriter(column: Column, isMeasure: boolean, format: TextFormat): CellWriter {
  switch (column.type) {
    case "f64":
      return floatWriter(column, format, "f64", 3);
    case "f32":
      return floatWriter(column, format, "f32", 2);
    case "u8":
      return integerWriter(column, "u8", 0);
    case "u16":
      return integerWriter(column, "u16", 1);
    case "u32":
      return integerWriter(column, "u32", 2);
    case "i32":
      return integerWriter(column, "i32", 2);
    case "u64":
      return integer64Writer(column, putUint64, isMeasure ? "" : format.quote);
    case "i64":
      return integer64Writer(column, putInt64, "");
    case "timestamp":
      return momentWriter(column, format);
    case "bool":
      return boolWriter(column);
    case "category":
      return categoryWriter(column, format);
    case "utf8":
      return textWriter(column, format);
  }
}

function floatWriter(column: Column, format: TextFormat, view: "f64" | "f32", shift: number): CellWriter {
  const notANumber = utf8(format.notANumber);
  const infinity = utf8(format.infinity);
  const negativeInfinity = utf8(format.negativeInfinity);
  const put = view === "f64" ? putFloat64 : putFloat32;
  return (into, at, batch, row) => {
    const value = batch.views[view][(batch.dataAt(column) >>> shift) + row]!;
    // Only a finite number taken from itself is 0.
    if (value - value === 0) return put(into, at, value);
    return putBytes(into, at, value > 0 ? infinity : value < 0 ? negativeInfinity : notANumber);
  };
}

function integerWriter(column: Column, view: "u8" | "u16" | "u32" | "i32", shift: number): CellWriter {
  const put = view === "i32" ? putInteger : putWhole;
  return (into, at, batch, row) => put(into, at, batch.views[view][(batch.dataAt(column) >>> shift) + row]!);
}

function integer64Writer(column: Column, put: typeof putUint64, quote: string): CellWriter {
  const quotes = utf8(quote);
  return (into, at, batch, row) => {
    const word = (batch.dataAt(column) >>> 2) + row * 2;
    const { u32 } = batch.views;
    const to = put(into, putBytes(into, at, quotes), u32[word]!, u32[word + 1]!);
    return putBytes(into, to, quotes);
  };
}

function momentWriter(column: Column, format: TextFormat): CellWriter {
  const moments = new MomentWriter();
  const missing = utf8(format.missing);
  const quotes = utf8(format.quote);
  return (into, at, batch, row) => {
    const ms = readInt64(batch.views.i32, (batch.dataAt(column) >>> 2) + row * 2);
    const to = moments.write(into, putBytes(into, at, quotes), ms);
    // A year of more than four digits: no validator lets it in, and no text could say it.
    return to < 0 ? putBytes(into, at, missing) : putBytes(into, to, quotes);
  };
}

function boolWriter(column: Column): CellWriter {
  const yes = utf8("true");
  const no = utf8("false");
  return (into, at, batch, row) => {
    const byte = batch.views.u8[batch.dataAt(column) + (row >>> 3)]!;
    return putBytes(into, at, ((byte >>> (row & 7)) & 1) === 1 ? yes : no);
  };
}

function categoryWriter(column: Column, format: TextFormat): CellWriter {
  const texts = (column.values ?? []).map((value) => utf8(format.encodeText(value)));
  return (into, at, batch, row) => {
    const code = batch.views.u8[batch.dataAt(column) + row]!;
    const text = texts[code];
    if (text === undefined) {
      throw new RangeError(
        `column ${column.name}, row ${row}: expected a category below ${texts.length}; came ${code}`,
      );
    }
    return putBytes(into, at, text);
  };
}

function textWriter(column: Column, format: TextFormat): CellWriter {
  const decoder = new TextDecoder();
  return (into, at, batch, row) => {
    const from = batch.textAt(column) + batch.views.i32[(batch.dataAt(column) >>> 2) + row]!;
    // A copy: TextDecoder does not take shared memory.
    const text = batch.views.u8.slice(from, from + textLength(batch, column, row));
    return writeUtf8(into, at, format.encodeText(decoder.decode(text)));
  };
}

function textLength(batch: PublicBatch, column: Column, row: number): number {
  const offset = (batch.dataAt(column) >>> 2) + row;
  const { i32 } = batch.views;
  return i32[offset + 1]! - i32[offset]!;
}

function longestValue(column: Column, format: TextFormat): number {
  return Math.max(0, ...(column.values ?? []).map((value) => utf8(format.encodeText(value)).length));
}

/** A loop, as `set` costs more than a few bytes are worth. */
function putBytes(into: Uint8Array, at: number, run: Uint8Array): number {
  const { length } = run;
  for (let index = 0; index < length; index++) into[at + index] = run[index]!;
  return at + length;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * What JSON and CSV have in common: a row is written cell by cell, between bytes that are the same in every row. The two
 * formats differ in those, in how they write text, in what is missing, and in what is no number.
 *
 * All of it is one loop over rows and columns with one `switch` over the column's kind: functions made for each column were
 * a third slower, as no engine puts so many of them in line. Where a batch's columns lie is looked up once a run of rows.
 */

import { type Column, type PublicBatch, readInt64 } from "../runtime/batch/index.ts";
import {
  BOOL,
  CATEGORY,
  CellPlaces,
  F32,
  F64,
  I32,
  I64,
  MOMENT,
  NAME32,
  NAME64,
  TEXT,
  U8,
  U16,
  U32,
  U64,
} from "./cell-kinds.ts";
import type { PublicColumn } from "./dataset.ts";
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
import type { TableShape } from "./shape.ts";
import { Literal, SLACK_BYTES, type TextSink } from "./text-sink.ts";

export interface TextFormat {
  /** How missing values are written, and what is no number. */
  readonly missing: string;
  readonly notANumber: string;
  readonly infinity: string;
  readonly negativeInfinity: string;
  /** Around moments, and around numbers that are names (64-bit pseudonyms); one character of ASCII, or none. */
  readonly quote: string;
  /** Text with the quotes and escapes it needs. */
  encodeText(text: string): string;
}

/** What stands before each row and is not the same in all of them: its number, for one. */
export interface RowLead {
  /** Bytes that it may touch at the most. */
  readonly bytes: number;
  /** Writes that of row `row` of the batch at byte `at`. @returns the place after its last byte */
  put(into: DataView, at: number, row: number): number;
}

/** Rows that room is made for at once. */
const ROWS_AT_ONCE = 64;

/** Writes rows of one table. It remembers the last moment it wrote: one an encoder. */
export class RowText {
  readonly #cells: CellPlaces;
  readonly #before: readonly Literal[];
  readonly #after: Literal;
  readonly #special: Readonly<Record<"missing" | "notANumber" | "infinity" | "negativeInfinity", Literal>>;
  readonly #booleans = [new Literal("false"), new Literal("true")] as const;
  readonly #categories: readonly (readonly Literal[])[];
  readonly #moments: readonly MomentWriter[];
  readonly #texts: readonly Column[];
  readonly #encodeText: (text: string) => string;
  readonly #decoder = new TextDecoder();
  /** Code of the quote; 0: none. */
  readonly #quote: number;
  /** Bytes of a row at the most, without its texts. */
  readonly #rowBytes: number;

  /** A row is, for each column in the table's order, what `before` says, then its value; at the end `after`. */
  constructor(
    shape: TableShape,
    format: TextFormat,
    before: (column: PublicColumn, index: number) => string,
    after: string,
  ) {
    const { publicColumns } = shape;
    this.#cells = new CellPlaces(shape, "numbers");
    this.#before = publicColumns.map((column, index) => new Literal(before(column, index)));
    this.#after = new Literal(after);
    this.#special = {
      missing: new Literal(format.missing),
      notANumber: new Literal(format.notANumber),
      infinity: new Literal(format.infinity),
      negativeInfinity: new Literal(format.negativeInfinity),
    };
    this.#categories = publicColumns.map(({ field }) =>
      (field.values ?? []).map((value) => new Literal(format.encodeText(value))),
    );
    this.#moments = publicColumns.map(() => new MomentWriter());
    this.#texts = this.#cells.columns.filter(({ type }) => type === "utf8");
    this.#encodeText = (text) => format.encodeText(text);
    this.#quote = format.quote === "" ? 0 : format.quote.charCodeAt(0);
    const special = longest(Object.values(this.#special));
    const cells = this.#categories.map((texts) => Math.max(NUMBER_BYTES, special, longest(texts)) + 2);
    this.#rowBytes = this.#after.length + sum(this.#before.map(({ length }) => length)) + sum(cells);
  }

  /**
   * Appends rows `from` to `to`, the latter not included.
   * @param lead written before each row; default: nothing
   * @throws RangeError on a category that is not in the list
   */
  append(sink: TextSink, batch: PublicBatch, from: number, to: number, lead?: RowLead): void {
    const rowBytes = this.#rowBytes + (lead?.bytes ?? 0);
    this.#cells.bind(batch);
    if (this.#texts.length > 0) {
      for (let row = from; row < to; row++) {
        const texts = this.#texts.map((column) => this.#textAt(batch, column, row));
        const bytes = sum(texts.map((text) => new TextEncoder().encode(text).length));
        sink.reserve(rowBytes + bytes + SLACK_BYTES);
        sink.length = this.#put(sink.view, sink.length, batch, row, row + 1, lead);
      }
      return;
    }
    for (let row = from; row < to; row += ROWS_AT_ONCE) {
      const end = Math.min(to, row + ROWS_AT_ONCE);
      sink.reserve((end - row) * rowBytes + SLACK_BYTES);
      sink.length = this.#put(sink.view, sink.length, batch, row, end, lead);
    }
  }

  /** Writes rows at byte `start`. @returns the place after the last one */
  #put(
    into: DataView,
    start: number,
    batch: PublicBatch,
    from: number,
    to: number,
    lead: RowLead | undefined,
  ): number {
    const { u8, u16, u32, i32, f32, f64 } = batch.views;
    const { kinds, data, validity } = this.#cells;
    const before = this.#before;
    const quote = this.#quote;
    const quoteBytes = quote === 0 ? 0 : 1;
    const { missing } = this.#special;
    const columns = kinds.length;
    let at = start;
    for (let row = from; row < to; row++) {
      if (lead !== undefined) at = lead.put(into, at, row);
      for (let index = 0; index < columns; index++) {
        at = before[index]!.put(into, at);
        const bitmap = validity[index]!;
        if (bitmap !== 0 && ((u8[bitmap + (row >>> 3)]! >>> (row & 7)) & 1) === 0) {
          at = missing.put(into, at);
          continue;
        }
        const first = data[index]!;
        switch (kinds[index]) {
          case F64: {
            const value = f64[first + row]!;
            // Only a finite number taken from itself is 0.
            at = value - value === 0 ? putFloat64(into, at, value) : this.#putNoNumber(into, at, value);
            break;
          }
          case F32: {
            const value = f32[first + row]!;
            at = value - value === 0 ? putFloat32(into, at, value) : this.#putNoNumber(into, at, value);
            break;
          }
          case U8:
            at = putWhole(into, at, u8[first + row]!);
            break;
          case U16:
            at = putWhole(into, at, u16[first + row]!);
            break;
          case U32:
          case NAME32:
            at = putWhole(into, at, u32[first + row]!);
            break;
          case I32:
            at = putInteger(into, at, i32[first + row]!);
            break;
          case U64:
            at = putUint64(into, at, u32[first + row * 2]!, u32[first + row * 2 + 1]!);
            break;
          case NAME64:
            into.setUint8(at, quote);
            at = putUint64(into, at + quoteBytes, u32[first + row * 2]!, u32[first + row * 2 + 1]!);
            into.setUint8(at, quote);
            at += quoteBytes;
            break;
          case I64:
            at = putInt64(into, at, u32[first + row * 2]!, u32[first + row * 2 + 1]!);
            break;
          case MOMENT: {
            const ms = readInt64(i32, first + row * 2);
            const end = this.#moments[index]!.write(into, at + quoteBytes, ms);
            if (end < 0) {
              // A year of more than four digits: no validator lets it in, and no text could say it.
              at = missing.put(into, at);
            } else {
              if (quoteBytes > 0) into.setUint8(at, quote);
              into.setUint8(end, quote);
              at = end + quoteBytes;
            }
            break;
          }
          case BOOL:
            at = this.#booleans[(u8[first + (row >>> 3)]! >>> (row & 7)) & 1]!.put(into, at);
            break;
          case CATEGORY:
            at = this.#category(index, u8[first + row]!, row).put(into, at);
            break;
          case TEXT:
            at = new Literal(this.#textAt(batch, this.#cells.columns[index]!, row)).put(into, at);
            break;
        }
      }
      at = this.#after.put(into, at);
    }
    return at;
  }

  #putNoNumber(into: DataView, at: number, value: number): number {
    const { notANumber, infinity, negativeInfinity } = this.#special;
    return (value > 0 ? infinity : value < 0 ? negativeInfinity : notANumber).put(into, at);
  }

  #category(index: number, code: number, row: number): Literal {
    return this.#categories[index]![code] ?? this.#cells.noCategory(index, row, code);
  }

  /** No dataset has text that leaves, so this is not fast. */
  #textAt(batch: PublicBatch, column: Column, row: number): string {
    const { u8, i32 } = batch.views;
    const offset = (batch.dataAt(column) >>> 2) + row;
    const text = batch.textAt(column);
    // A copy: TextDecoder does not take shared memory.
    const bytes = u8.slice(text + i32[offset]!, text + i32[offset + 1]!);
    return this.#encodeText(this.#decoder.decode(bytes));
  }
}

function longest(texts: readonly Literal[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

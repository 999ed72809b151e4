/**
 * Records as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): a map a record, with the keys `dataset`,
 * `sequence` and the columns' names, in this order.
 *
 * | column                         | value                                                                          |
 * |--------------------------------|--------------------------------------------------------------------------------|
 * | f64, f32                       | float 64, float 32, with all their bits                                        |
 * | whole numbers                  | the shortest (u)int that holds it; what is not negative is a uint              |
 * | pseudonyms                     | uint 64 or uint 32, as wide as declared                                        |
 * | moments                        | the timestamp extension (-1), 64 bits; 96 bits before 1970 and after 2514      |
 * | bool, category                 | true or false; str                                                             |
 * | missing                        | nil                                                                            |
 *
 * One loop over rows and columns with one `switch`, for the reason given in row-text.ts. A key is written together with the
 * byte that says the value's type, where that is the same for all values.
 */

import { type PublicBatch, readInt64 } from "../../runtime/batch/index.ts";
import {
  BOOL,
  CATEGORY,
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
} from "../cell-kinds.ts";
import type { RowRun } from "../row-run.ts";
import type { TableShape } from "../shape.ts";
import { Literal, SLACK_BYTES } from "../text-sink.ts";
import { Cells } from "./cells.ts";
import {
  FALSE,
  FLOAT32,
  FLOAT64,
  mapHead,
  NIL,
  putInt32,
  putInt64,
  putTimestamp,
  putUint32,
  putUint64,
  putWhole,
  strHead,
  strOf,
  TIMESTAMP_BYTES,
  UINT32,
  UINT64,
} from "./msgpack-values.ts";
import { scratch } from "./scratch.ts";
import { NOTHING, type RecordWriter, rowsIn } from "./writer.ts";

/** Bytes that any number takes at the most, its type included. */
const NUMBER_BYTES = 9;
/** Bytes before the longest text. */
const TEXT_HEAD_BYTES = 5;

export function msgpackRecords(shape: TableShape): RecordWriter {
  const rows = new MsgpackRows(shape);
  return { preamble: NOTHING, end: NOTHING, write: (batch, runs) => rows.write(batch, runs) };
}

class MsgpackRows {
  readonly #cells: Cells;
  readonly #start: Literal;
  readonly #keys: readonly Literal[];
  /** 1 where a key ends in its values' type. */
  readonly #typed: Uint8Array;
  readonly #categories: readonly (readonly Literal[])[];
  /** Bytes of a row at the most, without its texts. */
  readonly #rowBytes: number;

  constructor(shape: TableShape) {
    const { publicColumns } = shape;
    this.#cells = new Cells(shape);
    const types = publicColumns.map(({ field }) => FIXED_TYPES[field.type]);
    const { kinds } = this.#cells;
    this.#typed = Uint8Array.from(kinds, (kind) => (BITS.includes(kind) ? 1 : 0));
    this.#keys = publicColumns.map(
      ({ name }, index) =>
        new Literal([...strOf(name), ...(this.#typed[index] === 1 ? [types[index]!] : [])]),
    );
    const head = [...mapHead(publicColumns.length + 2), ...strOf("dataset"), ...strOf(shape.name)];
    this.#start = new Literal([...head, ...strOf("sequence")]);
    this.#categories = publicColumns.map(({ field }) =>
      (field.values ?? []).map((value) => new Literal(strOf(value))),
    );
    const cells = this.#categories.map((texts) =>
      Math.max(NUMBER_BYTES, TIMESTAMP_BYTES, TEXT_HEAD_BYTES, ...texts.map(({ length }) => length)),
    );
    const keyBytes = this.#keys.reduce((bytes, { length }) => bytes + length, 0);
    this.#rowBytes =
      this.#start.length + NUMBER_BYTES + keyBytes + cells.reduce((bytes, cell) => bytes + cell, 0);
  }

  write(batch: PublicBatch, runs: readonly RowRun[]): Uint8Array {
    this.#cells.bind(batch);
    scratch.clear();
    let textBytes = 0;
    for (const { from, to } of runs) textBytes += this.#cells.textBytes(batch, from, to);
    scratch.reserve(rowsIn(runs) * this.#rowBytes + textBytes + SLACK_BYTES);
    for (const { from, to } of runs)
      scratch.length = this.#put(scratch.view, scratch.length, batch, from, to);
    return scratch.bytes();
  }

  /** Writes rows at byte `start`. @returns the place after the last one */
  #put(into: DataView, start: number, batch: PublicBatch, from: number, to: number): number {
    const { u8, u16, u32, i32 } = batch.views;
    const { kinds, data, validity } = this.#cells;
    const keys = this.#keys;
    const typed = this.#typed;
    const columns = kinds.length;
    const { firstSequence } = batch;
    let at = start;
    for (let row = from; row < to; row++) {
      at = putWhole(into, this.#start.put(into, at), firstSequence + row);
      for (let index = 0; index < columns; index++) {
        at = keys[index]!.put(into, at);
        const bitmap = validity[index]!;
        if (bitmap !== 0 && ((u8[bitmap + (row >>> 3)]! >>> (row & 7)) & 1) === 0) {
          at -= typed[index]!;
          into.setUint8(at++, NIL);
          continue;
        }
        const first = data[index]!;
        switch (kinds[index]) {
          case F64:
          case NAME64:
            into.setUint32(at, u32[first + row * 2 + 1]!);
            into.setUint32(at + 4, u32[first + row * 2]!);
            at += 8;
            break;
          case F32:
          case NAME32:
            into.setUint32(at, u32[first + row]!);
            at += 4;
            break;
          case U8:
            at = putUint32(into, at, u8[first + row]!);
            break;
          case U16:
            at = putUint32(into, at, u16[first + row]!);
            break;
          case U32:
            at = putUint32(into, at, u32[first + row]!);
            break;
          case I32:
            at = putInt32(into, at, i32[first + row]!);
            break;
          case U64:
            at = putUint64(into, at, u32[first + row * 2]!, u32[first + row * 2 + 1]!);
            break;
          case I64:
            at = putInt64(into, at, u32[first + row * 2]!, i32[first + row * 2 + 1]!);
            break;
          case MOMENT:
            at = putTimestamp(into, at, readInt64(i32, first + row * 2));
            break;
          case BOOL:
            into.setUint8(at++, FALSE + ((u8[first + (row >>> 3)]! >>> (row & 7)) & 1));
            break;
          case CATEGORY: {
            const code = u8[first + row]!;
            const text = this.#categories[index]![code] ?? this.#cells.noCategory(index, row, code);
            at = text.put(into, at);
            break;
          }
          case TEXT: {
            const text = batch.textAt(this.#cells.columns[index]!);
            const end = text + i32[first + row + 1]!;
            let byte = text + i32[first + row]!;
            for (const headByte of strHead(end - byte)) into.setUint8(at++, headByte);
            while (byte < end) into.setUint8(at++, u8[byte++]!);
            break;
          }
        }
      }
    }
    return at;
  }
}

/** Kinds whose values are written whole, with all their bits. */
const BITS: readonly number[] = [F64, F32, NAME64, NAME32];
/** Types of values that are written whole, by the columns' types. */
const FIXED_TYPES: Readonly<Partial<Record<string, number>>> = {
  f64: FLOAT64,
  f32: FLOAT32,
  u64: UINT64,
  u32: UINT32,
};

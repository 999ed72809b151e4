/**
 * Records as Protobuf, in the form of proto-schema.ts, each with its length before it as a varint. What is written is what the
 * official libraries write: fields ascending, varints as short as they go, what is 0 and has no presence left out.
 *
 * It is written back to front, from the last row to the first and from each record's end to its beginning: a length stands
 * before what it counts, and is known when it is written. A chunk is the end of the buffer.
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
import type { Dataset } from "../define.ts";
import { datasets as allDatasets } from "../index.ts";
import type { RowRun } from "../row-run.ts";
import { BackBuffer, type BackLiteral } from "./back-buffer.ts";
import { Cells } from "./cells.ts";
import { columnField, datasetField, SEQUENCE_FIELD } from "./proto-schema.ts";
import {
  backTag,
  backVarint32,
  backVarint64,
  backWhole,
  FIXED32,
  FIXED64,
  LENGTH,
  MAX_VARINT_BYTES,
  MOMENT_BYTES,
  MomentField,
  tagOf,
  textLiteral,
  VARINT,
} from "./protobuf-values.ts";
import { NOTHING, type RecordWriter, rowsIn } from "./writer.ts";

/** Bytes of a field's tag, or of a length, at the most. */
const TAG_BYTES = 5;

/** One for all encoders of a thread, as scratch.ts has it. */
const buffer = new BackBuffer(65_536);

export function protobufRecords(shape: Dataset, datasets: readonly Dataset[] = allDatasets): RecordWriter {
  const rows = new ProtobufRows(shape, datasetField(shape, datasets));
  return { preamble: NOTHING, end: NOTHING, write: (batch, runs) => rows.write(batch, runs) };
}

class ProtobufRows {
  readonly #cells: Cells;
  /** Columns in the order of their numbers, which may be another than that which was asked for. */
  readonly #order: Uint16Array;
  readonly #tags: Uint32Array;
  readonly #rowTag: number;
  readonly #categories: readonly (readonly BackLiteral[])[];
  readonly #moments: readonly MomentField[];
  /** Bytes of a record at the most, without its texts. */
  readonly #rowBytes: number;

  constructor(shape: Dataset, field: number) {
    const { publicColumns } = shape;
    this.#cells = new Cells(shape);
    const { kinds } = this.#cells;
    const numbers = publicColumns.map(({ name }) => columnField(shape, name));
    this.#order = Uint16Array.from([...numbers.keys()].sort((one, other) => numbers[one]! - numbers[other]!));
    this.#tags = Uint32Array.from(numbers, (number, index) =>
      tagOf(number, WIRE_TYPES[kinds[index]!] ?? VARINT),
    );
    this.#rowTag = tagOf(field, LENGTH);
    this.#categories = publicColumns.map(({ field }) => (field.values ?? []).map(textLiteral));
    this.#moments = publicColumns.map(() => new MomentField());
    const cells = this.#categories.map(
      (texts) => TAG_BYTES + Math.max(MAX_VARINT_BYTES, MOMENT_BYTES, ...texts.map(({ length }) => length)),
    );
    // Length, the tag and number of `sequence`, the row's tag and length.
    const head = 4 * TAG_BYTES + MAX_VARINT_BYTES;
    this.#rowBytes = head + cells.reduce((bytes, cell) => bytes + cell, 0);
  }

  write(batch: PublicBatch, runs: readonly RowRun[]): Uint8Array {
    this.#cells.bind(batch);
    let textBytes = 0;
    for (const { from, to } of runs) textBytes += this.#cells.textBytes(batch, from, to);
    buffer.begin(rowsIn(runs) * this.#rowBytes + textBytes);
    for (let run = runs.length - 1; run >= 0; run--) {
      buffer.start = this.#put(buffer.view, buffer.start, batch, runs[run]!);
    }
    return buffer.bytes();
  }

  /** Writes rows so that they end before byte `end`. @returns the place of the first byte */
  #put(into: DataView, end: number, batch: PublicBatch, { from, to }: RowRun): number {
    const { u8, u16, u32, i32 } = batch.views;
    const { kinds, data, validity } = this.#cells;
    const order = this.#order;
    const tags = this.#tags;
    const { firstSequence } = batch;
    let at = end;
    for (let row = to - 1; row >= from; row--) {
      const recordEnd = at;
      for (let place = order.length - 1; place >= 0; place--) {
        const index = order[place]!;
        const bitmap = validity[index]!;
        if (bitmap !== 0 && ((u8[bitmap + (row >>> 3)]! >>> (row & 7)) & 1) === 0) continue;
        const first = data[index]!;
        switch (kinds[index]) {
          case F64:
          case NAME64:
            at -= 8;
            into.setUint32(at, u32[first + row * 2]!, true);
            into.setUint32(at + 4, u32[first + row * 2 + 1]!, true);
            break;
          case F32:
          case NAME32:
            at -= 4;
            into.setUint32(at, u32[first + row]!, true);
            break;
          case U8:
            at = backVarint32(into, at, u8[first + row]!);
            break;
          case U16:
            at = backVarint32(into, at, u16[first + row]!);
            break;
          case U32:
            at = backVarint32(into, at, u32[first + row]!);
            break;
          case I32: {
            const value = i32[first + row]!;
            at = backVarint32(into, at, ((value << 1) ^ (value >> 31)) >>> 0);
            break;
          }
          case U64:
            at = backVarint64(into, at, u32[first + row * 2]!, u32[first + row * 2 + 1]!);
            break;
          case I64: {
            const low = i32[first + row * 2]!;
            const high = i32[first + row * 2 + 1]!;
            const sign = high >> 31;
            at = backVarint64(into, at, ((low << 1) ^ sign) >>> 0, ((high << 1) | (low >>> 31)) ^ sign);
            break;
          }
          case MOMENT:
            at = this.#moments[index]!.put(into, at, readInt64(i32, first + row * 2));
            break;
          case BOOL:
            into.setUint8(--at, (u8[first + (row >>> 3)]! >>> (row & 7)) & 1);
            break;
          case CATEGORY: {
            const code = u8[first + row]!;
            const text = this.#categories[index]![code] ?? this.#cells.noCategory(index, row, code);
            at = text.put(into, at);
            break;
          }
          case TEXT: {
            const text = batch.textAt(this.#cells.columns[index]!);
            const start = text + i32[first + row]!;
            const bytes = text + i32[first + row + 1]! - start;
            for (let byte = bytes - 1; byte >= 0; byte--) into.setUint8(--at, u8[start + byte]!);
            at = backVarint32(into, at, bytes);
            break;
          }
        }
        at = backTag(into, at, tags[index]!);
      }
      at = backVarint32(into, at, recordEnd - at);
      at = backTag(into, at, this.#rowTag);
      const sequence = firstSequence + row;
      if (sequence !== 0) {
        at = backWhole(into, at, sequence);
        into.setUint8(--at, SEQUENCE_TAG);
      }
      at = backVarint32(into, at, recordEnd - at);
    }
    return at;
  }
}

const SEQUENCE_TAG = tagOf(SEQUENCE_FIELD, VARINT);
/** By kind of cell; others are varints. */
const WIRE_TYPES: Readonly<Record<number, number>> = {
  [F64]: FIXED64,
  [F32]: FIXED32,
  [NAME64]: FIXED64,
  [NAME32]: FIXED32,
  [MOMENT]: LENGTH,
  [CATEGORY]: LENGTH,
  [TEXT]: LENGTH,
};

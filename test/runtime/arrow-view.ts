/**
 * A batch as apache-arrow sees it, over the very bytes of the slot: no element is copied.
 *
 * What this returns looks into the slot: it is valid until the slot is released, and must be copied to be kept.
 */

import {
  Bool,
  type DataType,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampMillisecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import {
  type Batch,
  type Column,
  type ColumnType,
  ELEMENT_BYTES,
  type FieldSpec,
} from "../../runtime/batch/index.ts";

/** The Arrow schema of `fields`. Category dictionaries get the field's index as their id, as in the IPC preamble. */
export function arrowSchema(fields: readonly FieldSpec[]): Schema {
  return new Schema(fields.map((field, index) => arrowField(field, index)));
}

/** The public view of a batch. */
export function publicArrow(batch: Batch): RecordBatch {
  return arrowView(batch, batch.plan.publicColumns);
}

/** The raw view: every field under the name its source gave it. Only for code in front of the anonymizer. */
export function rawArrow(batch: Batch): RecordBatch {
  return arrowView(
    batch,
    batch.plan.schema.raw.map(({ name }) => ({ ...batch.plan.raw(name), name })),
  );
}

function arrowView(batch: Batch, columns: readonly Column[]): RecordBatch {
  const schema = arrowSchema(columns);
  const children = columns.map((column, index) => {
    const type = schema.fields[index]!.type as DataType;
    return columnData(batch, column, type);
  });
  const data = makeData({ type: new Struct(schema.fields), length: batch.rows, nullCount: 0, children });
  return new RecordBatch(schema, data);
}

function columnData(batch: Batch, column: Column, type: DataType) {
  const { buffer } = batch.views;
  const length = batch.rows;
  const at = batch.dataAt(column);
  const validityAt = batch.validityAt(column);
  const nullBitmap = validityAt === 0 ? null : new Uint8Array(buffer, validityAt, (length + 7) >>> 3);
  if (column.type === "utf8") {
    return makeData({
      type: type as Utf8,
      length,
      nullBitmap,
      valueOffsets: new Int32Array(buffer, at, length + 1),
      data: new Uint8Array(buffer, batch.textAt(column), batch.textCapacity(column)),
    });
  }
  if (column.type === "bool") {
    const data = new Uint8Array(buffer, at, (length + 7) >>> 3);
    return makeData({ type: type as Bool, length, nullBitmap, data });
  }
  if (column.type === "category") {
    return makeData({
      type: type as Dictionary<Utf8, Uint8>,
      length,
      nullBitmap,
      data: new Uint8Array(buffer, at, length),
      dictionary: vectorFromArray([...(column.values ?? [])], new Utf8()),
    });
  }
  const data = elements(column.type, buffer, at, length);
  return makeData({ type: type as Float64, length, nullBitmap, data: data as Float64Array });
}

function elements(type: ColumnType, buffer: ArrayBufferLike, at: number, length: number) {
  switch (type) {
    case "f64":
      return new Float64Array(buffer, at, length);
    case "f32":
      return new Float32Array(buffer, at, length);
    case "i32":
      return new Int32Array(buffer, at, length);
    case "u32":
      return new Uint32Array(buffer, at, length);
    case "u16":
      return new Uint16Array(buffer, at, length);
    case "u64":
      return new BigUint64Array(buffer, at, length);
    case "i64":
    case "timestamp":
      return new BigInt64Array(buffer, at, length);
    default:
      return new Uint8Array(buffer, at, length * ELEMENT_BYTES[type]);
  }
}

function arrowField(field: FieldSpec, index: number): Field {
  return new Field(field.name, arrowType(field.type, index), field.nullable);
}

function arrowType(type: ColumnType, index: number): DataType {
  switch (type) {
    case "f64":
      return new Float64();
    case "f32":
      return new Float32();
    case "i32":
      return new Int32();
    case "u32":
      return new Uint32();
    case "u16":
      return new Uint16();
    case "u8":
      return new Uint8();
    case "i64":
      return new Int64();
    case "u64":
      return new Uint64();
    case "timestamp":
      return new TimestampMillisecond("UTC");
    case "bool":
      return new Bool();
    case "utf8":
      return new Utf8();
    case "category":
      return new Dictionary(new Utf8(), new Uint8(), index, false);
  }
}

/**
 * Arrow's IPC messages, as FlatBuffers (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).
 *
 * A record batch's metadata has the same size and shape for every batch of a schema: only its numbers differ. So it is
 * built once, and sealing a batch copies these bytes and writes the numbers into their places.
 */

import { Builder } from "flatbuffers";
import { alignUp } from "../arena.ts";
import {
  DICTIONARY_BATCH,
  DICTIONARY_ENCODING,
  FIELD,
  FLOATING_POINT,
  HEADER,
  INT,
  KEY_VALUE,
  MESSAGE,
  METADATA_V5,
  MILLISECOND,
  PRECISION,
  putTable,
  putVector,
  RECORD_BATCH,
  SCHEMA,
  TIMESTAMP,
  TYPE,
  vtableSlot,
} from "./ipc-tables.ts";
import type { ColumnType, FieldSpec } from "./schema.ts";

/** Metadata of a record batch with the places of its numbers, as byte offsets into `bytes`. */
export interface RecordBatchTemplate {
  /** Continuation marker, length and metadata, padded to 8: what precedes the body. */
  readonly bytes: Uint8Array;
  readonly rowsAt: number;
  readonly bodyBytesAt: number;
  /** First of the field nodes: 16 bytes each (rows, nulls). */
  readonly nodesAt: number;
  /** First of the buffers: 16 bytes each (offset in the body, length). */
  readonly buffersAt: number;
}

/** Ends an IPC stream. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** What precedes the first batch of an IPC stream: the schema, then one dictionary for each category column. */
export function streamPreamble(
  fields: readonly FieldSpec[],
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  return concatBytes([schemaMessage(fields, metadata), ...dictionaryMessages(fields)]);
}

/** A dictionary for each category column, in the columns' order. */
export function dictionaryMessages(fields: readonly FieldSpec[]): readonly Uint8Array[] {
  return fields.flatMap((field, index) =>
    field.type === "category" ? [dictionaryMessage(index, field.values ?? [])] : [],
  );
}

/** Builds the metadata of a record batch of `fields`, all numbers zero. */
export function recordBatchTemplate(fields: readonly FieldSpec[]): RecordBatchTemplate {
  const buffers = fields.reduce((count, { type }) => count + (type === "utf8" ? 3 : 2), 0);
  const bytes = message(HEADER.recordBatch, 0n, (builder) =>
    recordBatch(
      builder,
      fields.map(() => 0),
      Array.from({ length: buffers }, () => [0, 0]),
      0,
    ),
  );
  const view = new DataView(bytes.buffer);
  /** What an offset leads to. */
  const follow = (at: number) => at + view.getUint32(at, true);
  const fieldAt = (table: number, slot: number) =>
    table + view.getUint16(table - view.getInt32(table, true) + vtableSlot(slot), true);
  const root = follow(8);
  const batch = follow(fieldAt(root, MESSAGE.header));
  /** First element of a vector, behind the vector's length. */
  const first = (slot: number) => follow(fieldAt(batch, slot)) + 4;
  return {
    bytes,
    rowsAt: fieldAt(batch, RECORD_BATCH.length),
    bodyBytesAt: fieldAt(root, MESSAGE.bodyLength),
    nodesAt: fields.length === 0 ? 0 : first(RECORD_BATCH.nodes),
    buffersAt: buffers === 0 ? 0 : first(RECORD_BATCH.buffers),
  };
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((bytes, part) => bytes + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.byteLength;
  }
  return joined;
}

export function schemaMessage(
  fields: readonly FieldSpec[],
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  return message(HEADER.schema, 0n, (builder) => schemaTable(builder, fields, metadata));
}

/** The schema's table in a FlatBuffer: of the message that begins a stream, or of the footer that ends a file. */
export function schemaTable(
  builder: Builder,
  fields: readonly FieldSpec[],
  metadata: ReadonlyMap<string, string>,
): number {
  const places = fields.map((field, index) => schemaField(builder, field, index));
  const vector = putVector(builder, places);
  const custom = putVector(builder, keyValues(builder, metadata));
  return putTable(builder, [SCHEMA.fields, "at", vector], [SCHEMA.metadata, "at", custom]);
}

export function keyValues(builder: Builder, metadata: ReadonlyMap<string, string>): number[] {
  return [...metadata].map(([name, text]) => {
    const [key, value] = [builder.createString(name), builder.createString(text)];
    return putTable(builder, [KEY_VALUE.key, "at", key], [KEY_VALUE.value, "at", value]);
  });
}

function schemaField(builder: Builder, field: FieldSpec, index: number): number {
  const name = builder.createString(field.name);
  const [typeType, type] = arrowType(builder, field.type);
  const dictionary = field.type === "category" ? dictionaryEncoding(builder, index) : 0;
  const children = putVector(builder, []);
  return putTable(
    builder,
    [FIELD.name, "at", name],
    [FIELD.nullable, "u8", field.nullable ? 1 : 0],
    [FIELD.typeType, "u8", typeType],
    [FIELD.type, "at", type],
    ...(dictionary === 0 ? [] : [[FIELD.dictionary, "at", dictionary] as const]),
    [FIELD.children, "at", children],
  );
}

function dictionaryEncoding(builder: Builder, id: number): number {
  const indexType = integer(builder, 8, false);
  return putTable(
    builder,
    [DICTIONARY_ENCODING.id, "i64", BigInt(id)],
    [DICTIONARY_ENCODING.indexType, "at", indexType],
  );
}

/** Kind of the type, and where the type's own table lies. */
function arrowType(builder: Builder, type: ColumnType): [kind: number, at: number] {
  switch (type) {
    case "f64":
      return [TYPE.floatingPoint, putTable(builder, [FLOATING_POINT.precision, "i16", PRECISION.double])];
    case "f32":
      return [TYPE.floatingPoint, putTable(builder, [FLOATING_POINT.precision, "i16", PRECISION.single])];
    case "i32":
      return [TYPE.int, integer(builder, 32, true)];
    case "u32":
      return [TYPE.int, integer(builder, 32, false)];
    case "u16":
      return [TYPE.int, integer(builder, 16, false)];
    case "u8":
      return [TYPE.int, integer(builder, 8, false)];
    case "i64":
      return [TYPE.int, integer(builder, 64, true)];
    case "u64":
      return [TYPE.int, integer(builder, 64, false)];
    case "timestamp": {
      const zone = builder.createString("UTC");
      const [unit, timezone] = [
        [TIMESTAMP.unit, "i16", MILLISECOND],
        [TIMESTAMP.timezone, "at", zone],
      ] as const;
      return [TYPE.timestamp, putTable(builder, unit, timezone)];
    }
    case "bool":
      return [TYPE.bool, putTable(builder)];
    case "utf8":
    case "category":
      return [TYPE.utf8, putTable(builder)];
  }
}

function integer(builder: Builder, bits: number, isSigned: boolean): number {
  return putTable(builder, [INT.bitWidth, "i32", bits], [INT.isSigned, "u8", isSigned ? 1 : 0]);
}

function dictionaryMessage(id: number, values: readonly string[]): Uint8Array {
  const texts = values.map((value) => new TextEncoder().encode(value));
  const offsets = new Int32Array(values.length + 1);
  texts.forEach((text, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + text.byteLength;
  });
  const offsetBytes = alignUp(offsets.byteLength, 8);
  const textBytes = offsets[values.length] ?? 0;
  const body = new Uint8Array(offsetBytes + alignUp(textBytes, 8));
  body.set(new Uint8Array(offsets.buffer));
  body.set(concatBytes(texts), offsetBytes);
  const head = message(HEADER.dictionaryBatch, BigInt(body.byteLength), (builder) => {
    const buffers: [number, number][] = [
      [0, 0],
      [0, offsets.byteLength],
      [offsetBytes, textBytes],
    ];
    const data = recordBatch(builder, [values.length], buffers, values.length);
    return putTable(builder, [DICTIONARY_BATCH.id, "i64", BigInt(id)], [DICTIONARY_BATCH.data, "at", data]);
  });
  return concatBytes([head, body]);
}

function recordBatch(
  builder: Builder,
  nodes: readonly number[],
  buffers: readonly (readonly number[])[],
  rows: number,
): number {
  // Vectors of structs are built back to front.
  builder.startVector(16, buffers.length, 8);
  for (const [offset, length] of [...buffers].reverse()) {
    builder.prep(8, 16);
    builder.writeInt64(BigInt(length ?? 0));
    builder.writeInt64(BigInt(offset ?? 0));
  }
  const bufferVector = builder.endVector();
  builder.startVector(16, nodes.length, 8);
  for (const length of [...nodes].reverse()) {
    builder.prep(8, 16);
    builder.writeInt64(0n);
    builder.writeInt64(BigInt(length));
  }
  const nodeVector = builder.endVector();
  return putTable(
    builder,
    [RECORD_BATCH.length, "i64", BigInt(rows)],
    [RECORD_BATCH.nodes, "at", nodeVector],
    [RECORD_BATCH.buffers, "at", bufferVector],
  );
}

/** Marker, length and FlatBuffer of one message, padded so that the body starts on a multiple of 8. */
function message(headerType: number, bodyBytes: bigint, header: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(256);
  // Zeros are written out, so that every number has a place it can be overwritten in.
  builder.forceDefaults(true);
  const at = header(builder);
  builder.finish(
    putTable(
      builder,
      [MESSAGE.version, "i16", METADATA_V5],
      [MESSAGE.headerType, "u8", headerType],
      [MESSAGE.header, "at", at],
      [MESSAGE.bodyLength, "i64", bodyBytes],
    ),
  );
  const metadata = builder.asUint8Array();
  const padded = alignUp(metadata.byteLength, 8);
  const bytes = new Uint8Array(8 + padded);
  const words = new DataView(bytes.buffer);
  words.setUint32(0, 0xffffffff, true);
  words.setUint32(4, padded, true);
  bytes.set(metadata, 8);
  return bytes;
}

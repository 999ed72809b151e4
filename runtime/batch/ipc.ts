/**
 * Arrow's IPC messages, as FlatBuffers (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).
 *
 * A record batch's metadata has the same size and shape for every batch of a schema: only its numbers differ. So it is
 * built once, and sealing a batch copies these bytes and writes the numbers into their places.
 */

import { Bool } from "apache-arrow/fb/bool";
import { DictionaryBatch } from "apache-arrow/fb/dictionary-batch";
import { DictionaryEncoding } from "apache-arrow/fb/dictionary-encoding";
import { Field } from "apache-arrow/fb/field";
import { FloatingPoint } from "apache-arrow/fb/floating-point";
import { Int } from "apache-arrow/fb/int";
import { KeyValue } from "apache-arrow/fb/key-value";
import { Message } from "apache-arrow/fb/message";
import { MessageHeader } from "apache-arrow/fb/message-header";
import { MetadataVersion } from "apache-arrow/fb/metadata-version";
import { Precision } from "apache-arrow/fb/precision";
import { RecordBatch } from "apache-arrow/fb/record-batch";
import { Schema } from "apache-arrow/fb/schema";
import { TimeUnit } from "apache-arrow/fb/time-unit";
import { Timestamp } from "apache-arrow/fb/timestamp";
import { Type } from "apache-arrow/fb/type";
import { Utf8 } from "apache-arrow/fb/utf8";
import { Builder, ByteBuffer } from "flatbuffers";
import { alignUp } from "../arena.ts";
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
  const bytes = message(MessageHeader.RecordBatch, 0n, (builder) =>
    recordBatch(
      builder,
      fields.map(() => 0),
      Array.from({ length: buffers }, () => [0, 0]),
      0,
    ),
  );
  const decoded = Message.getRootAsMessage(new ByteBuffer(bytes.subarray(8)));
  const batch = decoded.header(new RecordBatch()) as RecordBatch;
  const at = (table: { bb: ByteBuffer | null; bb_pos: number }, vtableSlot: number) =>
    8 + table.bb_pos + (table.bb as ByteBuffer).__offset(table.bb_pos, vtableSlot);
  return {
    bytes,
    // Slots of the vtables: Message { version 4, header_type 6, header 8, bodyLength 10 }, RecordBatch { length 4 }.
    rowsAt: at(batch, 4),
    bodyBytesAt: at(decoded, 10),
    nodesAt: fields.length === 0 ? 0 : 8 + (batch.nodes(0)?.bb_pos ?? 0),
    buffersAt: buffers === 0 ? 0 : 8 + (batch.buffers(0)?.bb_pos ?? 0),
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
  return message(MessageHeader.Schema, 0n, (builder) => schemaTable(builder, fields, metadata));
}

/** The schema's table in a FlatBuffer: of the message that begins a stream, or of the footer that ends a file. */
export function schemaTable(
  builder: Builder,
  fields: readonly FieldSpec[],
  metadata: ReadonlyMap<string, string>,
): number {
  const vector = Schema.createFieldsVector(
    builder,
    fields.map((field, index) => schemaField(builder, field, index)),
  );
  const custom = Schema.createCustomMetadataVector(builder, keyValues(builder, metadata));
  Schema.startSchema(builder);
  Schema.addFields(builder, vector);
  Schema.addCustomMetadata(builder, custom);
  return Schema.endSchema(builder);
}

export function keyValues(builder: Builder, metadata: ReadonlyMap<string, string>): number[] {
  return [...metadata].map(([key, value]) =>
    KeyValue.createKeyValue(builder, builder.createString(key), builder.createString(value)),
  );
}

function schemaField(builder: Builder, field: FieldSpec, index: number): number {
  const name = builder.createString(field.name);
  const isCategory = field.type === "category";
  const [typeId, type] = arrowType(builder, field.type);
  let dictionary = 0;
  if (isCategory) {
    const indexType = Int.createInt(builder, 8, false);
    DictionaryEncoding.startDictionaryEncoding(builder);
    DictionaryEncoding.addId(builder, BigInt(index));
    DictionaryEncoding.addIndexType(builder, indexType);
    dictionary = DictionaryEncoding.endDictionaryEncoding(builder);
  }
  const children = Field.createChildrenVector(builder, []);
  Field.startField(builder);
  Field.addName(builder, name);
  Field.addNullable(builder, field.nullable);
  Field.addTypeType(builder, typeId);
  Field.addType(builder, type);
  if (isCategory) Field.addDictionary(builder, dictionary);
  Field.addChildren(builder, children);
  return Field.endField(builder);
}

function arrowType(builder: Builder, type: ColumnType): [Type, number] {
  switch (type) {
    case "f64":
      return [Type.FloatingPoint, FloatingPoint.createFloatingPoint(builder, Precision.DOUBLE)];
    case "f32":
      return [Type.FloatingPoint, FloatingPoint.createFloatingPoint(builder, Precision.SINGLE)];
    case "i32":
      return [Type.Int, Int.createInt(builder, 32, true)];
    case "u32":
      return [Type.Int, Int.createInt(builder, 32, false)];
    case "u16":
      return [Type.Int, Int.createInt(builder, 16, false)];
    case "u8":
      return [Type.Int, Int.createInt(builder, 8, false)];
    case "i64":
      return [Type.Int, Int.createInt(builder, 64, true)];
    case "u64":
      return [Type.Int, Int.createInt(builder, 64, false)];
    case "timestamp": {
      const zone = builder.createString("UTC");
      return [Type.Timestamp, Timestamp.createTimestamp(builder, TimeUnit.MILLISECOND, zone)];
    }
    case "bool":
      Bool.startBool(builder);
      return [Type.Bool, Bool.endBool(builder)];
    case "utf8":
    case "category":
      Utf8.startUtf8(builder);
      return [Type.Utf8, Utf8.endUtf8(builder)];
  }
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
  const head = message(MessageHeader.DictionaryBatch, BigInt(body.byteLength), (builder) => {
    const buffers: [number, number][] = [
      [0, 0],
      [0, offsets.byteLength],
      [offsetBytes, textBytes],
    ];
    const data = recordBatch(builder, [values.length], buffers, values.length);
    DictionaryBatch.startDictionaryBatch(builder);
    DictionaryBatch.addId(builder, BigInt(id));
    DictionaryBatch.addData(builder, data);
    return DictionaryBatch.endDictionaryBatch(builder);
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
  RecordBatch.startBuffersVector(builder, buffers.length);
  for (const [offset, length] of [...buffers].reverse()) {
    builder.prep(8, 16);
    builder.writeInt64(BigInt(length ?? 0));
    builder.writeInt64(BigInt(offset ?? 0));
  }
  const bufferVector = builder.endVector();
  RecordBatch.startNodesVector(builder, nodes.length);
  for (const length of [...nodes].reverse()) {
    builder.prep(8, 16);
    builder.writeInt64(0n);
    builder.writeInt64(BigInt(length));
  }
  const nodeVector = builder.endVector();
  RecordBatch.startRecordBatch(builder);
  RecordBatch.addLength(builder, BigInt(rows));
  RecordBatch.addNodes(builder, nodeVector);
  RecordBatch.addBuffers(builder, bufferVector);
  return RecordBatch.endRecordBatch(builder);
}

/** Marker, length and FlatBuffer of one message, padded so that the body starts on a multiple of 8. */
function message(type: MessageHeader, bodyBytes: bigint, header: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(256);
  // Zeros are written out, so that every number has a place it can be overwritten in.
  builder.forceDefaults(true);
  const at = header(builder);
  Message.startMessage(builder);
  Message.addVersion(builder, MetadataVersion.V5);
  Message.addHeaderType(builder, type);
  Message.addHeader(builder, at);
  Message.addBodyLength(builder, bodyBytes);
  builder.finish(Message.endMessage(builder));
  const metadata = builder.asUint8Array();
  const padded = alignUp(metadata.byteLength, 8);
  const bytes = new Uint8Array(8 + padded);
  const words = new DataView(bytes.buffer);
  words.setUint32(0, 0xffffffff, true);
  words.setUint32(4, padded, true);
  bytes.set(metadata, 8);
  return bytes;
}

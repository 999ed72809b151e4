/**
 * The way back from what a segment head says of a dataset: Arrow IPC schema and dictionaries, as `schemaOf` writes them, to
 * the fields that its batches were laid out by. What is not of our own making is not understood, and told so.
 */

import { Buffer } from "node:buffer";
import { DictionaryBatch } from "apache-arrow/fb/dictionary-batch";
import type { Field } from "apache-arrow/fb/field";
import { FloatingPoint } from "apache-arrow/fb/floating-point";
import { Int } from "apache-arrow/fb/int";
import { Message } from "apache-arrow/fb/message";
import { MessageHeader } from "apache-arrow/fb/message-header";
import { Precision } from "apache-arrow/fb/precision";
import { RecordBatch } from "apache-arrow/fb/record-batch";
import { Schema } from "apache-arrow/fb/schema";
import { TimeUnit } from "apache-arrow/fb/time-unit";
import { Timestamp } from "apache-arrow/fb/timestamp";
import { Type } from "apache-arrow/fb/type";
import { ByteBuffer } from "flatbuffers";
import type { ColumnType, FieldSpec } from "../../../runtime/batch/index.ts";

interface IpcMessage {
  readonly message: Message;
  readonly body: Uint8Array;
}

/** @returns the fields, in their order; undefined when the text is no schema of ours */
export function readSchema(base64: string): readonly FieldSpec[] | undefined {
  try {
    const messages = [...ipcMessages(Buffer.from(base64, "base64"))];
    const schema = messages[0]?.message.header(new Schema()) as Schema | null | undefined;
    if (messages[0]?.message.headerType() !== MessageHeader.Schema || !schema) return undefined;
    const dictionaries = new Map(messages.slice(1).map(readDictionary));
    return Array.from({ length: schema.fieldsLength() }, (_, index) => {
      const field = schema.fields(index) as Field;
      const spec = { name: field.name() ?? "", nullable: field.nullable(), type: typeOf(field) };
      const values = dictionaries.get(Number(field.dictionary()?.id() ?? -1));
      return values === undefined ? spec : { ...spec, values };
    });
  } catch {
    // Whatever the library stumbled over: the text is not what we write.
    return undefined;
  }
}

function* ipcMessages(bytes: Uint8Array): Generator<IpcMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.byteLength; ) {
    const bodyAt = at + 8 + view.getUint32(at + 4, true);
    if (bodyAt > bytes.byteLength) throw new RangeError("a message is cut short");
    const message = Message.getRootAsMessage(new ByteBuffer(bytes.subarray(at + 8, bodyAt)));
    const end = bodyAt + Number(message.bodyLength());
    yield { message, body: bytes.subarray(bodyAt, end) };
    at = end;
  }
}

function readDictionary({ message, body }: IpcMessage): readonly [id: number, values: readonly string[]] {
  const dictionary = message.header(new DictionaryBatch()) as DictionaryBatch;
  const batch = dictionary.data(new RecordBatch()) as RecordBatch;
  const [offsetsAt, textAt] = [1, 2].map((index) => Number(batch.buffers(index)?.offset() ?? 0));
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const place = (index: number) => textAt! + view.getInt32(offsetsAt! + index * 4, true);
  const values = Array.from({ length: Number(batch.length()) }, (_, index) =>
    new TextDecoder().decode(body.subarray(place(index), place(index + 1))),
  );
  return [Number(dictionary.id()), values];
}

function typeOf(field: Field): ColumnType {
  switch (field.typeType()) {
    case Type.FloatingPoint: {
      const type = field.type(new FloatingPoint()) as FloatingPoint;
      return type.precision() === Precision.DOUBLE ? "f64" : "f32";
    }
    case Type.Int: {
      const type = field.type(new Int()) as Int;
      const name = `${type.isSigned() ? "i" : "u"}${type.bitWidth()}`;
      if (!INTEGERS.has(name)) break;
      return name as ColumnType;
    }
    case Type.Timestamp: {
      const type = field.type(new Timestamp()) as Timestamp;
      if (type.unit() !== TimeUnit.MILLISECOND) break;
      return "timestamp";
    }
    case Type.Bool:
      return "bool";
    case Type.Utf8:
      return field.dictionary() === null ? "utf8" : "category";
  }
  throw new RangeError(`field ${field.name()} is of a type that no batch of ours has`);
}

const INTEGERS: ReadonlySet<string> = new Set(["u8", "u16", "u32", "u64", "i32", "i64"]);

/** Protobuf read the plain way, by the text of the schema and the table of wire types: what the encoder is compared with. */

import assert from "node:assert/strict";

interface FieldOfMessage {
  readonly name: string;
  readonly type: string;
}

/** Fields by number, by message. */
export type Messages = ReadonlyMap<string, ReadonlyMap<number, FieldOfMessage>>;

/** A message read: what was there, in the order in which it stood. Whole numbers are bigints. */
export type ReadMessage = ReadonlyMap<string, unknown>;

const TIMESTAMP: ReadonlyMap<number, FieldOfMessage> = new Map([
  [1, { name: "seconds", type: "int64" }],
  [2, { name: "nanos", type: "int32" }],
]);

/** The messages of a schema's text. @throws AssertionError on a line that is not of the few forms that ours has */
export function parseSchema(schema: string): Messages {
  const messages = new Map<string, ReadonlyMap<number, FieldOfMessage>>([
    ["google.protobuf.Timestamp", TIMESTAMP],
  ]);
  let fields = new Map<number, FieldOfMessage>();
  for (const line of schema.split("\n").map((text) => text.trim())) {
    const message = /^message (\w+) \{$/.exec(line);
    const field = /^(?:optional )?([\w.]+) (\w+) = (\d+);$/.exec(line);
    if (message !== null) {
      fields = new Map();
      assert.ok(!messages.has(message[1]!), `message ${message[1]} is declared once`);
      messages.set(message[1]!, fields);
    } else if (field !== null) {
      const number = Number(field[3]);
      assert.ok(!fields.has(number), `number ${number} is given once`);
      fields.set(number, { type: field[1]!, name: field[2]! });
    } else {
      assert.match(line, /^(|\/\/.*|\}|syntax .*|package .*|import .*|oneof \w+ \{)$/);
    }
  }
  return messages;
}

/** Every `Record` of a stream, each behind its length. */
export function readRecords(messages: Messages, bytes: Uint8Array): ReadMessage[] {
  const records: ReadMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [length, start] = varint(bytes, at);
    at = start + Number(length);
    assert.ok(at <= bytes.length, "the last record is whole");
    records.push(readMessage(messages, "Record", bytes.subarray(start, at)));
  }
  return records;
}

function readMessage(messages: Messages, type: string, bytes: Uint8Array): ReadMessage {
  const fields = messages.get(type);
  assert.ok(fields, `message ${type} is declared`);
  const read = new Map<string, unknown>();
  let last = 0;
  for (let at = 0; at < bytes.length; ) {
    const [tag, start] = varint(bytes, at);
    const number = Number(tag >> 3n);
    const field = fields.get(number);
    assert.ok(field, `${type} has a field ${number}`);
    assert.ok(number > last, "fields ascend");
    last = number;
    const [value, next] = readValue(messages, field, Number(tag & 7n), bytes, start);
    read.set(field.name, value);
    at = next;
  }
  return read;
}

function readValue(
  messages: Messages,
  { type, name }: FieldOfMessage,
  wireType: number,
  bytes: Uint8Array,
  at: number,
): [unknown, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const expect = (expected: number) => assert.equal(wireType, expected, `wire type of ${name}`);
  switch (type) {
    case "double":
      expect(1);
      return [view.getFloat64(at, true), at + 8];
    case "fixed64":
      expect(1);
      return [view.getBigUint64(at, true), at + 8];
    case "float":
      expect(5);
      return [view.getFloat32(at, true), at + 4];
    case "fixed32":
      expect(5);
      return [BigInt(view.getUint32(at, true)), at + 4];
    case "bool":
    case "uint32":
    case "uint64":
    case "int32":
    case "int64":
    case "sint32":
    case "sint64": {
      expect(0);
      const [value, next] = varint(bytes, at);
      if (type === "bool") return [value === 1n, next];
      if (type.startsWith("sint")) return [(value >> 1n) ^ -(value & 1n), next];
      return [type.startsWith("uint") ? value : BigInt.asIntN(64, value), next];
    }
    default: {
      expect(2);
      const [length, start] = varint(bytes, at);
      const end = start + Number(length);
      const inner = bytes.subarray(start, end);
      assert.equal(inner.length, Number(length));
      if (type === "string") {
        const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        return [decoder.decode(inner), end];
      }
      const message = readMessage(messages, type, inner);
      return [type.endsWith("Timestamp") ? momentOf(message) : message, end];
    }
  }
}

function momentOf(message: ReadMessage): { readonly ms: bigint } {
  const part = (name: string) => (message.get(name) ?? 0n) as bigint;
  const nanos = part("nanos");
  assert.ok(nanos >= 0n && nanos < 1_000_000_000n && nanos % 1_000_000n === 0n, "whole milliseconds");
  assert.ok(!message.has("nanos") || nanos > 0n, "what is 0 is left out");
  return { ms: part("seconds") * 1000n + nanos / 1_000_000n };
}

/** @returns its 64 bits, unsigned, and the place after it */
function varint(bytes: Uint8Array, start: number): [bigint, number] {
  let value = 0n;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at]!;
    value |= BigInt(byte & 0x7f) << BigInt((at - start) * 7);
    if (byte < 0x80) {
      assert.ok(byte !== 0 || at === start, "as short as it goes");
      return [BigInt.asUintN(64, value), at + 1];
    }
  }
  throw new Error(`the varint at byte ${start} has no end`);
}

/** MessagePack read the plain way, by the table of its specification: what the encoder is compared with. */

import assert from "node:assert/strict";

/** A whole number is a bigint, a moment a Date's milliseconds in an object: so nothing is taken for something else. */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | { readonly ms: bigint }
  | ReadonlyMap<string, unknown>;

/** Every value of a stream, one behind the other. */
export function readMsgpack(bytes: Uint8Array): MsgpackValue[] {
  const values: MsgpackValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [value, next] = readOne(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at);
    values.push(value);
    at = next;
  }
  return values;
}

function readOne(bytes: DataView, at: number): [MsgpackValue, number] {
  const type = bytes.getUint8(at);
  if (type < 0x80) return [BigInt(type), at + 1];
  if (type < 0x90) return map(bytes, at + 1, type & 0x0f);
  if (type >= 0xa0 && type < 0xc0) return text(bytes, at + 1, type & 0x1f);
  if (type >= 0xe0) return [BigInt(type - 0x100), at + 1];
  switch (type) {
    case 0xc0:
      return [null, at + 1];
    case 0xc2:
      return [false, at + 1];
    case 0xc3:
      return [true, at + 1];
    case 0xc7: {
      assert.equal(bytes.getUint8(at + 1), 12, "the only extension is the moment of 96 bits");
      assert.equal(bytes.getInt8(at + 2), -1);
      return [moment(bytes.getBigInt64(at + 7), BigInt(bytes.getUint32(at + 3))), at + 15];
    }
    case 0xca:
      return [bytes.getFloat32(at + 1), at + 5];
    case 0xcb:
      return [bytes.getFloat64(at + 1), at + 9];
    case 0xcc:
      return [BigInt(bytes.getUint8(at + 1)), at + 2];
    case 0xcd:
      return [BigInt(bytes.getUint16(at + 1)), at + 3];
    case 0xce:
      return [BigInt(bytes.getUint32(at + 1)), at + 5];
    case 0xcf:
      return [bytes.getBigUint64(at + 1), at + 9];
    case 0xd0:
      return [BigInt(bytes.getInt8(at + 1)), at + 2];
    case 0xd1:
      return [BigInt(bytes.getInt16(at + 1)), at + 3];
    case 0xd2:
      return [BigInt(bytes.getInt32(at + 1)), at + 5];
    case 0xd3:
      return [bytes.getBigInt64(at + 1), at + 9];
    case 0xd7: {
      assert.equal(bytes.getInt8(at + 1), -1);
      const both = bytes.getBigUint64(at + 2);
      return [moment(both & (2n ** 34n - 1n), both >> 34n), at + 10];
    }
    case 0xd9:
      return text(bytes, at + 2, bytes.getUint8(at + 1));
    case 0xda:
      return text(bytes, at + 3, bytes.getUint16(at + 1));
    case 0xdb:
      return text(bytes, at + 5, bytes.getUint32(at + 1));
    case 0xde:
      return map(bytes, at + 3, bytes.getUint16(at + 1));
    default:
      throw new Error(`type 0x${type.toString(16)} at byte ${at} is not one that records have`);
  }
}

function moment(seconds: bigint, nanos: bigint): MsgpackValue {
  assert.ok(nanos < 1_000_000_000n && nanos % 1_000_000n === 0n, "whole milliseconds");
  return { ms: seconds * 1000n + nanos / 1_000_000n };
}

function text(bytes: DataView, at: number, length: number): [string, number] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return [decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset + at, length)), at + length];
}

function map(bytes: DataView, start: number, entries: number): [ReadonlyMap<string, unknown>, number] {
  const read = new Map<string, unknown>();
  let at = start;
  for (let entry = 0; entry < entries; entry++) {
    const [key, valueAt] = readOne(bytes, at);
    assert.equal(typeof key, "string");
    assert.ok(!read.has(key as string), `key ${key} stands once`);
    const [value, next] = readOne(bytes, valueAt);
    read.set(key as string, value);
    at = next;
  }
  return [read, at];
}

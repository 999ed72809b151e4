/**
 * Protobuf's values (https://protobuf.dev/programming-guides/encoding/), back to front: each function writes so that the value
 * ends before byte `at`, and returns the place of its first byte.
 */

import { BackLiteral } from "./back-buffer.ts";

/** Wire types. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;
/** Bytes of the longest varint. */
export const MAX_VARINT_BYTES = 10;
/** Room for a moment: its length, 11 bytes of seconds, 6 of nanoseconds; a multiple of 4. */
export const MOMENT_BYTES = 20;

const TWO_32 = 4294967296;

/** What stands before a field's value, as a number that is written as a varint. */
export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Writes a tag: mostly one byte, else two. */
export function backTag(into: DataView, at: number, tag: number): number {
  if (tag < 0x80) {
    into.setUint8(at - 1, tag);
    return at - 1;
  }
  return backVarint32(into, at, tag);
}

/** Writes an unsigned number of 32 bits. */
export function backVarint32(into: DataView, at: number, value: number): number {
  if (value < 0x80) {
    into.setUint8(at - 1, value);
    return at - 1;
  }
  if (value < 0x4000) {
    into.setUint16(at - 2, (value & 0x7f) | 0x80 | ((value >>> 7) << 8), true);
    return at - 2;
  }
  const start = at - (((38 - Math.clz32(value)) / 7) | 0);
  let rest = value;
  let to = start;
  for (; rest >= 0x80; rest >>>= 7) into.setUint8(to++, (rest & 0x7f) | 0x80);
  into.setUint8(to, rest);
  return start;
}

/** Writes 64 bits, given as halves; signs do not matter. */
export function backVarint64(into: DataView, at: number, low: number, high: number): number {
  if (high === 0) return backVarint32(into, at, low >>> 0);
  const bits = 64 - Math.clz32(high);
  const start = at - Math.ceil(bits / 7);
  let lower = low >>> 0;
  let upper = high >>> 0;
  let to = start;
  for (; upper !== 0; upper >>>= 7) {
    into.setUint8(to++, (lower & 0x7f) | 0x80);
    lower = ((lower >>> 7) | (upper << 25)) >>> 0;
  }
  for (; lower >= 0x80; lower >>>= 7) into.setUint8(to++, (lower & 0x7f) | 0x80);
  into.setUint8(to, lower);
  return start;
}

/** Writes a whole number, |value| ≤ 2^53, as an int64 or uint64. */
export function backWhole(into: DataView, at: number, value: number): number {
  if (value >= 0 && value < TWO_32) return backVarint32(into, at, value);
  const high = Math.floor(value / TWO_32);
  return backVarint64(into, at, value - high * TWO_32, high);
}

/** A text, its length before it. */
export function textLiteral(text: string): BackLiteral {
  const bytes = new TextEncoder().encode(text);
  const head = new DataView(new ArrayBuffer(MAX_VARINT_BYTES));
  const start = backVarint32(head, MAX_VARINT_BYTES, bytes.length);
  return new BackLiteral([...new Uint8Array(head.buffer, start), ...bytes]);
}

/** Writes moments as google.protobuf.Timestamp, their length before them. Rows that came together often have the same. */
export class MomentField {
  readonly #bytes = new DataView(new ArrayBuffer(MOMENT_BYTES));
  readonly #words = new Uint32Array(this.#bytes.buffer);
  #ms = Number.NaN;
  /** Place of its first byte in `#bytes`, which it ends with. */
  #start = MOMENT_BYTES;

  put(into: DataView, at: number, ms: number): number {
    if (ms !== this.#ms) this.#set(ms);
    const words = this.#words;
    const first = this.#start >>> 2;
    for (let word = words.length - 1, to = at - 4; word >= first; word--, to -= 4) {
      into.setUint32(to, words[word]!, true);
    }
    return at - MOMENT_BYTES + this.#start;
  }

  #set(ms: number): void {
    const bytes = this.#bytes;
    const seconds = Math.floor(ms / 1000);
    const nanos = (ms - seconds * 1000) * 1_000_000;
    let at = MOMENT_BYTES;
    if (nanos !== 0) {
      at = backVarint32(bytes, at, nanos);
      bytes.setUint8(--at, NANOS_TAG);
    }
    if (seconds !== 0) {
      at = backWhole(bytes, at, seconds);
      bytes.setUint8(--at, SECONDS_TAG);
    }
    bytes.setUint8(at - 1, MOMENT_BYTES - at);
    this.#start = at - 1;
    this.#ms = ms;
  }
}

const SECONDS_TAG = tagOf(1, VARINT);
const NANOS_TAG = tagOf(2, VARINT);

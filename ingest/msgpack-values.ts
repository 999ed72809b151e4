/** Reads MessagePack's values as plain ones, and passes over what is not wanted. Nothing beyond the body's end is read; what would is refused. */

import type { BodyBytes } from "./body-bytes.ts";
import { BodyFault, type BodyPlace } from "./decoder.ts";
import {
  ARRAY16,
  BIN8,
  BIN32,
  EXT8,
  FIXEXT1,
  FLOAT32,
  FLOAT64,
  INT8,
  INT16,
  INT32,
  INT64,
  MAP16,
  NEVER_USED,
  NIL,
  STR8,
  STR32,
  TRUE,
  UINT8,
  UINT16,
  UINT32,
  UINT64,
} from "./msgpack-bytes.ts";
import { momentOf } from "./msgpack-moment.ts";
import { Malformed } from "./row-decoder.ts";

const TIMESTAMP = 0xff;
const TWO_32 = 4294967296;

const NOT_UTF8 = new Malformed("text in UTF-8", "bytes that are not UTF-8");
/** Bytes behind the first one of numbers, FLOAT32 to INT64. */
export const NUMBER_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

export class MsgpackValues {
  /** Byte of the memory that is read next. */
  at: number;
  protected readonly bytes: BodyBytes;
  /** Where the body ends. */
  protected readonly end: number;
  readonly #start: number;

  constructor(bytes: BodyBytes, body: BodyPlace) {
    this.bytes = bytes;
    this.#start = body.at;
    this.end = body.at + body.bytes;
    this.at = body.at;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.end - this.at;
  }

  fault(expected: string, got: string): BodyFault {
    return new BodyFault(expected, got, this.at - this.#start);
  }

  /** What there is to say of a body that ends too early. */
  cut(): BodyFault {
    return new BodyFault("a whole value", "the end of the body", this.end - this.#start);
  }

  /** Elements of the array that begins here; undefined: none does. */
  tryArray(): number | undefined {
    const count = this.#tryHead(0x90, ARRAY16);
    return count < 0 ? undefined : count;
  }

  /** Entries of the map that begins here; -1: none does, and nothing was read. */
  tryMap(): number {
    return this.#tryHead(0x80, MAP16);
  }

  /**
   * Reads any value as a plain one. What is nested or binary is known by its kind and size alone.
   * @param isWide whether whole numbers beyond 2^53 become bigint, or the nearest double
   * @param isMoment whether a timestamp becomes milliseconds
   */
  value(isWide: boolean, isMoment: boolean): unknown {
    if (this.at >= this.end) return this.cut();
    const first = this.bytes.u8[this.at]!;
    if (first < 0x80 || first >= 0xe0) {
      this.at++;
      return (first << 24) >> 24;
    }
    if (first >= FLOAT32 && first <= INT64) return this.#plainNumber(first, isWide);
    if (first < 0xa0 || first >= ARRAY16) return this.#nested();
    if (first < 0xc0 || (first >= STR8 && first <= STR32)) return this.#plainText(first);
    if (first === NEVER_USED)
      return this.fault("a MessagePack value", "the byte 0xc1, which none begins with");
    if (first <= TRUE) {
      this.at++;
      return first === NIL ? null : first === TRUE;
    }
    if (first <= BIN32) {
      const from = this.#open(first - BIN8, 0);
      return from instanceof BodyFault ? from : {};
    }
    return this.#extension(first, isMoment);
  }

  /** Passes over so many values and all that is nested in them. */
  skip(count: number): BodyFault | undefined {
    // Each value takes a byte at least, so that this ends.
    for (let left = count; left > 0; left--) {
      if (left > this.left) return this.cut();
      let nested = this.#tryHead(0x90, ARRAY16);
      if (nested < 0) nested = this.#tryHead(0x80, MAP16) * 2;
      if (nested >= 0) {
        left += nested;
        continue;
      }
      const value = this.value(false, false);
      if (value instanceof BodyFault) return value;
    }
    return undefined;
  }

  /** Elements that the head of an array, or entries that that of a map says there are; moves behind it. -1: it is none. */
  #tryHead(fix: number, wide: number): number {
    const { at } = this;
    if (at >= this.end) return -1;
    const first = this.bytes.u8[at]!;
    if ((first & 0xf0) === fix) {
      this.at = at + 1;
      return first & 0x0f;
    }
    if (first !== wide && first !== wide + 1) return -1;
    const next = at + (first === wide ? 3 : 5);
    if (next > this.end) return -1;
    this.at = next;
    return this.length(first - wide + 1, at + 1);
  }

  /** An unsigned number of 1, 2 or 4 bytes: 2 ** width. */
  protected length(width: number, at: number): number {
    const { u8, view } = this.bytes;
    return width === 0 ? u8[at]! : width === 1 ? view.getUint16(at) : view.getUint32(at);
  }

  protected number(first: number, at: number): number {
    const { u8, view } = this.bytes;
    switch (first) {
      case FLOAT32:
        return view.getFloat32(at);
      case FLOAT64:
        return view.getFloat64(at);
      case UINT8:
        return u8[at]!;
      case UINT16:
        return view.getUint16(at);
      case UINT32:
        return view.getUint32(at);
      case INT8:
        return view.getInt8(at);
      case INT16:
        return view.getInt16(at);
      case INT32:
        return view.getInt32(at);
      default: {
        const high = first === UINT64 ? view.getUint32(at) : view.getInt32(at);
        return high * TWO_32 + view.getUint32(at + 4);
      }
    }
  }

  #plainNumber(first: number, isWide: boolean): unknown {
    const from = this.at + 1;
    const next = from + NUMBER_BYTES[first - FLOAT32]!;
    if (next > this.end) return this.cut();
    this.at = next;
    const value = this.number(first, from);
    const isWhole = first === UINT64 || first === INT64;
    if (!isWhole || !isWide || Number.isSafeInteger(value)) return value;
    const { view } = this.bytes;
    return first === UINT64 ? view.getBigUint64(from) : view.getBigInt64(from);
  }

  #nested(): unknown {
    const elements = this.#tryHead(0x90, ARRAY16);
    const nested = elements >= 0 ? elements : this.#tryHead(0x80, MAP16) * 2;
    if (nested < 0) return this.cut();
    const fault = this.skip(nested);
    if (fault !== undefined) return fault;
    if (elements < 0) return {};
    const list: unknown[] = [];
    list.length = elements;
    return list;
  }

  #plainText(first: number): unknown {
    const { at } = this;
    const from = first >= STR8 ? this.#open(first - STR8, 0) : this.#take(at + 1, first & 0x1f);
    if (from instanceof BodyFault) return from;
    return this.bytes.text(from, this.at) ?? NOT_UTF8;
  }

  #extension(first: number, isMoment: boolean): unknown {
    const from =
      first >= FIXEXT1 ? this.#take(this.at + 1, (1 << (first - FIXEXT1)) + 1) : this.#open(first - EXT8, 1);
    if (from instanceof BodyFault) return from;
    if (!isMoment || this.bytes.u8[from] !== TIMESTAMP) return {};
    return momentOf(this.bytes.view, from + 1, this.at - from - 1) ?? {};
  }

  /** Moves behind a value whose length, of 2 ** width bytes, stands behind its first byte, and `more` bytes before what it counts. */
  #open(width: number, more: number): number | BodyFault {
    const from = this.at + 1 + (1 << width);
    return from > this.end ? this.cut() : this.#take(from, this.length(width, this.at + 1) + more);
  }

  /** Moves behind so many bytes. @returns where they begin */
  #take(from: number, bytes: number): number | BodyFault {
    if (from + bytes > this.end) return this.cut();
    this.at = from + bytes;
    return from;
  }
}

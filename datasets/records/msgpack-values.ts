/** MessagePack's values, one by one. Each function writes at byte `at` and returns the place after its last byte. */

export const NIL = 0xc0;
/** True is the one behind it. */
export const FALSE = 0xc2;
export const FLOAT32 = 0xca;
export const FLOAT64 = 0xcb;
const UINT8 = 0xcc;
const UINT16 = 0xcd;
export const UINT32 = 0xce;
export const UINT64 = 0xcf;
const INT8 = 0xd0;
const INT16 = 0xd1;
const INT32 = 0xd2;
const INT64 = 0xd3;
const FIXEXT8 = 0xd7;
const EXT8 = 0xc7;
const TIMESTAMP = 0xff;
const TWO_32 = 4294967296;
/** Seconds that a timestamp of 64 bits has room for. */
const TWO_34 = 2 ** 34;
/** Bytes of a moment at the most. */
export const TIMESTAMP_BYTES = 15;

/** Writes a whole number from 0 to 2^53. */
export function putWhole(into: DataView, at: number, value: number): number {
  if (value < TWO_32) return putUint32(into, at, value);
  const high = Math.floor(value / TWO_32);
  return putUint64(into, at, value - high * TWO_32, high);
}

export function putUint32(into: DataView, at: number, value: number): number {
  if (value < 0x80) {
    into.setUint8(at, value);
    return at + 1;
  }
  if (value < 0x100) {
    into.setUint16(at, (UINT8 << 8) | value);
    return at + 2;
  }
  if (value < 0x10000) {
    into.setUint8(at, UINT16);
    into.setUint16(at + 1, value);
    return at + 3;
  }
  into.setUint8(at, UINT32);
  into.setUint32(at + 1, value);
  return at + 5;
}

export function putInt32(into: DataView, at: number, value: number): number {
  if (value >= 0) return putUint32(into, at, value);
  if (value >= -0x20) {
    into.setInt8(at, value);
    return at + 1;
  }
  if (value >= -0x80) {
    into.setUint8(at, INT8);
    into.setInt8(at + 1, value);
    return at + 2;
  }
  if (value >= -0x8000) {
    into.setUint8(at, INT16);
    into.setInt16(at + 1, value);
    return at + 3;
  }
  into.setUint8(at, INT32);
  into.setInt32(at + 1, value);
  return at + 5;
}

/** @param low and @param high its halves, both unsigned */
export function putUint64(into: DataView, at: number, low: number, high: number): number {
  if (high === 0) return putUint32(into, at, low);
  into.setUint8(at, UINT64);
  into.setUint32(at + 1, high);
  into.setUint32(at + 5, low);
  return at + 9;
}

/** @param low its lower half, unsigned @param high its upper half, signed */
export function putInt64(into: DataView, at: number, low: number, high: number): number {
  if (high >= 0) return putUint64(into, at, low, high);
  if (high === -1 && low >= 0x80000000) return putInt32(into, at, low | 0);
  into.setUint8(at, INT64);
  into.setInt32(at + 1, high);
  into.setUint32(at + 5, low);
  return at + 9;
}

/** Writes a moment of whole milliseconds. */
export function putTimestamp(into: DataView, at: number, ms: number): number {
  const seconds = Math.floor(ms / 1000);
  const nanos = (ms - seconds * 1000) * 1_000_000;
  const high = Math.floor(seconds / TWO_32);
  const low = seconds - high * TWO_32;
  if (seconds >= 0 && seconds < TWO_34) {
    into.setUint16(at, (FIXEXT8 << 8) | TIMESTAMP);
    // 30 bits of nanoseconds, 34 of seconds.
    into.setUint32(at + 2, nanos * 4 + high);
    into.setUint32(at + 6, low);
    return at + 10;
  }
  into.setUint16(at, (EXT8 << 8) | 12);
  into.setUint8(at + 2, TIMESTAMP);
  into.setUint32(at + 3, nanos);
  into.setInt32(at + 7, high);
  into.setUint32(at + 11, low);
  return at + 15;
}

/** What stands before a map of so many entries, at most 65535. */
export function mapHead(entries: number): readonly number[] {
  return entries < 16 ? [0x80 | entries] : [0xde, entries >>> 8, entries & 0xff];
}

/** What stands before a text of so many bytes. */
export function strHead(bytes: number): readonly number[] {
  if (bytes < 32) return [0xa0 | bytes];
  if (bytes < 0x100) return [0xd9, bytes];
  if (bytes < 0x10000) return [0xda, bytes >>> 8, bytes & 0xff];
  return [0xdb, bytes >>> 24, (bytes >>> 16) & 0xff, (bytes >>> 8) & 0xff, bytes & 0xff];
}

export function strOf(text: string): readonly number[] {
  const bytes = new TextEncoder().encode(text);
  return [...strHead(bytes.length), ...bytes];
}

/**
 * One set of typed arrays over a whole buffer (the shared memory, or a piece of a log file), made once per thread. A column is read as `views.f64[at + row]`
 * with `at = offset / 8`: no array is made per batch or per column, and the garbage collector has nothing to do.
 */

export interface MemoryViews {
  readonly buffer: ArrayBufferLike;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
}

const viewsByBuffer = new WeakMap<ArrayBufferLike, MemoryViews>();

/** The views of a buffer, whose length is a multiple of 8. That of a WebAssembly.Memory must not grow afterwards. */
export function viewsOf(buffer: ArrayBufferLike): MemoryViews {
  let views = viewsByBuffer.get(buffer);
  if (views === undefined) {
    views = {
      buffer,
      u8: new Uint8Array(buffer),
      u16: new Uint16Array(buffer),
      i32: new Int32Array(buffer),
      u32: new Uint32Array(buffer),
      f32: new Float32Array(buffer),
      f64: new Float64Array(buffer),
      u64: new BigUint64Array(buffer),
      i64: new BigInt64Array(buffer),
    };
    viewsByBuffer.set(buffer, views);
  }
  return views;
}

const TWO_32 = 4294967296;

/**
 * Writes an integer as 64 bits, little-endian, without making a BigInt (which allocates).
 * @param word index into `i32` of the low half
 * @param value a whole number, |value| < 2^53
 */
export function writeInt64(i32: Int32Array, word: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  i32[word] = value - high * TWO_32;
  i32[word + 1] = high;
}

/** Reads 64 bits as a signed number; exact for |value| < 2^53, else rounded to the nearest double. */
export function readInt64(i32: Int32Array, word: number): number {
  return i32[word + 1]! * TWO_32 + (i32[word]! >>> 0);
}

/** Reads 64 bits as an unsigned number; exact below 2^53, else rounded to the nearest double. */
export function readUint64(i32: Int32Array, word: number): number {
  return (i32[word + 1]! >>> 0) * TWO_32 + (i32[word]! >>> 0);
}

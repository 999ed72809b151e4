/**
 * The state of open windows as bytes, for a checkpoint. Little-endian, without alignment; what is written in one order is read in
 * the same.
 */

const FIRST_BYTES = 4096;

export class StateWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  /** Any double, infinities and NaN among them. */
  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  /** @param from memory that the bytes lie in */
  bytes(from: Uint8Array, at: number, length: number): void {
    const start = this.#room(length);
    this.#bytes.set(from.subarray(at, at + length), start);
  }

  /** All that was written: a view, until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room: the views may be others afterwards. */
  #room(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.byteLength * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** Reading it again. A read past the end throws RangeError: the bytes are not what was written. */
export class StateReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** Copies the next `length` bytes to `at` in `into`. */
  bytes(into: Uint8Array, at: number, length: number): void {
    const start = this.#take(length);
    into.set(this.#bytes.subarray(start, start + length), at);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength;
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.byteLength) {
      throw new RangeError(`expected ${bytes} more bytes of state; there are ${this.#bytes.byteLength - at}`);
    }
    this.#at = at + bytes;
    return at;
  }
}

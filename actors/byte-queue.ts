/** Bytes that wait to be pulled or written, in the pieces they came in; given out in pieces of a bounded size. */

export class ByteQueue {
  /** Bytes that wait. */
  byteLength = 0;
  #parts: Uint8Array[] = [];

  /** Keeps `bytes` without a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#parts.push(bytes);
    this.byteLength += bytes.byteLength;
  }

  /**
   * The next bytes, at most `maxBytes`, in a buffer of exactly their size, so that sending it to another thread sends no more.
   * A piece that is that already is given out as it is; others are copied together.
   */
  take(maxBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = Math.min(maxBytes, this.byteLength);
    const first = this.#parts[0];
    if (first !== undefined && isWhole(first) && first.byteLength <= bytes && bytes < 2 * first.byteLength) {
      this.#parts.shift();
      this.byteLength -= first.byteLength;
      return first;
    }
    return this.#copy(bytes);
  }

  /** All pieces, which the queue gives up. */
  takeAll(): readonly Uint8Array[] {
    const parts = this.#parts;
    this.clear();
    return parts;
  }

  clear(): void {
    this.#parts = [];
    this.byteLength = 0;
  }

  #copy(byteLength: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(byteLength);
    let filled = 0;
    while (filled < byteLength) {
      const part = this.#parts[0]!;
      const bytes = Math.min(part.byteLength, byteLength - filled);
      taken.set(part.subarray(0, bytes), filled);
      filled += bytes;
      if (bytes === part.byteLength) this.#parts.shift();
      else this.#parts[0] = part.subarray(bytes);
    }
    this.byteLength -= filled;
    return taken;
  }
}

function isWhole(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
}

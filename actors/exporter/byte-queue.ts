/** Bytes that wait to be pulled, in the pieces they came in, given out in pieces of a bounded size. */

export class ByteQueue {
  /** Bytes that wait. */
  byteLength = 0;
  readonly #parts: Uint8Array[] = [];

  /** Keeps `bytes` without a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#parts.push(bytes);
    this.byteLength += bytes.byteLength;
  }

  /** The next bytes, at most `maxBytes`: a copy of exactly its size, so that sending it to another thread sends no more. */
  take(maxBytes: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(Math.min(maxBytes, this.byteLength));
    let filled = 0;
    while (filled < taken.byteLength) {
      const part = this.#parts[0]!;
      const bytes = Math.min(part.byteLength, taken.byteLength - filled);
      taken.set(part.subarray(0, bytes), filled);
      filled += bytes;
      if (bytes === part.byteLength) this.#parts.shift();
      else this.#parts[0] = part.subarray(bytes);
    }
    this.byteLength -= filled;
    return taken;
  }

  clear(): void {
    this.#parts.length = 0;
    this.byteLength = 0;
  }
}

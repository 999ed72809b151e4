/**
 * Bytes that are written from their end to their beginning.
 *
 * Literals are written four bytes at a time, and so a little before their first byte: there is room for that before
 * everything, and whoever writes goes backward.
 */

/** Bytes before its first that writing a literal may touch. */
const SLACK_BYTES = 3;

export class BackBuffer {
  /** Replaced by `begin`. */
  view: DataView<ArrayBuffer>;
  /** Place of the first byte written. */
  start: number;

  constructor(bytes: number) {
    this.view = new DataView(new ArrayBuffer(bytes));
    this.start = bytes;
  }

  /** Forgets what was written, and makes room for so many bytes. */
  begin(bytes: number): void {
    const needed = bytes + SLACK_BYTES;
    if (needed > this.view.byteLength) {
      this.view = new DataView(new ArrayBuffer(Math.max(needed, this.view.byteLength * 2)));
    }
    this.start = this.view.byteLength;
  }

  /** What was written, in place: until the next `begin`. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view.buffer, this.start);
  }
}

/** Bytes that are written again and again. */
export class BackLiteral {
  readonly length: number;
  readonly #words: Uint32Array;

  constructor(bytes: ArrayLike<number>) {
    const padded = new Uint8Array((bytes.length + 3) & ~3);
    padded.set(bytes, padded.length - bytes.length);
    this.length = bytes.length;
    this.#words = new Uint32Array(padded.buffer);
  }

  /** Writes it so that it ends before byte `at`. @returns the place of its first byte */
  put(into: DataView, at: number): number {
    const words = this.#words;
    for (let word = words.length - 1, to = at - 4; word >= 0; word--, to -= 4) {
      into.setUint32(to, words[word]!, true);
    }
    return at - this.length;
  }
}

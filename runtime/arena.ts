/**
 * Hands out regions of the one shared WebAssembly memory.
 *
 * Lanes, metric cells, mailbox counters and kernel scratch all live in the memory that the kernels work on, so that a
 * kernel is called with an offset and nothing is copied. The arena is a bump allocator: everything is placed once, before
 * the first actor starts, and stays for the life of the process, so there is nothing to free and nothing to fragment.
 * Only the thread that builds the system owns an arena; every other thread is handed offsets.
 */

/** Two cache lines: the adjacent-line prefetcher pulls lines in pairs, so words of different owners lie this far apart. */
export const CACHE_PAIR_BYTES = 128;

export class ArenaFull extends Error {
  override readonly name = "ArenaFull";
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  #next: number;
  readonly #end: number;

  /**
   * @param memory shared memory that does not grow (initial equals maximum), so its buffer is one for life
   * @param fromByte first byte that may be handed out; what lies below belongs to the kernels' static data
   */
  constructor(memory: WebAssembly.Memory, fromByte: number) {
    const buffer = memory.buffer as ArrayBufferLike;
    if (!(buffer instanceof SharedArrayBuffer)) {
      throw new TypeError("the arena needs a shared WebAssembly.Memory; came one that is not shared");
    }
    this.memory = memory;
    this.#next = alignUp(fromByte, CACHE_PAIR_BYTES);
    this.#end = buffer.byteLength;
  }

  /** Bytes not handed out yet. */
  get freeBytes(): number {
    return this.#end - this.#next;
  }

  /**
   * A zeroed region of at least `bytes`, as its byte offset.
   * @param alignBytes a power of two; default 128
   * @throws ArenaFull when the memory is too small: a mistake of sizing, found at start; RangeError for a size that is none
   */
  allocate(bytes: number, what: string, alignBytes = CACHE_PAIR_BYTES): number {
    if (!Number.isInteger(bytes) || bytes < 0) {
      throw new RangeError(`${what}: expected a whole number of bytes from 0 on; came ${bytes}`);
    }
    const offset = alignUp(this.#next, alignBytes);
    if (offset + bytes > this.#end) {
      throw new ArenaFull(
        `no room for ${what}: it takes ${bytes} bytes, ${Math.max(0, this.#end - offset)} of ${this.#end} are left; ` +
          "give the shared memory more bytes or the lanes fewer slots",
      );
    }
    this.#next = offset + bytes;
    return offset;
  }
}

/** `value` rounded up to a multiple of `alignment`, a power of two. Values stay below 2^53. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

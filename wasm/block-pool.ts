/**
 * Blocks of a bounded piece of shared memory, for the state of open windows. Sizes are powers of two; a freed block waits in
 * a list of its size for the next one that asks, so a steady load settles into a steady set of blocks. When the load changes, and
 * no block of a size is left, what lies free side by side is put together again and cut anew.
 */

import type { BlockAllocator } from "./sketch.ts";

/** The pool has no room for this block. Expected under too many groups: whoever asked goes without, and counts it. */
export class PoolExhausted extends Error {
  override readonly name = "PoolExhausted";
}

/** Putting together looks at every free block: only when this share of the pool was freed since the last time. */
const WORTH_IT = 1 / 16;
/** What is smaller than this when it is put together goes into the lists at once, so that there are few pieces. */
const PIECE_BYTES = 32 * 1024;

interface Piece {
  from: number;
  to: number;
}

export class BlockPool implements BlockAllocator {
  /** What is not cut into blocks; the last one is cut first. */
  #pieces: Piece[];
  readonly #bytes: number;
  readonly #free = new Map<number, number[]>();
  #freedSince = 0;
  #usedBytes = 0;

  /** @param at byte offset, a multiple of 8 */
  constructor(at: number, bytes: number) {
    this.#bytes = bytes;
    this.#pieces = [{ from: at, to: at + bytes }];
  }

  /** Bytes of the blocks that are given out. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @param bytes a power of two, at least 8. @throws PoolExhausted */
  allocate(bytes: number): number {
    const block = this.#free.get(bytes)?.pop() ?? this.#cut(bytes) ?? this.#cutAnew(bytes);
    if (block === undefined) throw new PoolExhausted(`no block of ${bytes} bytes is left`);
    this.#usedBytes += bytes;
    return block;
  }

  free(block: number, bytes: number): void {
    this.#usedBytes -= bytes;
    this.#freedSince += bytes;
    this.#list(block, bytes);
  }

  #list(block: number, bytes: number): void {
    const blocks = this.#free.get(bytes);
    if (blocks === undefined) this.#free.set(bytes, [block]);
    else blocks.push(block);
  }

  #cut(bytes: number): number | undefined {
    for (let at = this.#pieces.length - 1; at >= 0; at--) {
      const piece = this.#pieces[at]!;
      if (piece.to - piece.from < bytes) continue;
      const block = piece.from;
      piece.from += bytes;
      if (piece.from === piece.to) this.#pieces.splice(at, 1);
      return block;
    }
    return undefined;
  }

  #cutAnew(bytes: number): number | undefined {
    if (this.#freedSince < this.#bytes * WORTH_IT) return undefined;
    this.#freedSince = 0;
    const joined = this.#joined();
    this.#free.clear();
    this.#pieces = joined.filter(({ from, to }) => to - from >= PIECE_BYTES);
    for (const piece of joined) if (piece.to - piece.from < PIECE_BYTES) this.#listAll(piece);
    return this.#free.get(bytes)?.pop() ?? this.#cut(bytes);
  }

  /** Everything that is not given out, as pieces that are as long as can be. */
  #joined(): Piece[] {
    const all = this.#pieces.map((piece) => ({ ...piece }));
    for (const [bytes, blocks] of this.#free) for (const from of blocks) all.push({ from, to: from + bytes });
    all.sort((a, b) => a.from - b.from);
    const joined: Piece[] = [];
    for (const piece of all) {
      const last = joined.at(-1);
      if (last?.to === piece.from) last.to = piece.to;
      else joined.push(piece);
    }
    return joined;
  }

  /** Cuts a piece into the largest blocks that there are in it. */
  #listAll({ from, to }: Piece): void {
    for (let bytes = PIECE_BYTES / 2; from < to; ) {
      if (bytes > to - from) bytes /= 2;
      else {
        this.#list(from, bytes);
        from += bytes;
      }
    }
  }
}

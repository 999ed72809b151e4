/**
 * The bytes of a text file on their way out: cut into pieces of one size, compressed where that is wanted.
 *
 * Compression is that of `node:zlib`, which streams on Bun and on Deno and works on a thread of its own, at its default levels
 * (gzip 6, zstd 3). It is given pieces of exactly PIECE_BYTES, because what gzip makes depends on where they end: so the same
 * rows give the same file however they came. Across runtimes the compressed bytes may differ, as each brings libraries of its
 * own; what is in them does not.
 *
 * Bounded: at most PENDING_PIECES are with the compressor, and who gives more waits.
 */

import { createGzip, createZstdCompress, type Gzip, type ZstdCompress } from "node:zlib";
import type { ByteSink } from "../format.ts";
import type { Compression } from "../order.ts";

/** Bytes of a piece; a file that is not compressed is handed on in such pieces too. */
export const PIECE_BYTES = 2 ** 18;
const PENDING_PIECES = 4;

export interface Pieces {
  /** Takes a piece of PIECE_BYTES, or the last one, and keeps it without a copy. @returns undefined: more may come at once */
  give(piece: Uint8Array): Promise<void> | undefined;
  /** Hands on what is ready. Waits for nothing that needs more input. */
  flush(): Promise<void> | undefined;
  /** Writes the rest. */
  end(): Promise<void> | undefined;
  close(): void;
}

export function openPieces(compression: Compression, sink: ByteSink): Pieces {
  switch (compression) {
    case "none":
      return { give: (piece) => void sink(piece), flush: nothing, end: nothing, close: nothing };
    case "gzip":
      return new CompressedPieces(createGzip(), sink);
    case "zstd":
      return new CompressedPieces(createZstdCompress(), sink);
  }
}

function nothing(): undefined {}

class CompressedPieces implements Pieces {
  readonly #stream: Gzip | ZstdCompress;
  readonly #ended: Promise<void>;
  #pending = 0;
  /** Resolves the promise that somebody waits for, when fewer are pending. */
  #fewer: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(stream: Gzip | ZstdCompress, sink: ByteSink) {
    this.#stream = stream;
    stream.on("data", (bytes: Uint8Array) => sink(bytes));
    this.#ended = new Promise((resolve, reject) => {
      stream.on("end", resolve);
      stream.on("error", (error: Error) => {
        this.#failure = error;
        this.#fewer?.();
        reject(error);
      });
    });
    // Looked at in `end`; a file that was given up has nobody to tell.
    this.#ended.catch(() => {});
  }

  give(piece: Uint8Array): Promise<void> | undefined {
    this.#pending++;
    this.#stream.write(piece, () => {
      this.#pending--;
      this.#fewer?.();
    });
    return this.#pending < PENDING_PIECES ? undefined : this.#until(PENDING_PIECES - 1);
  }

  /** What the compressor has not made a block of yet stays with it. Half of the pieces may stay pending: it works beside us. */
  flush(): Promise<void> | undefined {
    return this.#pending <= PENDING_PIECES / 2 ? undefined : this.#until(PENDING_PIECES / 2);
  }

  async end(): Promise<void> {
    this.#stream.end();
    await this.#ended;
  }

  close(): void {
    this.#stream.removeAllListeners("data");
    this.#stream.destroy();
  }

  async #until(most: number): Promise<void> {
    while (this.#pending > most && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#fewer = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

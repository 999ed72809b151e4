/** Chunks that wait for one client. It holds references: the bytes are the tap's, and of all clients that still want them. */

import { Fifo } from "../fifo.ts";
import type { SharedChunk } from "./shared-chunk.ts";

/** What a chunk costs beside its bytes: those that have none must not be without end either. */
const CHUNK_COST_BYTES = 64;

export class ClientQueue {
  readonly #capacityBytes: number;
  readonly #chunks = new Fifo<SharedChunk>();
  #bytes = 0;

  /** @param capacityBytes of all chunks that wait, 64 each beside their own; one always has room */
  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  /** Bytes of the chunks that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#chunks.length;
  }

  /** More waits than there is room for, and some of it can go. */
  get isOver(): boolean {
    const { length } = this.#chunks;
    return length > 1 && this.#bytes + length * CHUNK_COST_BYTES > this.#capacityBytes;
  }

  push(chunk: SharedChunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.byteLength;
  }

  peek(): SharedChunk | undefined {
    return this.#chunks.peek();
  }

  shift(): SharedChunk | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#bytes -= chunk.bytes.byteLength;
    return chunk;
  }

  /** From the oldest on. */
  [Symbol.iterator](): Iterator<SharedChunk> {
    return this.#chunks[Symbol.iterator]();
  }

  clear(): void {
    this.#chunks.clear();
    this.#bytes = 0;
  }
}

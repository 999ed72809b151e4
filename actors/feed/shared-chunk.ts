/** A chunk as all clients of a tap have it: one for all of them, by reference. */

import type { Chunk } from "../broadcaster/protocol.ts";
import type { Item } from "./subscription.ts";

const decoder = new TextDecoder();

export class SharedChunk implements Chunk {
  readonly kind = "chunk" satisfies Item["kind"];
  readonly dataset: string;
  readonly first: number;
  readonly next: number;
  readonly rows: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly writtenMs: number;
  #text: string | undefined;

  constructor({ dataset, first, next, rows, bytes, writtenMs }: Chunk) {
    this.dataset = dataset;
    this.first = first;
    this.next = next;
    this.rows = rows;
    this.bytes = bytes;
    this.writtenMs = writtenMs;
  }

  /**
   * The bytes as text, decoded once for all clients that take it in one turn. It is not kept for those that take it later: then
   * what waits would take more than its bytes, by which queues are bounded.
   */
  text(): string {
    if (this.#text === undefined) {
      this.#text = decoder.decode(this.bytes);
      queueMicrotask(() => {
        this.#text = undefined;
      });
    }
    return this.#text;
  }
}

const NOTHING = new Uint8Array(0);

/** A chunk that covers nothing: what a client has not had before `next` it is to read from the log. */
export function markAt(dataset: string, next: number): SharedChunk {
  return new SharedChunk({ dataset, first: next, next, rows: 0, bytes: NOTHING, writtenMs: 0 });
}

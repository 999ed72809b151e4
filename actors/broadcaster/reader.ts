/**
 * One reader: chunks that wait for it, and the one question about them that may be open.
 *
 * Whether it is still there is judged by its pulls: while one waits it is, and for READER_IDLE_MS after one was answered. When
 * more waits than READER_BYTES the oldest chunks go, and the reader is told for each of their taps how far: by a chunk that
 * covers no row, at the number up to which they are gone. So it knows of every hole before it is given anything behind it.
 */

import type { Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { Fifo } from "../fifo.ts";
import {
  type BroadcasterReplies,
  MAX_WAIT_MS,
  PULL_BYTES,
  READER_BYTES,
  READER_IDLE_MS,
  type TapChunk,
} from "./protocol.ts";

/** What a chunk costs beside its bytes: those that have none must not be without end either. */
const CHUNK_COST_BYTES = 256;

export interface ReaderOptions {
  readonly id: string;
  readonly after: (delayMs: number, handler: () => void) => Timer;
  /** Called when it has not pulled for too long. */
  readonly onExpiry: () => void;
  /** Called with the rows of a chunk that went unread. */
  readonly onDropped: (rows: number) => void;
}

export class Reader {
  readonly id: string;
  readonly #options: ReaderOptions;
  readonly #queue = new Fifo<TapChunk>();
  #queuedBytes = 0;
  /** By tap: what says how far its chunks are gone, and was not told yet. */
  readonly #gone = new Map<number, TapChunk>();
  #waiting: { readonly reply: Reply; readonly timer: Timer } | undefined;
  #expiry: Timer;

  constructor(options: ReaderOptions) {
    this.id = options.id;
    this.#options = options;
    this.#expiry = this.#armExpiry();
  }

  /** Queues a chunk. Never waits, never refuses: when there is no room the oldest goes. */
  push(chunk: TapChunk): void {
    this.#queue.push(chunk);
    this.#queuedBytes += costOf(chunk);
    while (this.#queuedBytes > READER_BYTES && this.#queue.length > 1) {
      const { tap, dataset, next, rows, writtenMs } = this.#shift()!;
      this.#gone.set(tap, { tap, dataset, first: next, next, rows: 0, bytes: new Uint8Array(0), writtenMs });
      this.#options.onDropped(rows);
    }
  }

  /** Answers the pull that waits, when there is something to answer it with. */
  flush(): void {
    if (this.#waiting !== undefined && this.#queue.length > 0) this.#answer();
  }

  /** A pull. One that still waits is answered with nothing: who asks again has given it up. */
  pull(waitMs: number, reply: Reply): void {
    this.#settle((waiting) => waiting(pulled([])));
    this.#expiry.cancel();
    const timer = this.#options.after(Math.min(Math.max(0, waitMs), MAX_WAIT_MS), () => this.#answer());
    this.#waiting = { reply, timer };
    if (waitMs > 0) this.flush();
    else this.#answer();
  }

  /** Ends it. `answer` is what a pull that waits gets. */
  end(answer: (reply: Reply) => void): void {
    this.#settle(answer);
    this.#expiry.cancel();
  }

  #answer(): void {
    const chunks: TapChunk[] = [...this.#gone.values()];
    this.#gone.clear();
    let bytes = 0;
    while (this.#queue.length > 0 && bytes < PULL_BYTES) {
      const chunk = this.#shift()!;
      bytes += costOf(chunk);
      chunks.push(chunk);
    }
    this.#settle((reply) => reply(pulled(chunks)));
    this.#expiry.cancel();
    this.#expiry = this.#armExpiry();
  }

  #shift(): TapChunk | undefined {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) this.#queuedBytes -= costOf(chunk);
    return chunk;
  }

  #settle(answer: (reply: Reply) => void): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    waiting.timer.cancel();
    answer(waiting.reply);
  }

  #armExpiry(): Timer {
    return this.#options.after(READER_IDLE_MS, this.#options.onExpiry);
  }
}

function costOf({ bytes }: TapChunk): number {
  return bytes.byteLength + CHUNK_COST_BYTES;
}

function pulled(chunks: readonly TapChunk[]): BroadcasterReplies["broadcast.pull"] {
  return { ok: true, chunks };
}

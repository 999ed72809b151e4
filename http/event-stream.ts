/**
 * Server-sent events that are told to a watcher, one text after the other: each is written when the one before was taken. A watcher
 * that takes nothing for STALL_MS is cut off, its connection too: who takes nothing does not take the end either.
 */

import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Clock } from "../runtime/clock.ts";
import type { RequestContext } from "./route.ts";
import { STALL_MS } from "./streams/limits.ts";

/** A comment that says that the stream lives. */
export const BEAT = ": still here\n\n";

/** Who reads one event stream. */
export class Watcher {
  /** It took nothing for STALL_MS, and was cut off. */
  isStalled = false;
  readonly #clock: Clock;
  readonly #stream: SSEStreamingApi;

  constructor(clock: Clock, stream: SSEStreamingApi) {
    this.#clock = clock;
    this.#stream = stream;
  }

  get isGone(): boolean {
    return this.#stream.aborted || this.#stream.closed;
  }

  onGone(gone: () => void): void {
    this.#stream.onAbort(gone);
  }

  /** Resolves when the watcher has taken it, or is cut off. */
  async write(text: string): Promise<void> {
    const stalled = this.#clock.after(STALL_MS, () => {
      this.isStalled = true;
      this.#stream.abort();
    });
    await this.#stream.write(text);
    stalled.cancel();
  }
}

/** Answers with what `run` tells the watcher, until it resolves. @param onOver called once, however it ends */
export function eventStream(
  c: RequestContext,
  clock: Clock,
  run: (watcher: Watcher) => Promise<void>,
  onOver: () => void,
): Response {
  // There is none where the app is asked without a server.
  const { connection } = c.env ?? {};
  connection?.keepOpen();
  return streamSSE(c, async (stream) => {
    const watcher = new Watcher(clock, stream);
    try {
      await run(watcher);
    } finally {
      onOver();
      if (watcher.isStalled) connection?.cutSoon();
    }
  });
}

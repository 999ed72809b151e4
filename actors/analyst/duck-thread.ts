/** DuckDB's thread as the engine sees it: made when it is first asked, asked one question at a time, and ended for good. */

import { Worker } from "node:worker_threads";
import type { DuckAnswer, DuckReplies, DuckRequest, DuckWorkerData } from "./duck-protocol.ts";

const ENTRY = new URL("./duck-worker.ts", import.meta.url);

export type Answered<Op extends DuckRequest["op"]> =
  | { readonly ok: true; readonly value: DuckReplies[Op] }
  | Extract<DuckAnswer, { readonly ok: false }>;

export class DuckThread {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #pending: PromiseWithResolvers<unknown> | undefined;
  /** Resolves when it can be asked, or never will. */
  readonly ready: Promise<unknown>;
  #isEnded = false;
  #died: string | undefined;

  constructor(memoryBytes: number) {
    const workerData: DuckWorkerData = { stop: this.#stop.buffer as SharedArrayBuffer, memoryBytes };
    this.#worker = new Worker(ENTRY, { workerData });
    this.#worker.on("message", (message: unknown) => {
      const pending = this.#pending;
      this.#pending = undefined;
      pending?.resolve(message);
    });
    this.#worker.on("error", (error: unknown) =>
      this.#dead(error instanceof Error ? error.message : String(error)),
    );
    this.#worker.on("exit", () => this.#dead("its thread ended"));
    this.ready = this.#next();
  }

  /** It was ended, or has died: another one is to be made. */
  get isEnded(): boolean {
    return this.#isEnded || this.#died !== undefined;
  }

  /** Never rejects. A thread that dies meanwhile answers `refused`, one that is ended `stopped`; both are broken. */
  async ask<Op extends DuckRequest["op"]>(request: Extract<DuckRequest, { op: Op }>): Promise<Answered<Op>> {
    await this.ready;
    if (this.#isEnded) return broken("stopped", "the thread was ended");
    if (this.#died !== undefined) return broken("refused", `DuckDB cannot run: ${this.#died}`);
    const answer = this.#next();
    const sent: DuckRequest = request;
    const transfer = sent.op === "insert" ? [sent.stream] : [];
    this.#worker.postMessage(sent, transfer);
    const came = (await answer) as Answered<Op> | undefined;
    if (came !== undefined) return came;
    return this.#isEnded
      ? broken("stopped", "the thread was ended")
      : broken(
          "refused",
          `DuckDB failed on this query (${this.#died}); write it in another way, or with less data`,
        );
  }

  /** Has the question under way, and any other, answered with `stopped`, mostly within 200 ms. */
  stop(): void {
    Atomics.store(this.#stop, 0, 1);
  }

  /** Takes the stop back: for the next query. */
  resume(): void {
    Atomics.store(this.#stop, 0, 0);
  }

  /** Ends the thread. What it was asked is answered at once; it may go on for a moment with what it is at. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.stop();
    this.#dead("its thread was ended");
    await this.#worker.terminate();
  }

  #next(): Promise<unknown> {
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  #dead(reason: string): void {
    this.#died ??= reason;
    this.#pending?.resolve(undefined);
    this.#pending = undefined;
  }
}

function broken(reason: "stopped" | "refused", message: string) {
  return { ok: false, reason, message, isBroken: true } as const;
}

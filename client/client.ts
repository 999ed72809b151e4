/**
 * Sends rows to Millrace from within a program that has other things to do.
 *
 * `send` writes the row down in a bounded buffer, and nothing else: it never waits and never throws, whatever it is given. Batches
 * leave one at a time and in order, when one is whole or the oldest row has waited `flushIntervalMs`; each until it is answered or given
 * up. When the buffer is full it is the newest rows that are dropped, as `send` can say so to who calls it. Every row is counted,
 * and offered = sent + buffered + dropped at any time.
 */

import type { ClientTimer } from "./clock.ts";
import { type Delivered, Delivery } from "./deliver.ts";
import {
  type CheckedOptions,
  type ClientOptions,
  type ClientStats,
  checkOptions,
  type DropReason,
} from "./options.ts";
import { type Batch, RowBuffer } from "./row-buffer.ts";

export interface Client {
  /** Takes a row: an object as `GET /v1/ingest` describes it. @returns whether it will be sent */
  send(row: object): boolean;
  /** Sends what waits, and resolves when all that was taken before is answered or given up. Does not reject. */
  flush(): Promise<void>;
  stats(): ClientStats;
  /** Takes no more rows, sends what waits for up to `withinMs` (default 5000), gives up what is left. Does not reject. */
  close(options?: { readonly withinMs?: number }): Promise<void>;
}

const CLOSE_WITHIN_MS = 5000;
const MESSAGES: Readonly<Record<Exclude<DropReason, "given-up">, string>> = {
  bad: "expected an object that can be written as JSON, of at most 1 MiB",
  full: "rows come faster than they are taken: maxBufferedRows or maxBufferedBytes wait",
  closed: "the client is closed",
};

/** @throws TypeError for options that cannot be used. Nothing else of the client throws. */
export function createClient(options: ClientOptions): Client {
  return new BufferingClient(checkOptions(options));
}

class BufferingClient implements Client {
  readonly #options: CheckedOptions;
  readonly #buffer: RowBuffer;
  readonly #counts = {
    ...{ offered: 0, accepted: 0, rejected: 0, retries: 0, callbackErrors: 0 },
    ...{ full: 0, givenUp: 0, bad: 0, closed: 0, notSampled: 0, disabled: 0 },
  };
  /** Rows that were taken, and of these those that came to their end: in order, so that a number says which. */
  #taken = 0;
  #settled = 0;
  /** Rows up to this one are to leave now. */
  #due = 0;
  #delivery: Delivery | undefined;
  #timer: ClientTimer | undefined;
  #leaving: ClientTimer | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #waiting: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #untold = new Map<Exclude<DropReason, "given-up">, number>();
  #telling: ClientTimer | undefined;

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#buffer = new RowBuffer(options.batchRows, options.maxBufferedRows, options.maxBufferedBytes);
  }

  send(row: object): boolean {
    try {
      return this.#take(row);
    } catch {
      // A getter, a proxy or `random` that throws.
      return this.#drop("bad");
    }
  }

  flush(): Promise<void> {
    const upTo = this.#taken;
    this.#due = upTo;
    this.#leave();
    if (this.#settled >= upTo) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ upTo, resolve }));
  }

  stats(): ClientStats {
    const { offered, accepted, rejected, retries, callbackErrors, ...dropped } = this.#counts;
    const buffered = this.#taken - this.#settled;
    return {
      offered,
      sent: accepted + rejected,
      accepted,
      rejected,
      dropped,
      buffered,
      retries,
      callbackErrors,
    };
  }

  close({ withinMs = CLOSE_WITHIN_MS }: { readonly withinMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(
      Number.isFinite(withinMs) ? Math.min(Math.max(0, withinMs), 2 ** 31 - 1) : CLOSE_WITHIN_MS,
    );
    return this.#closing;
  }

  #take(row: object): boolean {
    const { enabled, samplingRate, random } = this.#options;
    const counts = this.#counts;
    counts.offered++;
    if (!enabled) {
      counts.disabled++;
      return false;
    }
    if (this.#isClosed) return this.#drop("closed");
    if (samplingRate < 1 && !(random() < samplingRate)) {
      counts.notSampled++;
      return false;
    }
    const buffer = this.#buffer;
    const added = buffer.add(row);
    if (added !== "added") return this.#drop(added);
    this.#taken++;
    if (buffer.waiting === 1) this.#leaveInTime();
    if (buffer.hasBatch && this.#delivery === undefined) this.#leaveSoon();
    return true;
  }

  #drop(reason: Exclude<DropReason, "given-up">): false {
    this.#counts[reason]++;
    if (this.#options.onDrop === undefined) return false;
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + 1);
    this.#telling ??= this.#options.clock.after(this.#options.flushIntervalMs, () => this.#tellDrops());
    return false;
  }

  #tellDrops(): void {
    this.#telling?.cancel();
    this.#telling = undefined;
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const [reason, rows] of untold)
      this.#tell(this.#options.onDrop, { reason, rows, message: MESSAGES[reason] });
  }

  /** What waits leaves within a flush interval. */
  #leaveInTime(): void {
    this.#timer ??= this.#options.clock.after(this.#options.flushIntervalMs, () => {
      this.#timer = undefined;
      this.#due = this.#taken;
      this.#leave();
    });
  }

  /** Not in the caller's turn. */
  #leaveSoon(): void {
    this.#leaving ??= this.#options.clock.after(0, () => {
      this.#leaving = undefined;
      this.#leave();
    });
  }

  /** Sends the next batch, if it is time and none is on its way. */
  #leave(): void {
    if (this.#delivery !== undefined) return;
    const isDue = this.#settled < this.#due || this.#buffer.hasBatch;
    const batch = isDue ? this.#buffer.take() : undefined;
    if (batch === undefined) return;
    void this.#deliver(batch);
  }

  async #deliver(batch: Batch): Promise<void> {
    const { onResult, onDrop } = this.#options;
    const counts = this.#counts;
    const delivery = new Delivery(this.#options, batch);
    this.#delivery = delivery;
    const delivered = await delivery
      .run(() => counts.retries++)
      // `random` or `clock` threw.
      .catch((error: unknown): Delivered => ({ ok: false, message: String(error) }));
    this.#delivery = undefined;
    const { rows } = batch;
    if (delivered.ok) {
      counts.accepted += delivered.result.accepted;
      counts.rejected += delivered.result.rejected;
    } else {
      counts.givenUp += rows;
    }
    this.#buffer.settle(batch);
    this.#settle(rows);
    if (delivered.ok) this.#tell(onResult, delivered.result);
    else this.#tell(onDrop, { reason: "given-up", rows, message: delivered.message });
    this.#leave();
    if (this.#delivery === undefined && this.#buffer.waiting > 0) this.#leaveInTime();
  }

  #settle(rows: number): void {
    this.#settled += rows;
    const isDone = ({ upTo }: { readonly upTo: number }) => this.#settled >= upTo;
    const done = this.#waiting.filter(isDone);
    this.#waiting = this.#waiting.filter((one) => !isDone(one));
    for (const { resolve } of done) resolve();
  }

  async #close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    const flushed = this.flush();
    this.#delivery?.hurry();
    let isOver = false;
    const timeout = this.#options.clock.after(withinMs, () => {
      isOver = true;
      const rows = this.#buffer.clear();
      this.#counts.givenUp += rows;
      this.#settle(rows);
      if (rows > 0) {
        const message = "the client was closed, and its time was over";
        this.#tell(this.#options.onDrop, { reason: "given-up", rows, message });
      }
      this.#delivery?.giveUp();
    });
    await flushed;
    if (!isOver) timeout.cancel();
    this.#timer?.cancel();
    this.#tellDrops();
  }

  /** What a callback throws, or rejects with, is counted and goes no further. */
  #tell<T>(callback: ((value: T) => unknown) | undefined, value: T): void {
    if (callback === undefined) return;
    const count = () => void this.#counts.callbackErrors++;
    try {
      const returned = callback(value);
      if (returned instanceof Promise) returned.catch(count);
    } catch {
      count();
    }
  }
}

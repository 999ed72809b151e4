/**
 * Work that the program does on what comes out: callbacks and detectors. Started in the order it was put in, at most
 * `maxConcurrency` at once; what is done by the time it returns takes no place at all.
 *
 * **A deadline.** What takes longer than `timeoutMs` is counted as failed, and its place goes to the next: it cannot be stopped, but it
 * stalls nobody.
 */

import type { Clock, Timer } from "../../runtime/clock.ts";

export interface Work {
  /** Items that it holds: what its part of the buffer is. */
  readonly weight: number;
  /** Of such, only one is at work at a time. */
  readonly isExclusive: boolean;
  run(): unknown;
  /** It threw, rejected, or (with a TimedOut) took too long. Must not throw. */
  failed(error: unknown): void;
}

export interface DeliveryOptions {
  readonly maxConcurrency: number;
  /** Null: no deadline. */
  readonly timeoutMs: number | null;
  readonly clock: Clock;
}

/** A callback took longer than it may. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

export class Deliveries {
  /** Items that wait or are worked on. */
  weight = 0;
  readonly #options: DeliveryOptions;
  readonly #waiting: Work[] = [];
  /** First of those that wait. */
  #first = 0;
  readonly #running = new Set<Work>();
  #isExclusiveRunning = false;
  #isStarting = false;
  #listeners: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Work that is running, then what waits, in the order that it was put in. */
  *outstanding(): Generator<Work> {
    yield* this.#running;
    for (let index = this.#first; index < this.#waiting.length; index++) yield this.#waiting[index] as Work;
  }

  /** Whether it waits or is running. */
  has(work: Work): boolean {
    return this.#running.has(work) || this.#waiting.includes(work, this.#first);
  }

  put(work: Work): void {
    this.#waiting.push(work);
    this.weight += work.weight;
    this.#start();
  }

  /** Resolves when some work was done that was outstanding. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  /** Resolves when nothing is outstanding. */
  async idle(): Promise<void> {
    while (this.#running.size > 0 || this.#first < this.#waiting.length) await this.progress();
  }

  #start(): void {
    // A callback that returns at once must not be inside the one that it makes room for.
    if (this.#isStarting) return;
    this.#isStarting = true;
    for (let work = this.#waiting[this.#first]; work !== undefined; work = this.#waiting[this.#first]) {
      if (this.#running.size >= this.#options.maxConcurrency) break;
      if (work.isExclusive && this.#isExclusiveRunning) break;
      this.#take();
      this.#run(work);
    }
    this.#isStarting = false;
  }

  #take(): void {
    this.#first++;
    if (this.#first === this.#waiting.length) {
      this.#waiting.length = this.#first = 0;
    } else if (this.#first >= 1024 && this.#first * 2 >= this.#waiting.length) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
  }

  #run(work: Work): void {
    const { clock, timeoutMs } = this.#options;
    const startedMs = timeoutMs === null ? 0 : clock.monotonicMs();
    let promise: Promise<unknown> | undefined;
    try {
      const result = work.run();
      // One that is not the language's own may throw when it is waited for.
      if (isThenable(result)) promise = Promise.resolve(result);
    } catch (error) {
      this.weight -= work.weight;
      work.failed(error);
      return;
    }
    if (promise === undefined) {
      this.weight -= work.weight;
      if (timeoutMs === null) return;
      const tookMs = clock.monotonicMs() - startedMs;
      if (tookMs > timeoutMs) work.failed(timedOut(timeoutMs, tookMs));
      return;
    }
    this.#follow(work, promise);
  }

  #follow(work: Work, promise: Promise<unknown>): void {
    const { clock, timeoutMs } = this.#options;
    this.#running.add(work);
    if (work.isExclusive) this.#isExclusiveRunning = true;
    let timer: Timer | undefined;
    let isOver = false;
    const end = (error?: { readonly of: unknown }) => {
      if (isOver) return;
      isOver = true;
      timer?.cancel();
      this.#running.delete(work);
      this.weight -= work.weight;
      if (work.isExclusive) this.#isExclusiveRunning = false;
      if (error !== undefined) work.failed(error.of);
      this.#start();
      const listeners = this.#listeners;
      this.#listeners = [];
      for (const listener of listeners) listener();
    };
    if (timeoutMs !== null) timer = clock.after(timeoutMs, () => end({ of: timedOut(timeoutMs) }));
    promise.then(
      () => end(),
      (error) => end({ of: error }),
    );
  }
}

function timedOut(timeoutMs: number, tookMs?: number): TimedOut {
  const took = tookMs === undefined ? "it is not done yet" : `it took ${Math.round(tookMs)} ms`;
  return new TimedOut(`processingTimeout: expected a callback to be done within ${timeoutMs} ms; ${took}`);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

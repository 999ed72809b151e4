/**
 * A stream of items into windows, in the program's own thread: pulled from an async iterable, put into event-time windows a batch at a
 * time, and what closes handed to callbacks. builder.ts makes it.
 *
 * - **The source is held.** The next item is asked for only when items and windows that wait, those that callbacks work on among them,
 *   are fewer than `maxBufferSize`. So memory is bounded by that, by the batch for a detector, and by the space that windows lie in.
 * - **Nothing waits for a batch to fill.** A batch goes into its windows when it is full, or when the source has no item ready.
 * - **What comes out is a function of the items in their order**, of neither batches nor callbacks: the same stream gives the
 *   same windows, in the same order, under the same `sequence`.
 * - **Errors end nothing** but those of the source: a callback, a detector, an item that cannot be read are counted, told to
 *   `onError`, and the stream goes on.
 */

import { defaultSpace } from "../space.ts";
import { packCheckpoint, unpackCheckpoint } from "./checkpoint.ts";
import { isThenable, TimedOut } from "./deliveries.ts";
import { Intake } from "./intake.ts";
import { Meter, type StreamingMetrics } from "./meter.ts";
import { Outflow } from "./outflow.ts";
import type { EngineError, EnginePlan } from "./plan.ts";
import { expectSource, type Pull, pull, type Source } from "./pull.ts";
import type { WindowResult } from "./window-result.ts";
import { WindowStage } from "./window-stage.ts";

export interface IngestOptions {
  /** Ends the stream: no more is pulled, and what came is worked off. */
  readonly signal?: AbortSignal;
  /** Leaves open windows open for the next stream, or a checkpoint. Default false: they are closed. */
  readonly keepWindows?: boolean;
}

/** Of one stream. */
export interface IngestSummary {
  /** The source had no more; the signal; or `close`. */
  readonly ended: "end" | "aborted" | "closed";
  readonly itemsReceived: number;
  readonly vectorsProcessed: number;
  readonly windowsProcessed: number;
  readonly corrections: number;
  readonly patternsDetected: number;
  readonly errors: number;
  /** The first of them. */
  readonly firstError: EngineError | undefined;
}

export class Engine<In> {
  readonly #plan: EnginePlan;
  readonly #stage: WindowStage;
  readonly #meter: Meter;
  readonly #outflow: Outflow;
  readonly #intake: Intake;
  #pulling: Pull | undefined;
  /** The stream that is on. Never rejects. */
  #ingesting: Promise<void> | undefined;
  /** That a checkpoint had for callbacks. */
  #undelivered: readonly WindowResult[] = [];
  #firstError: EngineError | undefined;
  #isClosed = false;

  /** By the builder alone. @throws PoolExhausted when the space has no room for it */
  constructor(plan: EnginePlan) {
    const { settings, measures, key } = plan;
    const names = measures.map(({ name }) => name);
    // One less than the buffer, so that there is room for what a full batch closes.
    const rows = Math.min(settings.batchSize, settings.maxBufferSize - 1);
    const stage = new WindowStage(settings, settings.space ?? defaultSpace(), names, key !== undefined, rows);
    const meter = new Meter(
      settings.clock,
      () => stage.counts,
      () => this.#outflow.size,
    );
    const found = () => {
      meter.totals.patterns++;
    };
    this.#plan = plan;
    this.#stage = stage;
    this.#meter = meter;
    this.#outflow = new Outflow(plan, meter, () => stage.waiting);
    const reports = { failed: this.#failed, found };
    this.#intake = new Intake({ plan, stage, meter, reports, outflow: this.#outflow });
  }

  /**
   * Takes all items of a source, one stream at a time. At its end the windows are closed, unless `keepWindows`, and all callbacks have
   * been waited for. Another stream may follow.
   * @returns when all is done, what became of it. @throws what the source threw, when all that came before is done; Error when a
   * stream is on, or the engine is closed
   */
  async ingestStream(source: Source<In>, options: IngestOptions = {}): Promise<IngestSummary> {
    if (this.#isClosed) throw new Error("ingestStream: the engine is closed");
    if (this.#ingesting !== undefined) {
      throw new Error("ingestStream: expected one stream at a time; the one before has not ended");
    }
    expectSource(source);
    const ingesting = this.#ingest(source, options);
    const over = () => {
      this.#ingesting = undefined;
    };
    this.#ingesting = ingesting.then(over, over);
    return ingesting;
  }

  /** Since the engine was made, or `resetMetrics`. */
  metrics(): StreamingMetrics {
    return this.#meter.metrics();
  }

  resetMetrics(): void {
    this.#meter.reset();
  }

  /** Items of sources that are in the windows, since the engine was made or, by a checkpoint, the one before it. */
  get position(): number {
    return this.#intake.position;
  }

  /**
   * The engine's state as bytes: `position`, open windows, and windows whose callbacks are not done. Whoever goes on from it
   * (`restore`) gives the sources' items from number `position` on, and gets the same windows. It is taken between two items,
   * so a callback must not await it: that would wait for itself where there is no room for another.
   */
  async checkpoint(): Promise<Uint8Array> {
    if (this.#isClosed) throw new Error("checkpoint: the engine is closed");
    return this.#intake.between(() => {
      const undelivered = [...this.#undelivered, ...this.#outflow.undelivered()];
      return packCheckpoint({ position: this.position, undelivered }, this.#plan, this.#stage);
    });
  }

  /**
   * Goes on where another engine, built alike, was. Windows whose callbacks were not done are delivered again when the next stream
   * begins; items that wait for a detector are not part of a checkpoint.
   * @returns the item to go on with, counted from 0
   * @throws RangeError for bytes that are no checkpoint, or one of other windows; Error when this engine has had items
   */
  restore(checkpoint: Uint8Array): { readonly position: number } {
    if (this.#isClosed || this.position > 0 || this.#ingesting !== undefined) {
      throw new Error("restore: expected an engine that has had no item yet");
    }
    const { position, undelivered } = unpackCheckpoint(checkpoint, this.#plan, this.#stage);
    this.#intake.position = position;
    this.#undelivered = undelivered;
    return { position };
  }

  /** Calls the detector now, with what there is since it was called before. Resolves when it and its callbacks are done. */
  async detectPatterns(): Promise<void> {
    await this.#intake.detect();
  }

  /** Ends the stream that is on, as its signal would, and gives all memory back. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pulling?.stop();
    await this.#ingesting;
    this.#stage.free();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ingest(source: Source<In>, { signal, keepWindows = false }: IngestOptions): Promise<IngestSummary> {
    const mark = this.#meter.mark();
    this.#firstError = undefined;
    if (this.#undelivered.length > 0) {
      const again = this.#undelivered;
      // A checkpoint that is asked for meanwhile is taken when all of them are with their callbacks, and finds them there.
      this.#undelivered = [];
      await this.#intake.redeliver(again);
    }
    let fault: { readonly error: unknown } | undefined;
    let isAtEnd = false;
    try {
      isAtEnd = (await this.#pullAll(source, signal)) === "end";
    } catch (error) {
      fault = { error };
      this.#meter.totals.errors++;
    }
    await this.#intake.drain(keepWindows);
    if (fault !== undefined) throw fault.error;
    const { received, processed, windows, corrections, patterns, errors } = this.#meter.since(mark);
    return {
      ended: isAtEnd ? "end" : signal?.aborted === true ? "aborted" : "closed",
      itemsReceived: received,
      vectorsProcessed: processed,
      windowsProcessed: windows,
      patternsDetected: patterns,
      firstError: this.#firstError,
      ...{ corrections, errors },
    };
  }

  async #pullAll(source: Source<In>, signal: AbortSignal | undefined): Promise<"end" | "stopped"> {
    const pulling = pull(source, {
      clock: this.#plan.settings.clock,
      ready: () => this.#intake.ready(),
      take: (item) => this.#intake.take(item),
      failedToReturn: (error) => this.#failed({ kind: "source", error }),
    });
    const stop = () => pulling.stop();
    if (signal?.aborted === true || this.#isClosed) stop();
    signal?.addEventListener("abort", stop, { once: true });
    this.#pulling = pulling;
    try {
      return await pulling.ended;
    } finally {
      this.#pulling = undefined;
      signal?.removeEventListener("abort", stop);
    }
  }

  readonly #failed = (error: EngineError): void => {
    this.#firstError ??= error;
    this.#meter.totals.errors++;
    if (error.error instanceof TimedOut) this.#meter.totals.timeouts++;
    // An onError that fails has nobody to tell it to: it is counted.
    const failedAgain = () => {
      this.#meter.totals.errors++;
    };
    try {
      const told = this.#plan.onError?.(error);
      if (isThenable(told)) told.then(undefined, failedAgain);
    } catch {
      failedAgain();
    }
  };
}

/** What an engine counts. Totals only grow; a reset moves what they are counted from. */

import type { Clock } from "../../runtime/clock.ts";
import type { StageCounts } from "./window-stage.ts";

/** All since the engine was made, or `resetMetrics` was called. */
export interface StreamingMetrics {
  /** Items (after filter, map and flatMap) that went to the windows, late ones among them. */
  readonly vectorsProcessed: number;
  /** Items that came from sources. */
  readonly itemsReceived: number;
  readonly patternsDetected: number;
  /** From the coming of a batch's first item until the batch is in its windows: the mean over items. */
  readonly avgLatencyMs: number;
  /** `vectorsProcessed` between `startTime` and `lastUpdate`, a second. */
  readonly throughputPerSec: number;
  /** Windows that came out for the first time. */
  readonly windowsProcessed: number;
  /** Windows that came out again, as late items had changed them. */
  readonly corrections: number;
  /** What `bytes` says of the items; without it, what they take as columns: 8 each for time, key and measure. */
  readonly bytesProcessed: number;
  /** Times that the source had to wait for callbacks. */
  readonly backpressureEvents: number;
  /** Whatever went to `onError`, and sources that threw. */
  readonly errors: number;
  /** Callbacks that took too long, which are errors too. */
  readonly timeouts: number;
  /** Items and windows that wait, or are worked on; and the most there have been. */
  readonly bufferSize: number;
  readonly peakBufferSize: number;
  /** Items in no window: all of theirs were given up. */
  readonly late: number;
  /** Items in no window: they lay too far in the future. */
  readonly ahead: number;
  /** Items in no window: there was no room for their group. */
  readonly refused: number;
  /** Items in the group of all others. */
  readonly other: number;
  /** Values that are in no percentile for want of memory. */
  readonly truncated: number;
  /** When the first item came; null before. */
  readonly startTime: Date | null;
  /** When items last went to the windows; null before. */
  readonly lastUpdate: Date | null;
}

export interface Totals {
  received: number;
  processed: number;
  patterns: number;
  latencyMs: number;
  bytes: number;
  backpressure: number;
  errors: number;
  timeouts: number;
}

type All = Totals & StageCounts;

export class Meter {
  readonly totals: Totals = {
    ...{ received: 0, processed: 0, patterns: 0, latencyMs: 0 },
    ...{ bytes: 0, backpressure: 0, errors: 0, timeouts: 0 },
  };
  readonly #clock: Clock;
  readonly #stage: () => StageCounts;
  readonly #buffered: () => number;
  #since: All;
  #peak = 0;
  #started: Moment | undefined;
  #updated: Moment | undefined;

  constructor(clock: Clock, stage: () => StageCounts, buffered: () => number) {
    this.#clock = clock;
    this.#stage = stage;
    this.#buffered = buffered;
    this.#since = this.#all();
  }

  /** The first item of a batch has come. @returns the moment, monotonic */
  begins(): number {
    this.#started ??= this.#moment();
    return this.#clock.monotonicMs();
  }

  /** A batch is in its windows. @param sinceMs what `begins` returned */
  processed(items: number, sinceMs: number): void {
    const now = this.#moment();
    this.#updated = now;
    // After a reset since the batch began, there is no beginning but that.
    this.#started ??= { wallMs: now.wallMs - (now.monotonicMs - sinceMs), monotonicMs: sinceMs };
    this.totals.processed += items;
    this.totals.latencyMs += items * (now.monotonicMs - sinceMs);
  }

  buffered(size: number): void {
    if (size > this.#peak) this.#peak = size;
  }

  reset(): void {
    this.#since = this.#all();
    this.#peak = this.#buffered();
    this.#started = this.#updated = undefined;
  }

  metrics(): StreamingMetrics {
    const { received, processed, patterns, latencyMs, bytes, backpressure, windows, ...rest } = this.since(
      this.#since,
    );
    const elapsedMs = (this.#updated?.monotonicMs ?? 0) - (this.#started?.monotonicMs ?? 0);
    return {
      vectorsProcessed: processed,
      itemsReceived: received,
      patternsDetected: patterns,
      avgLatencyMs: processed === 0 ? 0 : latencyMs / processed,
      throughputPerSec: elapsedMs > 0 ? (processed * 1000) / elapsedMs : 0,
      windowsProcessed: windows,
      bytesProcessed: bytes,
      backpressureEvents: backpressure,
      bufferSize: this.#buffered(),
      peakBufferSize: this.#peak,
      startTime: this.#started === undefined ? null : new Date(this.#started.wallMs),
      lastUpdate: this.#updated === undefined ? null : new Date(this.#updated.wallMs),
      ...rest,
    };
  }

  /** All totals as they are. */
  mark(): All {
    return this.#all();
  }

  /** By how much they have grown. */
  since(mark: All): All {
    const now: Record<string, number> = { ...this.#all() };
    for (const [name, value] of Object.entries(mark)) now[name] = (now[name] ?? 0) - value;
    return now as unknown as All;
  }

  #all(): All {
    return { ...this.totals, ...this.#stage() };
  }

  #moment(): Moment {
    return { wallMs: this.#clock.nowMs(), monotonicMs: this.#clock.monotonicMs() };
  }
}

interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * How far event time has certainly come, row by row: the latest event time less the disorder that is allowed for, or further when
 * a source is silent for so long that its windows are closed by the wall clock (`advance`).
 *
 * Two clocks can be wrong. **A row of the future** (its event time more than `aheadMs` after its batch was written) would move
 * the watermark past everything that is to come: it is left out. **A clock that was set back**, by more than twice `aheadMs`, leaves the
 * watermark in a future that will not come for as long: event time begins anew. What was open is closed, and windows that were out before
 * come out again as corrections, made of the rows since. Both are decided by the time that the batch was written, which the
 * log keeps, so that a replay decides alike.
 *
 * Moments are whole milliseconds; those that a Date cannot hold are no event times: they are too far in the future, or too late.
 */

import type { StateReader, StateWriter } from "./state.ts";

/** First and last moment that a Date can hold. */
export const EARLIEST_MS = -8.64e15;
export const LATEST_MS = 8.64e15;

export interface WatermarkOptions {
  /** Whole milliseconds. */
  readonly disorderMs: number;
  readonly aheadMs: number;
}

export class Watermark {
  readonly #options: WatermarkOptions;
  #latestMs = Number.NEGATIVE_INFINITY;
  /** Where `advance` has moved it to. */
  #floorMs = Number.NEGATIVE_INFINITY;

  /** @throws RangeError when a span of time is none */
  constructor(options: WatermarkOptions) {
    requireSpan("disorderMs", options.disorderMs);
    if (!(options.aheadMs >= 0)) {
      throw new RangeError(`aheadMs: expected milliseconds, at least 0; came ${options.aheadMs}`);
    }
    this.#options = options;
  }

  /** -Infinity before the first row. */
  get ms(): number {
    return Math.max(this.#latestMs - this.#options.disorderMs, this.#floorMs);
  }

  /** The latest event time of all rows since it began; -Infinity before the first. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** The least event time that would move the watermark to `ms` or beyond. */
  reachedBy(ms: number): number {
    return ms + this.#options.disorderMs;
  }

  /** Latest event time that a row written at `writtenMs` may have; 0: it is not known, any that a Date can hold. */
  latestOf(writtenMs: number): number {
    return writtenMs === 0 ? LATEST_MS : Math.min(LATEST_MS, Math.floor(writtenMs + this.#options.aheadMs));
  }

  /**
   * Whether a batch written at `writtenMs` tells that the clock was set back by more than `aheadMs`: rows were at most that far ahead
   * of the clock before, and the latest (or where the wall clock has advanced the watermark to) is more than twice as far ahead
   * of it now. Once it is asked for a batch, and event time begun anew, the batch's own rows cannot make it so.
   */
  isSetBack(writtenMs: number): boolean {
    if (writtenMs === 0) return false;
    return Math.max(this.#latestMs, this.#floorMs) > writtenMs + 2 * this.#options.aheadMs;
  }

  /** Takes note of a row's event time, which is not after `latestOf`; of none that a Date cannot hold. */
  see(timeMs: number): void {
    if (timeMs > this.#latestMs && timeMs >= EARLIEST_MS) this.#latestMs = timeMs;
  }

  /**
   * Moves it to `toMs` (rounded down) when it is not there yet. At the most to where numbers are exact, which is after the end of any
   * window.
   */
  advance(toMs: number): void {
    if (toMs > this.#floorMs) this.#floorMs = Math.min(Math.floor(toMs), Number.MAX_SAFE_INTEGER);
  }

  /** Begins anew. */
  reset(): void {
    this.#latestMs = this.#floorMs = Number.NEGATIVE_INFINITY;
  }

  save(out: StateWriter): void {
    out.f64(this.#latestMs);
    out.f64(this.#floorMs);
    out.f64(this.#options.disorderMs);
  }

  /** Into one that allows for more disorder, maybe: it stays where it was, as what was closed must not be open again. */
  load(from: StateReader): void {
    this.#latestMs = from.f64();
    this.#floorMs = from.f64();
    const disorderMs = from.f64();
    if (disorderMs < this.#options.disorderMs) this.advance(this.#latestMs - disorderMs);
  }
}

/** @throws RangeError when `ms` is not whole milliseconds from 0 */
export function requireSpan(name: string, ms: number): void {
  if (Number.isSafeInteger(ms) && ms >= 0) return;
  throw new RangeError(`${name}: expected whole milliseconds, at least 0; came ${ms}`);
}

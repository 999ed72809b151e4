/**
 * How many events a second there are, over the last minute or so, in bounded memory and constant time an event.
 *
 * The window is cut into panes, a counter each, in a ring; the oldest leaves whole. The rate is the events of all panes, over the time from
 * the oldest pane's beginning to now: a steady stream gives a steady rate, whatever the moment.
 *
 * **At first**, before a full window has passed, the rate is over the time since the calculator was made (or reset, or since the first
 * event that was given an earlier time), at least a pane. `atFirst: "window"` has it over the whole window instead.
 *
 * **A clock that is set back** stands still for that moment and goes on from there: nothing is lost, counted twice or frozen. One that is
 * set forward, or a host that slept, empties the window by as much.
 */

import type { Clock } from "../runtime/clock.ts";
import { burstClock, lookedClock } from "./burst-clock.ts";

export interface RateCalculatorOptions {
  /** Length of the window; default 60 000, at least 1. */
  readonly windowMs?: number;
  /** Parts that leave at once; default 60, from 2 to 4096. */
  readonly panes?: number;
  /** What the rate is over before a full window has passed: the time that has (default), or the window. */
  readonly atFirst?: "elapsed" | "window";
  /** Default: the host's, which is not looked at for every event of a burst (burst-clock.ts). */
  readonly clock?: Pick<Clock, "nowMs">;
}

const DEFAULT_WINDOW_MS = 60_000;
const DEFAULT_PANES = 60;
const MAX_PANES = 4096;

export class RateCalculator {
  /** Events that came when their time had left the window already. */
  late = 0;
  readonly windowMs: number;
  readonly #atFirst: "elapsed" | "window";
  readonly #clock: Pick<Clock, "nowMs">;
  /** Of events. */
  readonly #recordClock: Pick<Clock, "nowMs">;
  readonly #paneMs: number;
  readonly #counts: Float64Array;
  /** What the clock said last, and what it was set back by in all: our time is the clock's and that. */
  #clockMs: number;
  #setBackMs = 0;
  /** Number of the newest pane, which is that of now, and the first moment after it. */
  #newest: number;
  #newestEndMs: number;
  /** Our time since which there has been counting. */
  #sinceMs: number;

  /** @throws RangeError for a window or a number of panes that cannot be */
  constructor(options: RateCalculatorOptions = {}) {
    const { windowMs = DEFAULT_WINDOW_MS, panes = DEFAULT_PANES } = options;
    if (!(windowMs >= 1 && Number.isFinite(windowMs))) {
      throw new RangeError(`windowMs: expected a number of milliseconds, at least 1; came ${windowMs}`);
    }
    if (!(Number.isInteger(panes) && panes >= 2 && panes <= MAX_PANES)) {
      throw new RangeError(`panes: expected a whole number from 2 to ${MAX_PANES}; came ${panes}`);
    }
    this.windowMs = windowMs;
    this.#atFirst = options.atFirst ?? "elapsed";
    this.#clock = options.clock ?? lookedClock;
    this.#recordClock = options.clock ?? burstClock;
    this.#paneMs = windowMs / panes;
    this.#counts = new Float64Array(panes);
    this.#clockMs = this.#sinceMs = this.#clock.nowMs();
    this.#newest = Math.floor(this.#clockMs / this.#paneMs);
    this.#newestEndMs = (this.#newest + 1) * this.#paneMs;
  }

  /**
   * Counts events. @param timeMs when they were, by the clock; default now, as is a time that is not yet.
   * @throws RangeError for a count that is negative or not finite, or a time that is no number
   */
  record(count = 1, timeMs?: number): void {
    if (!(count >= 0 && count < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`count: expected a number of events, at least 0; came ${count}`);
    }
    const nowMs = this.#moveOn(this.#recordClock.nowMs());
    let pane = this.#newest;
    if (timeMs !== undefined) {
      if (!Number.isFinite(timeMs)) {
        throw new RangeError(`timeMs: expected milliseconds since 1970; came ${timeMs}`);
      }
      const atMs = Math.min(timeMs + this.#setBackMs, nowMs);
      // A quotient may be rounded up to the pane that is not yet.
      pane = Math.min(Math.floor(atMs / this.#paneMs), this.#newest);
      if (pane <= this.#newest - this.#counts.length) {
        this.late += count;
        return;
      }
      if (atMs < this.#sinceMs) this.#sinceMs = atMs;
    }
    this.#counts[this.#indexOf(pane)]! += count;
  }

  /** Events a second. */
  rate(): number {
    const nowMs = this.#moveOn(this.#clock.nowMs());
    let fromMs = (this.#newest - this.#counts.length + 1) * this.#paneMs;
    if (this.#atFirst === "elapsed" && this.#sinceMs > fromMs) fromMs = this.#sinceMs;
    return (this.#sum() * 1000) / Math.max(nowMs - fromMs, this.#paneMs);
  }

  /** Events in the window. */
  get count(): number {
    this.#moveOn(this.#clock.nowMs());
    return this.#sum();
  }

  /** Forgets all events, and begins anew now. */
  reset(): void {
    this.#counts.fill(0);
    this.late = 0;
    this.#sinceMs = this.#moveOn(this.#clock.nowMs());
  }

  /** Makes the pane of now the newest. @returns now, by our time */
  #moveOn(clockMs: number): number {
    if (clockMs < this.#clockMs) this.#setBackMs += this.#clockMs - clockMs;
    this.#clockMs = clockMs;
    const nowMs = clockMs + this.#setBackMs;
    if (nowMs >= this.#newestEndMs) {
      const pane = Math.floor(nowMs / this.#paneMs);
      const passed = Math.min(pane - this.#newest, this.#counts.length);
      for (let next = pane - passed + 1; next <= pane; next++) this.#counts[this.#indexOf(next)] = 0;
      this.#newest = pane;
      this.#newestEndMs = (pane + 1) * this.#paneMs;
    }
    return nowMs;
  }

  #indexOf(pane: number): number {
    const panes = this.#counts.length;
    return ((pane % panes) + panes) % panes;
  }

  #sum(): number {
    let sum = 0;
    for (const count of this.#counts) sum += count;
    return sum;
  }
}

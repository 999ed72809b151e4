/**
 * Statistics of the values of the last minutes, in bounded memory and constant time a value.
 *
 * The window is cut into panes. A value goes into the pane that its time falls into; a pane leaves as soon as its first moment
 * is as old as the window is long. So nothing older is ever counted, and up to a pane's length at the far end is not.
 *
 * Panes are a queue of two stacks: each pane of the older part also knows the sum of itself and all younger ones of that part, the
 * younger part has one sum. A pane that comes or goes costs a constant number of merges on the average, and asking costs three.
 * Sums are the kernels' moments (merged after Chan, Golub, LeVeque), so a variance stays right far from zero.
 */

import type { Clock } from "../runtime/clock.ts";
import { burstClock, lookedClock } from "./burst-clock.ts";
import { ValueColumn } from "./column.ts";
import { PaneQueue } from "./pane-queue.ts";
import { type AggregateSpace, defaultSpace } from "./space.ts";

export interface SlidingWindowOptions {
  /** Length of the window; default 300 000 (five minutes), at least 1. */
  readonly windowMs?: number;
  /** Parts that leave at once; default 60, from 1 to 4096. */
  readonly panes?: number;
  /**
   * Asked for the time of each value that is given none. Default: the host's, which is not looked at for every value of a burst
   * (burst-clock.ts).
   */
  readonly clock?: Pick<Clock, "nowMs">;
  readonly space?: AggregateSpace;
}

/** Of no value at all: 0 for count and sum, null for the others. Where there was an infinite value, no variance. */
export interface WindowStats {
  readonly count: number;
  readonly sum: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Of the values themselves: divided by their count. */
  readonly variance: number | null;
  readonly stddev: number | null;
}

const DEFAULT_WINDOW_MS = 300_000;
const DEFAULT_PANES = 60;
const MAX_PANES = 4096;

export class SlidingWindow {
  /** Values that came when their time had left the window already. */
  late = 0;
  readonly windowMs: number;
  readonly #panes: number;
  readonly #paneMs: number;
  readonly #clock: Pick<Clock, "nowMs">;
  /** Of values that are given no time. */
  readonly #addClock: Pick<Clock, "nowMs">;
  readonly #space: AggregateSpace;
  /** Values of the current pane that are not in its moments yet. */
  readonly #column: ValueColumn;
  readonly #queue: PaneQueue;
  /** Number since the epoch of the pane that the column's values are of; NaN before the first. */
  #current = Number.NaN;
  /** First moment of the current pane, and the first after it. */
  #fromMs = Number.NaN;
  #toMs = Number.NaN;
  #isFreed = false;

  /** @throws RangeError for a window or a number of panes that cannot be; PoolExhausted when the space is full */
  constructor(options: SlidingWindowOptions = {}) {
    const { windowMs = DEFAULT_WINDOW_MS, panes = DEFAULT_PANES } = options;
    if (!(windowMs >= 1 && Number.isFinite(windowMs))) {
      throw new RangeError(`windowMs: expected a number of milliseconds, at least 1; came ${windowMs}`);
    }
    if (!(Number.isInteger(panes) && panes >= 1 && panes <= MAX_PANES)) {
      throw new RangeError(`panes: expected a whole number from 1 to ${MAX_PANES}; came ${panes}`);
    }
    this.windowMs = windowMs;
    this.#panes = panes;
    this.#paneMs = windowMs / panes;
    this.#clock = options.clock ?? lookedClock;
    this.#addClock = options.clock ?? burstClock;
    this.#space = options.space ?? defaultSpace();
    this.#queue = new PaneQueue(this.#space, panes);
    try {
      this.#column = new ValueColumn(this.#space);
    } catch (error) {
      this.#queue.free();
      throw error;
    }
  }

  /**
   * Adds a value; NaN adds nothing. @param timeMs when it was; default now. A time after now moves the window on.
   * @throws RangeError for a time that is no number of milliseconds
   */
  add(value: number, timeMs: number = this.#addClock.nowMs()): void {
    if (timeMs >= this.#fromMs && timeMs < this.#toMs) {
      if (this.#column.push(value)) this.#flush();
    } else {
      this.#addElsewhere(value, timeMs);
    }
  }

  /**
   * @param nowMs end of the window; default now, or the latest value's time when that is later. What is older than the window then
   * is forgotten. @throws RangeError for a time that is no number of milliseconds
   */
  stats(nowMs: number = this.#clock.nowMs()): WindowStats {
    this.#moveTo(this.#paneOf("nowMs", nowMs));
    this.#flush();
    const { kernels } = this.#space;
    const sum = this.#queue.sum();
    const count = kernels.momentsCount(sum);
    if (count === 0) {
      return { count, sum: 0, mean: null, min: null, max: null, variance: null, stddev: null };
    }
    const variance = kernels.momentsVariance(sum, 0);
    return {
      count,
      sum: kernels.momentsSum(sum),
      mean: kernels.momentsMean(sum),
      min: kernels.momentsMin(sum),
      max: kernels.momentsMax(sum),
      variance: numberOrNull(variance),
      stddev: numberOrNull(Math.sqrt(variance)),
    };
  }

  /** Forgets all values. */
  reset(): void {
    this.#clear();
    this.late = 0;
  }

  /** Gives its memory back. It must not be used afterwards; a second time does nothing. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#column.free();
    this.#queue.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #addElsewhere(value: number, timeMs: number): void {
    const pane = this.#paneOf("timeMs", timeMs);
    if (!(pane < this.#current)) {
      this.#moveTo(pane);
      if (this.#column.push(value)) this.#flush();
    } else if (pane > this.#current - this.#panes) {
      this.#queue.addTo(pane, value);
    } else if (this.#isOfTimeToCome(pane)) {
      this.#clear();
      this.#moveTo(pane);
      this.#column.push(value);
    } else {
      this.late++;
    }
  }

  /**
   * Whether the clock was set back by more than a window, so that what is here is of a time to come, and a value of this pane, which
   * is older than all of it, is within the window by the clock.
   */
  #isOfTimeToCome(pane: number): boolean {
    const nowPane = Math.floor(this.#clock.nowMs() / this.#paneMs);
    return nowPane <= this.#current - this.#panes && pane > nowPane - this.#panes;
  }

  /** Of a time of which doubles know the pane: those of nanoseconds, say, lie so far off that they do not. */
  #paneOf(name: string, ms: number): number {
    const pane = Math.floor(ms / this.#paneMs);
    if (!Number.isSafeInteger(pane)) {
      throw new RangeError(`${name}: expected milliseconds since 1970; came ${ms}`);
    }
    return pane;
  }

  #clear(): void {
    this.#column.rows = 0;
    this.#current = this.#fromMs = this.#toMs = Number.NaN;
  }

  /** Makes `pane` the current one, if it is not behind it. */
  #moveTo(pane: number): void {
    if (pane <= this.#current) return;
    this.#flush();
    if (Number.isNaN(this.#current)) this.#queue.clear(pane);
    else this.#queue.advance(pane);
    this.#current = pane;
    this.#fromMs = pane * this.#paneMs;
    this.#toMs = (pane + 1) * this.#paneMs;
  }

  #flush(): void {
    const { rows, at } = this.#column;
    if (rows === 0) return;
    this.#column.rows = 0;
    this.#queue.addColumn(at, rows);
  }
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/**
 * The socket for detectors of patterns: every so many items one is given those items and the windows that they closed, and says
 * what it sees in them. What it is given is a function of the stream: neither batches nor callbacks show in it.
 */

import type { Key } from "./key-dictionary.ts";
import type { WindowResult } from "./window-result.ts";

export interface Pattern {
  /** What it is: "coherence-break", say. */
  readonly kind: string;
  /** When it was, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** How likely it is that chance alone looks like this. */
  readonly pValue?: number;
  readonly effectSize?: number;
  /** Confidence interval of the effect size, from and to. */
  readonly confidence?: readonly [number, number];
  /** Whatever else its kind has to say. */
  readonly detail?: unknown;
}

export interface PatternBatch<T, K extends Key = Key, M extends string = string> {
  /** Since the detector was called before, in order. */
  readonly items: readonly T[];
  /** That came out since, in order. */
  readonly windows: readonly WindowResult<K, M>[];
  /** Items and windows before these that there was no room for. */
  readonly leftOut: number;
}

export type Detector<T, K extends Key = Key, M extends string = string> = (
  batch: PatternBatch<T, K, M>,
) => readonly Pattern[] | PromiseLike<readonly Pattern[]>;

/** Items and windows on their way to a detector; beyond so many the oldest are left out. */
export class PatternFeed {
  readonly #maxItems: number;
  readonly #maxWindows: number;
  #items: unknown[] = [];
  #windows: WindowResult[] = [];
  #leftOut = 0;

  constructor(maxItems: number, maxWindows: number) {
    this.#maxItems = maxItems;
    this.#maxWindows = maxWindows;
  }

  get isFull(): boolean {
    return this.#items.length >= this.#maxItems;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#windows.length === 0;
  }

  addItem(item: unknown): void {
    this.#items.push(item);
    this.#items = this.#bounded(this.#items, this.#maxItems);
  }

  addWindow(window: WindowResult): void {
    this.#windows.push(window);
    this.#windows = this.#bounded(this.#windows, this.#maxWindows);
  }

  /** All there is; the feed is empty then. */
  take(): PatternBatch<unknown> {
    const [items, moreItems] = latest(this.#items, this.#maxItems);
    const [windows, moreWindows] = latest(this.#windows, this.#maxWindows);
    const batch = { items, windows, leftOut: this.#leftOut + moreItems + moreWindows };
    this.clear();
    return batch;
  }

  clear(): void {
    this.#items = [];
    this.#windows = [];
    this.#leftOut = 0;
  }

  /** Lets them grow to twice as many before the oldest go: so each is moved once at the most. */
  #bounded<E>(list: E[], most: number): E[] {
    if (list.length < most * 2) return list;
    const [kept, left] = latest(list, most);
    this.#leftOut += left;
    return kept;
  }
}

/** The last `most`, and how many that leaves out. */
function latest<E>(list: E[], most: number): [E[], number] {
  const left = Math.max(0, list.length - most);
  return [left === 0 ? list : list.slice(left), left];
}

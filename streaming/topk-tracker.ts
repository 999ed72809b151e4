/**
 * The k items of a stream that come most often, or weigh the most, in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi:
 * "Efficient computation of frequent and top-k elements in data streams", ICDT 2005), with weights.
 *
 * It keeps `capacity` counters. While there are no more items than that, weights are exact. Beyond, a new item takes over the counter of
 * the lightest one, and its weight as a possible error:
 * - a weight told is never too low, and too high by `error` at the most;
 * - an item that has no counter weighs at most `least`, which is at most total / capacity;
 * - so every item that weighs more than total / capacity has a counter. Merging keeps all three.
 *
 * Equal weights are ordered by item, so the answer is a function of what was added in which order. Weights are added as doubles: exact
 * for whole numbers up to 2^53.
 */

import { LeastHeap } from "./least-heap.ts";

export type TopItem = string | number | bigint;

export interface TopKOptions {
  /** Items told of; default 10, from 1 to 100 000. */
  readonly k?: number;
  /** Counters, at least k; default eight for each item told of, and at least 64. */
  readonly capacity?: number;
}

export interface TopEntry<Item extends TopItem = TopItem> {
  readonly item: Item;
  readonly weight: number;
  /** The true weight is from `weight` − `error` to `weight`. */
  readonly error: number;
  /** Whether it certainly is one of the k heaviest. */
  readonly isGuaranteed: boolean;
}

const DEFAULT_K = 10;
const MAX_K = 100_000;
const MAX_CAPACITY = 10_000_000;
const COUNTERS_A_RANK = 8;
const MIN_COUNTERS = 64;

export class TopKTracker<Item extends TopItem = TopItem> {
  readonly k: number;
  readonly capacity: number;
  readonly #numbers = new Map<Item, number>();
  readonly #items: Item[] = [];
  readonly #weights: Float64Array;
  readonly #errors: Float64Array;
  readonly #heap: LeastHeap;
  /** What an item without a counter may weigh while there are counters left: more than 0 after a merge with a smaller tracker. */
  #floor = 0;
  #total = 0;
  #leftOut = 0;

  /** @throws RangeError for a k or a capacity that cannot be */
  constructor(options: TopKOptions = {}) {
    const { k = DEFAULT_K } = options;
    checkWhole("k", k, 1, MAX_K);
    const { capacity = Math.max(MIN_COUNTERS, COUNTERS_A_RANK * k) } = options;
    checkWhole("capacity", capacity, k, MAX_CAPACITY);
    this.k = k;
    this.capacity = capacity;
    this.#weights = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
    this.#heap = new LeastHeap(this.#weights, (index, other) =>
      isLater(this.#items[index]!, this.#items[other]!),
    );
  }

  /** Adds to an item's weight. A weight that is negative or not finite adds nothing, and is counted as left out. */
  add(item: Item, weight = 1): void {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      this.#leftOut++;
      return;
    }
    this.#total += weight;
    const number = this.#numbers.get(item);
    if (number !== undefined) this.#weights[number]! += weight;
    else if (weight > 0) this.#addNew(item, weight);
  }

  /** The k heaviest, by falling weight; fewer when there are no more that weigh anything. */
  top(): TopEntry<Item>[] {
    const order = this.#sorted();
    const next = order[this.k];
    const bound = next === undefined ? this.least : this.#weights[next]!;
    return order.slice(0, this.k).map((number) => {
      const weight = this.#weights[number]!;
      const error = this.#errors[number]!;
      return { item: this.#items[number]!, weight, error, isGuaranteed: weight - error >= bound };
    });
  }

  /** Whether `top` certainly tells the k heaviest items (of equally heavy ones, some). */
  get isGuaranteed(): boolean {
    return this.top().every((entry) => entry.isGuaranteed);
  }

  /** What an item without a counter weighs at the most; 0 while every item has one. */
  get least(): number {
    const count = this.#items.length;
    return count < this.capacity ? this.#floor : this.#weights.reduce((a, b) => Math.min(a, b));
  }

  /** What everything weighs together. */
  get total(): number {
    return this.#total;
  }

  /** Calls of `add` whose weight was negative or not finite. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Adds all that `other` has seen; it stays as it is. */
  merge(other: TopKTracker<Item>): void {
    const own = this.least;
    const others = other.least;
    // An item of one of them weighs, besides, what the other cannot exclude (Agarwal and others: "Mergeable summaries", TODS 2013).
    const merged = new Map<Item, { readonly weight: number; readonly error: number }>();
    this.#items.forEach((item, number) => {
      const same = other.#numbers.get(item);
      merged.set(item, {
        weight: this.#weights[number]! + (same === undefined ? others : other.#weights[same]!),
        error: this.#errors[number]! + (same === undefined ? others : other.#errors[same]!),
      });
    });
    other.#items.forEach((item, number) => {
      if (merged.has(item)) return;
      merged.set(item, {
        weight: other.#weights[number]! + own,
        error: other.#errors[number]! + own,
      });
    });
    const heaviest = [...merged].sort(([a, { weight }], [b, { weight: other }]) => {
      if (weight !== other) return other - weight;
      return isLater(a, b) ? 1 : -1;
    });
    this.#clear();
    for (const [item, { weight, error }] of heaviest.slice(0, this.capacity))
      this.#append(item, weight, error);
    this.#floor = own + others;
    this.#total += other.#total;
    this.#leftOut += other.#leftOut;
  }

  /** Forgets everything. */
  reset(): void {
    this.#clear();
    this.#floor = this.#total = this.#leftOut = 0;
  }

  #addNew(item: Item, weight: number): void {
    if (this.#items.length < this.capacity) {
      this.#append(item, this.#floor + weight, this.#floor);
      return;
    }
    // Few trackers see that many items: the heap is made when one does.
    if (this.#heap.isEmpty) this.#heap.fill(this.capacity);
    const number = this.#heap.least();
    const error = this.#weights[number]!;
    this.#numbers.delete(this.#items[number]!);
    this.#numbers.set(item, number);
    this.#items[number] = item;
    this.#weights[number] = error + weight;
    this.#errors[number] = error;
    this.#heap.update();
  }

  #append(item: Item, weight: number, error: number): void {
    const number = this.#items.push(item) - 1;
    this.#numbers.set(item, number);
    this.#weights[number] = weight;
    this.#errors[number] = error;
  }

  #clear(): void {
    this.#numbers.clear();
    this.#items.length = 0;
    this.#heap.fill(0);
  }

  /** Numbers of all counters, the heaviest first. */
  #sorted(): number[] {
    return Array.from(this.#items.keys()).sort((a, b) => {
      const difference = this.#weights[b]! - this.#weights[a]!;
      if (difference !== 0) return difference;
      return isLater(this.#items[a]!, this.#items[b]!) ? 1 : -1;
    });
  }
}

/** An order of all items, whatever their types: numbers, NaN, big integers, strings by their UTF-16 units. */
function isLater(item: TopItem, other: TopItem): boolean {
  const rank = rankOf(item) - rankOf(other);
  return rank === 0 ? item > other : rank > 0;
}

function rankOf(item: TopItem): number {
  if (typeof item === "number") return Number.isNaN(item) ? 1 : 0;
  return typeof item === "bigint" ? 2 : 3;
}

function checkWhole(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new RangeError(`${name}: expected a whole number from ${low} to ${high}; came ${value}`);
}

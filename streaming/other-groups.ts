/**
 * What is known of the groups of a metric for which there is no room for a stream: which of them have the most values, and how many
 * they are. Of the window that is on, which begins at a whole multiple of its length since the epoch, and of the one before: a ranking
 * cannot forget single values, so it is begun anew with each window, and the one before it kept.
 *
 * Rankings lie outside of the space: up to some 10 KB for each of the two windows. There are none for a metric all of whose groups have a
 * stream.
 */

import { PoolExhausted } from "../wasm/index.ts";
import { DistinctCounter } from "./distinct-counter.ts";
import type { AggregateSpace } from "./space.ts";
import { TopKTracker } from "./topk-tracker.ts";

export interface GroupRank {
  readonly group: string;
  /** Values, at the most; and by how many that may be too much. */
  readonly count: number;
  readonly error: number;
}

interface Generation {
  readonly top: TopKTracker<string>;
  /** Undefined: there was no room for it. */
  readonly distinct: DistinctCounter | undefined;
}

/** Counters of a ranking: its error is at most the values in it divided by this. */
const COUNTERS = 80;

export class OtherGroups {
  readonly #space: AggregateSpace;
  readonly #windowMs: number;
  #now: Generation | undefined;
  #before: Generation | undefined;
  /** Number of the window that is on. */
  #window = Number.NaN;

  constructor(space: AggregateSpace, windowMs: number) {
    this.#space = space;
    this.#windowMs = windowMs;
  }

  add(group: string, nowMs: number): void {
    this.#turn(nowMs);
    this.#now ??= this.#make();
    this.#now.top.add(group);
    this.#now.distinct?.add(group);
  }

  /** In no order. All of a window that began before the span may be older than what is asked for, and counts as error. */
  ranks(nowMs: number, spanMs: number): readonly GroupRank[] {
    this.#turn(nowMs);
    const isNowWithin = this.#window * this.#windowMs > nowMs - spanMs;
    const ranks = new Map<string, { readonly group: string; count: number; error: number }>();
    let least = 0;
    for (const generation of this.#generations()) {
      const isWithin = generation === this.#now && isNowWithin;
      const entries = generation.top.top();
      const known = new Set(entries.map(({ item }) => item));
      const bound = generation.top.least;
      for (const [group, rank] of ranks) if (!known.has(group)) add(rank, bound, bound);
      for (const { item, weight, error } of entries) {
        const rank = ranks.get(item) ?? { group: item, count: least, error: least };
        add(rank, weight, isWithin ? error : weight);
        ranks.set(item, rank);
      }
      least += bound;
    }
    return [...ranks.values()];
  }

  /**
   * About how many they are, together with those that have a stream, of which some may have been others before; just these, when there
   * are no others. Undefined: there was no room to count them.
   */
  distinct(nowMs: number, streams: ReadonlyMap<string, unknown>): number | undefined {
    this.#turn(nowMs);
    const generations = this.#generations();
    if (generations.length === 0) return streams.size;
    const all = this.#counter();
    if (all === undefined) return undefined;
    const isWhole = generations.every(({ distinct }) => {
      if (distinct !== undefined) all.merge(distinct);
      return distinct?.missed === 0;
    });
    for (const group of streams.keys()) all.add(group);
    const groups = isWhole && all.missed === 0 ? Math.max(all.estimate(), streams.size) : undefined;
    all.free();
    return groups;
  }

  free(): void {
    for (const { distinct } of this.#generations()) distinct?.free();
    this.#now = this.#before = undefined;
  }

  /** Looks whether another window is on. */
  #turn(nowMs: number): void {
    const window = Math.floor(nowMs / this.#windowMs);
    if (window === this.#window) return;
    // After the clock was set back, this window goes on.
    if (window > this.#window) {
      const isNext = window === this.#window + 1;
      this.#before?.distinct?.free();
      if (!isNext) this.#now?.distinct?.free();
      this.#before = isNext ? this.#now : undefined;
      this.#now = undefined;
    }
    this.#window = window;
  }

  #generations(): readonly Generation[] {
    return [this.#now, this.#before].filter((generation) => generation !== undefined);
  }

  #make(): Generation {
    return { top: new TopKTracker<string>({ k: COUNTERS, capacity: COUNTERS }), distinct: this.#counter() };
  }

  #counter(): DistinctCounter | undefined {
    try {
      return new DistinctCounter({ space: this.#space });
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      return undefined;
    }
  }
}

function add(rank: { count: number; error: number }, count: number, error: number): void {
  rank.count += count;
  rank.error += error;
}

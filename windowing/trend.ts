/**
 * Where a measure is going: what the means of its last windows say.
 *
 * **Increasing, decreasing**: the Mann–Kendall test for a monotonic trend (Mann, "Nonparametric tests against trend", Econometrica 1945;
 * Kendall, "Rank correlation methods", 1975) rejects that there is none, at 5 % for either direction, by the exact distribution
 * of S for so few values; and the trend is worth telling: Sen's slope (the median of the slopes of all pairs, JASA 1968) over the
 * whole of the windows makes MIN_CHANGE of the values' mean magnitude at least.
 * **Volatile**: there is no such trend, and the standard deviation passes VOLATILE of the mean magnitude.
 * **Stable**: neither.
 *
 * Nothing of it depends on the unit, and all of it is sums, quotients and square roots of doubles, which every runtime rounds alike. Windows count
 * by their order: one in which a group had no rows is no gap.
 */

import type { StateReader, StateWriter } from "./state.ts";

/** Windows that a trend is made of: at least, at most. */
const MIN_TREND_WINDOWS = 4;
const MAX_TREND_WINDOWS = 8;

/** Least |S| that chance reaches, in one direction, in less than 5 % of all orders of 4, 5, 6, 7, 8 values. */
const CRITICAL_S = [6, 8, 11, 13, 16] as const;
const MIN_CHANGE = 0.05;
const VOLATILE = 0.25;
/** Windows kept: a correction of any of the last eight still has eight to be judged by. */
const KEPT = 2 * MAX_TREND_WINDOWS;

export const TRENDS = ["increasing", "decreasing", "stable", "volatile"] as const;
export type Trend = (typeof TRENDS)[number];

export interface TrendBookOptions {
  /** Groups that are kept; of more, those not observed for the longest time leave. At least 1. */
  readonly maxGroups: number;
}

/** By rising start. */
interface Series {
  readonly startsMs: number[];
  readonly means: number[];
}

/** The trend of values in their order, of which the last MAX_TREND_WINDOWS count; null: too few, or one is not finite. */
export function trendOf(values: readonly number[]): Trend | null {
  const last = values.slice(-MAX_TREND_WINDOWS);
  if (last.length < MIN_TREND_WINDOWS || !last.every(Number.isFinite)) return null;
  const largest = Math.max(...last.map(Math.abs));
  if (largest === 0) return "stable";
  // So that no sum overflows.
  const scaled = last.map((value) => value / largest);
  const magnitude = meanOf(scaled.map(Math.abs));
  const s = scoreOf(last);
  if (Math.abs(s) >= CRITICAL_S[scaled.length - MIN_TREND_WINDOWS]!) {
    const change = slopeOf(scaled) * (scaled.length - 1);
    if (Math.abs(change) >= MIN_CHANGE * magnitude) return s > 0 ? "increasing" : "decreasing";
  }
  const mean = meanOf(scaled);
  const variance = meanOf(scaled.map((value) => (value - mean) * (value - mean)));
  return Math.sqrt(variance) > VOLATILE * magnitude ? "volatile" : "stable";
}

/** The means of the last windows of each group and measure. */
export class TrendBook {
  readonly #maxGroups: number;
  /** By the order in which they were last observed. */
  readonly #groups = new Map<bigint | null, Map<number, Series>>();

  constructor(options: TrendBookOptions) {
    this.#maxGroups = options.maxGroups;
  }

  /** Groups that are kept. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * Takes note of a window's mean, or of its correction, and answers the trend up to that window. Null with fewer than
   * MIN_TREND_WINDOWS windows up to it, for a mean that is not finite (it is not kept), and for a window before all that are kept.
   *
   * @param key of the group; null: all others
   */
  observe(key: bigint | null, measure: number, startMs: number, mean: number): Trend | null {
    if (!Number.isFinite(mean)) return null;
    const { startsMs, means } = this.#seriesOf(key, measure);
    let place = startsMs.length;
    while (place > 0 && startsMs[place - 1]! > startMs) place--;
    if (place > 0 && startsMs[place - 1] === startMs) {
      means[place - 1] = mean;
      return trendOf(means.slice(0, place));
    }
    if (place === 0 && startsMs.length > 0) return null;
    startsMs.splice(place, 0, startMs);
    means.splice(place, 0, mean);
    const trend = trendOf(means.slice(0, place + 1));
    if (startsMs.length > KEPT) {
      startsMs.shift();
      means.shift();
    }
    return trend;
  }

  /** Forgets a window: it is no window any more. */
  withdraw(key: bigint | null, measure: number, startMs: number): void {
    const series = this.#groups.get(key)?.get(measure);
    const place = series?.startsMs.indexOf(startMs) ?? -1;
    if (place < 0) return;
    series?.startsMs.splice(place, 1);
    series?.means.splice(place, 1);
  }

  /** Forgets everything: event time begins anew. */
  clear(): void {
    this.#groups.clear();
  }

  save(out: StateWriter): void {
    out.u32(this.#groups.size);
    for (const [key, measures] of this.#groups) {
      out.u8(key === null ? 0 : 1);
      out.u64(key ?? 0n);
      out.u32(measures.size);
      for (const [measure, { startsMs, means }] of measures) {
        out.u32(measure);
        out.u32(startsMs.length);
        startsMs.forEach((startMs, i) => {
          out.f64(startMs);
          out.f64(means[i]!);
        });
      }
    }
  }

  /** Into a book that has seen nothing. @throws RangeError when the bytes are no book that was saved */
  load(from: StateReader): void {
    for (let groups = from.u32(); groups > 0; groups--) {
      const isGroup = from.u8() === 1;
      const key = from.u64();
      const measures = new Map<number, Series>();
      for (let left = from.u32(); left > 0; left--) measures.set(from.u32(), loadSeries(from));
      this.#groups.set(isGroup ? key : null, measures);
    }
    this.#shrink();
  }

  /** Makes the group the one observed last. */
  #seriesOf(key: bigint | null, measure: number): Series {
    const measures = this.#groups.get(key) ?? new Map<number, Series>();
    this.#groups.delete(key);
    this.#groups.set(key, measures);
    this.#shrink();
    const series = measures.get(measure) ?? { startsMs: [], means: [] };
    measures.set(measure, series);
    return series;
  }

  #shrink(): void {
    for (const key of this.#groups.keys()) {
      if (this.#groups.size <= this.#maxGroups) return;
      this.#groups.delete(key);
    }
  }
}

function loadSeries(from: StateReader): Series {
  const length = from.u32();
  if (length > KEPT) throw new RangeError(`expected at most ${KEPT} windows of a measure; came ${length}`);
  const series: Series = { startsMs: [], means: [] };
  for (let i = 0; i < length; i++) {
    series.startsMs.push(from.f64());
    series.means.push(from.f64());
  }
  return series;
}

function meanOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Mann–Kendall's S: pairs that rise less pairs that fall. */
function scoreOf(values: readonly number[]): number {
  let score = 0;
  for (let later = 1; later < values.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) score += Math.sign(values[later]! - values[earlier]!);
  }
  return score;
}

/** Sen's slope, per window. */
function slopeOf(values: readonly number[]): number {
  const slopes: number[] = [];
  for (let later = 1; later < values.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      slopes.push((values[later]! - values[earlier]!) / (later - earlier));
    }
  }
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  return slopes.length % 2 === 1 ? slopes[middle]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
}

/** What an aggregator says of a stream: the figures of one block of moments and one sketch, as plain numbers. */

import { type Kernels, MOMENTS_BYTES, SKETCH_MAX_BYTES } from "../wasm/index.ts";
import type { MetricStream } from "./metric-stream.ts";
import type { WindowStats } from "./sliding-window.ts";
import type { AggregateSpace } from "./space.ts";

export interface MetricStats extends WindowStats {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Values a second, over the whole window. */
  readonly rate: number;
  /** The span that was looked at: from the first moment of its oldest pane, to the end of the window. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Which panes of a stream are asked for. */
export interface PaneSpan {
  readonly first: number;
  readonly last: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** What a rate is of. */
  readonly spanMs: number;
}

/** Puts panes together and reads them, in two blocks of its own: the largest sketch there is, so that it never has to grow. */
export class StatsReader {
  readonly #space: AggregateSpace;
  readonly #kernels: Kernels;
  readonly #moments: number;
  readonly #sketch: number;

  /** @throws PoolExhausted */
  constructor(space: AggregateSpace) {
    this.#space = space;
    this.#kernels = space.kernels;
    this.#sketch = space.pool.allocate(SKETCH_MAX_BYTES);
    try {
      this.#moments = space.pool.allocate(MOMENTS_BYTES);
    } catch (error) {
      space.pool.free(this.#sketch, SKETCH_MAX_BYTES);
      throw error;
    }
  }

  free(): void {
    this.#space.pool.free(this.#sketch, SKETCH_MAX_BYTES);
    this.#space.pool.free(this.#moments, MOMENTS_BYTES);
  }

  read(stream: MetricStream, { first, last, fromMs, toMs, spanMs }: PaneSpan): MetricStats {
    const kernels = this.#kernels;
    const moments = this.#moments;
    kernels.momentsInit(moments);
    kernels.sketchInit(this.#sketch, SKETCH_MAX_BYTES);
    stream.collect(first, last, moments, this.#sketch);
    const count = kernels.momentsCount(moments);
    if (count === 0) return { ...NOTHING, fromMs, toMs };
    const [min, max] = [kernels.momentsMin(moments), kernels.momentsMax(moments)];
    // A sketch may know of values that have left the moments, and not of some for which it had no room.
    const quantile = (q: number) => {
      const value = kernels.sketchQuantile(this.#sketch, q);
      return Number.isNaN(value) ? null : Math.min(Math.max(value, min), max);
    };
    const variance = kernels.momentsVariance(moments, 0);
    return {
      count,
      sum: kernels.momentsSum(moments),
      mean: kernels.momentsMean(moments),
      variance: Number.isNaN(variance) ? null : variance,
      stddev: Number.isNaN(variance) ? null : Math.sqrt(variance),
      min,
      max,
      p50: quantile(0.5),
      p90: quantile(0.9),
      p95: quantile(0.95),
      p99: quantile(0.99),
      rate: (count * 1000) / spanMs,
      fromMs,
      toMs,
    };
  }
}

const NOTHING = {
  count: 0,
  sum: 0,
  mean: null,
  variance: null,
  stddev: null,
  min: null,
  max: null,
  p50: null,
  p90: null,
  p95: null,
  p99: null,
  rate: 0,
} as const;

/**
 * Statistics of many streams of numbers over the last minutes. A stream is a metric, or one group of it (the latency, and the
 * latency of one service); a value of a group counts for its metric as a whole too. Any span up to the window can be asked for.
 *
 *     const aggregator = new StreamingAggregator({ windowMs: 300_000 });
 *     aggregator.aggregate("latency", 12.5, { group: "checkout" });
 *     aggregator.stats("latency", { group: "checkout", windowMs: 60_000 })?.p99;
 *
 * **Precision at the far end.** A window is cut into 30 panes at whole multiples of its thirtieth part since the epoch. A pane
 * counts as long as its first moment is within the span that is asked for: so nothing older ever counts, and up to a pane at the far end
 * does not; `fromMs` says where it begins. Of a span shorter than a pane it is the pane that is on, from its first moment. Percentiles
 * are kept by three panes: at the far end they look up to two panes further back.
 *
 * **Bounded.** At most `maxStreams` streams, and `bytes` for what they hold; names, and rankings of groups that have no stream
 * (other-groups.ts), come besides. Beyond either, values of a new group go to one stream of all others of their metric
 * (`group: null`), or are refused; those of a new metric are refused. All of it is counted. A stream that no value came for during a
 * whole window is forgotten, and its memory used again. Where there is no room for more of a sketch, values count and are in no
 * percentile.
 */

import type { Clock } from "../runtime/clock.ts";
import type {
  AggregatorFigures,
  MetricEvent,
  Outcome,
  StatsOptions,
  StreamingAggregatorOptions,
  ValueOptions,
  WhenFull,
} from "./aggregator-types.ts";
import { burstClock, lookedClock } from "./burst-clock.ts";
import { type MetricStats, type PaneSpan, StatsReader } from "./metric-stats.ts";
import { type MetricStream, PANES } from "./metric-stream.ts";
import type { GroupRank } from "./other-groups.ts";
import { type AggregateSpace, createSpace } from "./space.ts";
import { type Metric, StreamTable } from "./stream-table.ts";

const DEFAULT_WINDOW_MS = 300_000;
const MIN_WINDOW_MS = 1000;
const MAX_WINDOW_MS = 31 * 86_400_000;
const DEFAULT_STREAMS = 10_000;
const MAX_STREAMS = 2 ** 20;
const DEFAULT_BYTES = 128 * 2 ** 20;
const DEFAULT_AHEAD_MS = 60_000;
/** Groups that `topGroups` tells of. */
const TOP_GROUPS = 10;
const NO_COUNTS = { events: 0, other: 0, uncounted: 0, late: 0, ahead: 0, refused: 0, nan: 0 };

export class StreamingAggregator {
  readonly windowMs: number;
  readonly #aheadMs: number;
  readonly #paneMs: number;
  readonly #clock: Pick<Clock, "nowMs">;
  /** Of values that are given no time. */
  readonly #addClock: Pick<Clock, "nowMs">;
  readonly #space: AggregateSpace;
  readonly #table: StreamTable;
  readonly #reader: StatsReader;
  #whenFull: WhenFull;
  #counts = { ...NO_COUNTS };
  #isFreed = false;

  /** @throws RangeError for options that cannot be; PoolExhausted when the space has no room for any stream */
  constructor(options: StreamingAggregatorOptions = {}) {
    const { windowMs = DEFAULT_WINDOW_MS, aheadMs = DEFAULT_AHEAD_MS } = options;
    checkNumber("windowMs", windowMs, MIN_WINDOW_MS, MAX_WINDOW_MS);
    checkNumber("aheadMs", aheadMs, 0, MAX_WINDOW_MS);
    const { maxStreams = DEFAULT_STREAMS, whenFull = "other" } = options;
    checkNumber("maxStreams", maxStreams, 1, MAX_STREAMS);
    this.windowMs = windowMs;
    this.#aheadMs = aheadMs;
    this.#paneMs = windowMs / PANES;
    this.#whenFull = whenFull;
    this.#clock = options.clock ?? lookedClock;
    this.#addClock = options.clock ?? burstClock;
    this.#space = options.space ?? createSpace(options.bytes ?? DEFAULT_BYTES);
    this.#table = new StreamTable({ space: this.#space, windowMs, maxStreams });
    this.#reader = new StatsReader(this.#space);
  }

  /** Adds a value. @throws RangeError for a time that is no number, or a name of more than 256 characters */
  aggregate(metric: string, value: number, { group, timeMs }: ValueOptions = {}): Outcome {
    const nowMs = this.#addClock.nowMs();
    return this.#add(metric, value, group, timeMs ?? nowMs, nowMs);
  }

  /** Adds values, in order. @returns what became of each. @throws as `aggregate`, with those before added */
  aggregateAll(events: Iterable<MetricEvent>): Outcome[] {
    const nowMs = this.#clock.nowMs();
    const outcomes: Outcome[] = [];
    for (const { metric, value, group, timeMs } of events) {
      outcomes.push(this.#add(metric, value, group, timeMs ?? nowMs, nowMs));
    }
    return outcomes;
  }

  /**
   * The figures of a metric, or of a group of it. Undefined: no value of it came during the last window.
   * @throws RangeError for a window that is longer than the aggregator's
   */
  stats(metric: string, { group, windowMs = this.windowMs }: StatsOptions = {}): MetricStats | undefined {
    const nowMs = this.#now(windowMs);
    const found = this.#table.metrics.get(metric);
    const stream =
      group === undefined ? found?.whole : group === null ? found?.other : found?.groups.get(group);
    return stream === undefined
      ? undefined
      : this.#reader.read(stream, this.#spanOf(stream, windowMs, nowMs));
  }

  /** Names of the metrics that there are, in order. */
  metrics(): readonly string[] {
    this.expire();
    return [...this.#table.metrics.keys()].sort();
  }

  /** The figures of every metric as a whole, by name. */
  allStats({
    windowMs = this.windowMs,
  }: Pick<StatsOptions, "windowMs"> = {}): ReadonlyMap<string, MetricStats> {
    const all = new Map<string, MetricStats>();
    for (const name of this.metrics()) {
      const stats = this.stats(name, { windowMs });
      if (stats !== undefined) all.set(name, stats);
    }
    return all;
  }

  /** Values that were taken, of one metric or of all: since it is known, or the last reset, and not of the window alone. */
  totalEvents(metric?: string): number {
    if (metric === undefined) return this.#counts.events;
    return this.#table.metrics.get(metric)?.events ?? 0;
  }

  /**
   * The ten groups with the most values, the first of them first: exact, but for those that have no stream (other-groups.ts).
   * @throws RangeError for a window that is longer than the aggregator's
   */
  topGroups(
    metric: string,
    { windowMs = this.windowMs }: Pick<StatsOptions, "windowMs"> = {},
  ): readonly GroupRank[] {
    const nowMs = this.#now(windowMs);
    const known = this.#table.metrics.get(metric);
    if (known === undefined) return [];
    const ranks = new Map(known.others.ranks(nowMs, windowMs).map((rank) => [rank.group, rank]));
    for (const [group, stream] of known.groups) {
      const { first, last } = this.#spanOf(stream, windowMs, nowMs);
      // One that has a stream now may have been one of the others before: what is in the one is not in the other.
      const { count, error } = ranks.get(group) ?? { count: 0, error: 0 };
      ranks.set(group, { group, count: count + stream.count(first, last), error });
    }
    return [...ranks.values()]
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1))
      .slice(0, TOP_GROUPS);
  }

  /**
   * How many groups there are: exactly, while there was a stream for each; about, when more came in the window that is on or the one
   * before. Undefined: there was no room to count those, or there is no such metric.
   */
  distinctGroups(metric: string): number | undefined {
    const nowMs = this.#now(this.windowMs);
    const known = this.#table.metrics.get(metric);
    return known?.others.distinct(nowMs, known.groups);
  }

  get figures(): AggregatorFigures {
    const { streams, metrics, expiredStreams, expiredValues } = this.#table;
    return {
      ...this.#counts,
      streams,
      metrics: metrics.size,
      stateBytes: this.#space.pool.usedBytes,
      expiredStreams,
      expiredValues,
    };
  }

  /** Forgets streams that no value came for during a window. Done by itself while values come; a timer may do it when none do. */
  expire(): void {
    this.#table.sweep(this.#clock.nowMs());
  }

  /** Other bounds from now on. What is there already stays. @throws RangeError */
  setBounds({ maxStreams, whenFull }: { readonly maxStreams: number; readonly whenFull: WhenFull }): void {
    checkNumber("maxStreams", maxStreams, 1, MAX_STREAMS);
    this.#table.maxStreams = maxStreams;
    this.#whenFull = whenFull;
  }

  /** Forgets everything, counts too. */
  reset(): void {
    this.#table.clear();
    this.#counts = { ...NO_COUNTS };
  }

  /** Gives its memory back to the space. It must not be used afterwards; a second time does nothing. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.reset();
    this.#reader.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #add(name: string, value: number, group: string | undefined, givenMs: number, nowMs: number): Outcome {
    if (Number.isNaN(value)) return this.#count("nan");
    if (!(givenMs <= nowMs + this.#aheadMs)) {
      checkTime(givenMs);
      return this.#count("ahead");
    }
    this.#table.sweepOnce(nowMs);
    // A little ahead of the clock is now: clocks differ.
    const pane = Math.floor(Math.min(givenMs, nowMs) / this.#paneMs);
    const nowPane = Math.floor(nowMs / this.#paneMs);
    const known = this.#table.metrics.get(name);
    const isLate = known?.whole.isLate(pane, nowPane) ?? pane <= nowPane - PANES;
    if (isLate) {
      checkTime(givenMs);
      return this.#count("late");
    }
    const metric = known ?? this.#table.make(name, pane, nowMs);
    if (metric === undefined) return this.#count("refused");
    const outcome = group === undefined ? "added" : this.#addToGroup(metric, group, value, pane, nowMs);
    if (outcome === "refused") {
      if (known === undefined) this.#table.unmake(name, metric);
      return this.#count("refused");
    }
    if (outcome === "other") this.#counts.other++;
    this.#counts.events++;
    metric.events++;
    metric.whole.seenMs = nowMs;
    if (!metric.whole.add(value, pane)) this.#counts.uncounted++;
    return outcome;
  }

  #addToGroup(
    metric: Metric,
    group: string,
    value: number,
    pane: number,
    nowMs: number,
  ): "added" | "other" | "refused" {
    const own = this.#table.groupOf(metric, group, pane, nowMs);
    if (own === undefined && this.#whenFull === "refuse") return "refused";
    const stream = own ?? this.#table.otherOf(metric, pane, nowMs);
    // No group is further on than its metric: what is not late there is not here.
    stream?.add(value, pane);
    if (stream !== undefined) stream.seenMs = nowMs;
    if (own !== undefined) return "added";
    metric.others.add(group, nowMs);
    return "other";
  }

  #count(outcome: "late" | "ahead" | "refused" | "nan"): Outcome {
    this.#counts[outcome]++;
    return outcome;
  }

  /** The moment of a question about a window, with what is over by then forgotten. */
  #now(windowMs: number): number {
    checkNumber("windowMs", windowMs, 1, this.windowMs);
    const nowMs = this.#clock.nowMs();
    this.#table.sweepOnce(nowMs);
    return nowMs;
  }

  #spanOf(stream: MetricStream, windowMs: number, nowMs: number): PaneSpan {
    const nowPane = Math.floor(nowMs / this.#paneMs);
    // After the clock was set back a little there are panes that it has still to reach.
    const isAhead = stream.newest > nowPane;
    const last = isAhead ? stream.newest : nowPane;
    const toMs = isAhead ? (last + 1) * this.#paneMs - 1 : nowMs;
    const first = Math.min(Math.floor((toMs - windowMs) / this.#paneMs) + 1, last);
    const fromMs = first * this.#paneMs;
    // Right after a pane has begun, less than a pane may have been looked at.
    const spanMs = Math.max(toMs - fromMs, Math.min(windowMs, this.#paneMs));
    return { first, last, fromMs, toMs, spanMs };
  }
}

function checkTime(timeMs: number): void {
  if (!Number.isFinite(timeMs))
    throw new RangeError(`timeMs: expected milliseconds since 1970; came ${timeMs}`);
}

function checkNumber(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new RangeError(`${name}: expected a number from ${min} to ${max}; came ${value}`);
}

/**
 * The streams that an aggregator has: which there are, whether there is room for another, and which are over. A metric has a stream of
 * all its values, one for each group that there was room for, and one of all other groups when there was none.
 */

import { PoolExhausted } from "../wasm/index.ts";
import { MetricStream, PANES } from "./metric-stream.ts";
import { OtherGroups } from "./other-groups.ts";
import type { AggregateSpace } from "./space.ts";

export interface Metric {
  readonly whole: MetricStream;
  readonly groups: Map<string, MetricStream>;
  other: MetricStream | undefined;
  readonly others: OtherGroups;
  /** Values since it is known. */
  events: number;
}

export interface StreamTableOptions {
  readonly space: AggregateSpace;
  readonly windowMs: number;
  readonly maxStreams: number;
}

/** Characters of a metric's or a group's name. */
const MAX_NAME_CHARACTERS = 256;

export class StreamTable {
  maxStreams: number;
  /** Streams that no value came for during a window. */
  expiredStreams = 0;
  readonly #metrics = new Map<string, Metric>();
  readonly #space: AggregateSpace;
  readonly #windowMs: number;
  readonly #paneMs: number;
  /** Those of metrics and groups, which `maxStreams` bounds; and those of all other groups. */
  #own = 0;
  #others = 0;
  #expiredValues = 0;
  /** Pane in which streams were last looked through. */
  #sweptPane = Number.NaN;

  constructor({ space, windowMs, maxStreams }: StreamTableOptions) {
    this.#space = space;
    this.#windowMs = windowMs;
    this.#paneMs = windowMs / PANES;
    this.maxStreams = maxStreams;
  }

  get metrics(): ReadonlyMap<string, Metric> {
    return this.#metrics;
  }

  /** Streams there are, those of other groups among them. */
  get streams(): number {
    return this.#own + this.#others;
  }

  /** Values that have left the window, as far as it was noticed. */
  get expiredValues(): number {
    let values = this.#expiredValues;
    for (const { whole } of this.#metrics.values()) values += whole.expired;
    return values;
  }

  /** A metric that is not there yet. Undefined: there is no room. @throws RangeError for a name that is too long */
  make(name: string, pane: number, nowMs: number): Metric | undefined {
    checkName("metric", name);
    const whole = this.#makeStream(pane, nowMs);
    if (whole === undefined) return undefined;
    const others = new OtherGroups(this.#space, this.#windowMs);
    const metric: Metric = { whole, groups: new Map(), other: undefined, others, events: 0 };
    this.#metrics.set(name, metric);
    return metric;
  }

  /** Takes back a metric that was made for a value which was not taken. */
  unmake(name: string, metric: Metric): void {
    this.#forget(metric);
    this.#metrics.delete(name);
  }

  /** The stream of a group, made when it is not there. Undefined: there is no room. @throws RangeError for a name that is too long */
  groupOf({ groups }: Metric, group: string, pane: number, nowMs: number): MetricStream | undefined {
    const known = groups.get(group);
    if (known !== undefined) return known;
    checkName("group", group);
    const made = this.#makeStream(pane, nowMs);
    if (made !== undefined) groups.set(group, made);
    return made;
  }

  /** The stream of all other groups, for which there is always a place; undefined: there is no memory. */
  otherOf(metric: Metric, pane: number, nowMs: number): MetricStream | undefined {
    if (metric.other === undefined) {
      metric.other = this.#allocate(pane, nowMs);
      if (metric.other !== undefined) this.#others++;
    }
    return metric.other;
  }

  /** Looks for streams that are over, once a pane. */
  sweepOnce(nowMs: number): void {
    if (Math.floor(nowMs / this.#paneMs) !== this.#sweptPane) this.sweep(nowMs);
  }

  /** Forgets streams that no value came for during a window, and gives back what has left the windows of the others. */
  sweep(nowMs: number): void {
    const nowPane = Math.floor(nowMs / this.#paneMs);
    this.#sweptPane = nowPane;
    for (const [name, metric] of this.#metrics) {
      if (this.#isOver(metric.whole, nowMs)) {
        this.expiredStreams += this.#forget(metric);
        this.#metrics.delete(name);
        continue;
      }
      metric.whole.trim(nowPane);
      for (const [group, stream] of metric.groups) {
        if (this.#keeps(stream, nowMs, nowPane)) continue;
        metric.groups.delete(group);
        this.#own--;
      }
      if (metric.other !== undefined && !this.#keeps(metric.other, nowMs, nowPane)) {
        metric.other = undefined;
        this.#others--;
      }
    }
  }

  /** Forgets everything, counts too. */
  clear(): void {
    for (const metric of this.#metrics.values()) this.#forget(metric);
    this.#metrics.clear();
    this.expiredStreams = this.#expiredValues = 0;
  }

  #keeps(stream: MetricStream, nowMs: number, nowPane: number): boolean {
    const isOver = this.#isOver(stream, nowMs);
    if (isOver) {
      stream.free();
      this.expiredStreams++;
    } else stream.trim(nowPane);
    return !isOver;
  }

  /** After the clock was set back by a window, what is of a time to come is over too: nothing of now would find its place beside it. */
  #isOver({ seenMs }: MetricStream, nowMs: number): boolean {
    return nowMs - seenMs > this.#windowMs || seenMs - nowMs > this.#windowMs - this.#paneMs;
  }

  /** Gives back the memory of a metric. @returns streams that it had */
  #forget({ whole, groups, other, others }: Metric): number {
    const streams = [whole, ...groups.values(), ...(other === undefined ? [] : [other])];
    for (const stream of streams) stream.free();
    this.#own -= 1 + groups.size;
    if (other !== undefined) this.#others--;
    this.#expiredValues += whole.expired;
    others.free();
    return streams.length;
  }

  #makeStream(pane: number, nowMs: number): MetricStream | undefined {
    if (this.#own >= this.maxStreams) return undefined;
    const made = this.#allocate(pane, nowMs);
    if (made !== undefined) this.#own++;
    return made;
  }

  #allocate(pane: number, nowMs: number): MetricStream | undefined {
    try {
      return new MetricStream(this.#space, pane, nowMs);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      return undefined;
    }
  }
}

function checkName(what: string, name: string): void {
  if (name.length <= MAX_NAME_CHARACTERS) return;
  throw new RangeError(
    `${what}: expected a name of at most ${MAX_NAME_CHARACTERS} characters; came one of ${name.length}`,
  );
}

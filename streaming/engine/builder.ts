/**
 * Says bit by bit what an engine is to do. Each method gives a new builder and leaves the one before as it is; `build` makes the engine.
 *
 * `map` and `flatMap` change what an item is, so whatever reads items (`time`, `key`, `measure`, `bytes`, `detector`) comes after
 * them, and sees what they made.
 */

import type { Clock } from "../../runtime/clock.ts";
import type { AggregateSpace } from "../space.ts";
import { Engine } from "./engine.ts";
import { type ChosenSettings, checked, DEFAULT_SETTINGS, settle } from "./engine-settings.ts";
import type { Key } from "./key-dictionary.ts";
import type { Detector, Pattern } from "./pattern.ts";
import type { EngineError, EnginePlan, Measure } from "./plan.ts";
import type { Transform } from "./transforms.ts";
import type { WindowResult } from "./window-result.ts";

const MAX_MEASURES = 256;

type Said = Omit<EnginePlan, "settings"> & { readonly settings: ChosenSettings };
type Of<T, R> = (item: T) => R;
type Value = number | null | undefined;

const NOTHING_SAID: Said = {
  settings: DEFAULT_SETTINGS,
  transforms: [],
  time: undefined,
  key: undefined,
  measures: [],
  bytes: undefined,
  onWindow: undefined,
  onPattern: undefined,
  onError: undefined,
  detector: undefined,
};

/** `In`: what the source gives; `T`: what transforms make of it; `K`: keys; `M`: names of measures. */
export class StreamingEngineBuilder<In, T = In, K extends Key = never, M extends string = never> {
  readonly #said: Said;

  constructor(said: Said = NOTHING_SAID) {
    this.#said = said;
  }

  /** Keeps items of which `keeps` says so. */
  filter(keeps: Of<T, boolean>): StreamingEngineBuilder<In, T, K, M> {
    return this.#then({ kind: "filter", of: keeps as Of<unknown, boolean> });
  }

  /** Makes of each item another. */
  map<U>(makes: Of<T, U>): StreamingEngineBuilder<In, U, K, M> {
    this.#expectUnread("map");
    return this.#then({ kind: "map", of: makes as Of<unknown, unknown> });
  }

  /** Makes of each item any number of others, which are taken one by one. */
  flatMap<U>(makes: Of<T, Iterable<U>>): StreamingEngineBuilder<In, U, K, M> {
    this.#expectUnread("flatMap");
    return this.#then({ kind: "flatMap", of: makes as Of<unknown, Iterable<unknown>> });
  }

  /** An item's time, milliseconds since the epoch; a part of a millisecond is left out. Default: the moment at which it comes. */
  time(of: Of<T, number>): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ time: of as Of<unknown, number> });
  }

  /** What items are grouped by. Default: nothing, all are one group. */
  key<G extends Key>(of: Of<T, G>): StreamingEngineBuilder<In, T, G, M> {
    return this.#with({ key: of as Of<unknown, Key> });
  }

  /** A number that the figures are of; null, undefined or NaN: this item has none. */
  measure<N extends string>(name: N, of: Of<T, Value>): StreamingEngineBuilder<In, T, K, M | N> {
    const { measures } = this.#said;
    // Results have their figures by name in an object, which takes this one for something else.
    if (name === "__proto__")
      throw new RangeError("measure: expected a name other than __proto__; came that");
    if (measures.some((other) => other.name === name)) {
      throw new RangeError(`measure: expected each name once; "${name}" came twice`);
    }
    if (measures.length === MAX_MEASURES) {
      throw new RangeError(`measure: expected at most ${MAX_MEASURES}; came one more`);
    }
    const measure: Measure = { name, of: of as Of<unknown, Value> };
    return this.#with({ measures: [...measures, measure] });
  }

  /** Several, by name. */
  measures<N extends string>(of: Readonly<Record<N, Of<T, Value>>>): StreamingEngineBuilder<In, T, K, M | N> {
    let builder: StreamingEngineBuilder<In, T, K, M | N> = this.#with({});
    for (const [name, measure] of Object.entries(of)) {
      builder = builder.measure(name as N, measure as Of<T, Value>);
    }
    return builder;
  }

  /** An item's size, for the metrics. Default: what it takes as columns. */
  bytes(of: Of<T, number>): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ bytes: of as Of<unknown, number> });
  }

  /** How long windows are, milliseconds. Default 60 000. */
  windowSize(ms: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ windowMs: checked("windowSize", ms) });
  }

  /** Hopping windows: one begins every so often, at most as far apart as they are long. */
  slideInterval(ms: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ windows: { kind: "hopping", everyMs: checked("slideInterval", ms) } });
  }

  /** Windows one after the other: the default. */
  tumblingWindows(): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ windows: { kind: "tumbling" } });
  }

  /** A window for each item, which ends with it. */
  slidingWindows(): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ windows: { kind: "sliding" } });
  }

  /** A window for items of a group that follow one another by less than this. */
  sessionGap(ms: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ windows: { kind: "session", gapMs: checked("sessionGap", ms) } });
  }

  /** How much later than a younger item an older one may come and still be in time. Default 0. */
  disorder(ms: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ disorderMs: checked("disorder", ms) });
  }

  /** How long after its end a window takes late items, and comes out again with them. Default 0. */
  lateness(ms: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ latenessMs: checked("lateness", ms) });
  }

  /** Leaves out items whose time is further ahead of the clock. Default: none, so that streams of any time can be read. */
  ahead(ms: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ aheadMs: checked("ahead", ms) });
  }

  /**
   * Groups in a window; items of more are one group together ("other", the default) or left out ("refuse"). Default 10 000. Keys of
   * open windows are remembered for four times as many; an item for whose key there is no room is left out either way.
   */
  maxGroups(groups: number, whenFull: "other" | "refuse" = "other"): StreamingEngineBuilder<In, T, K, M> {
    if (whenFull !== "other" && whenFull !== "refuse") {
      throw new RangeError(`maxGroups: expected "other" or "refuse"; came "${String(whenFull)}"`);
    }
    return this.#set({ maxGroups: checked("maxGroups", groups), whenFull });
  }

  /** Items that go into windows at once, when they come that fast. Default 100. */
  batchSize(items: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ batchSize: checked("batchSize", items) });
  }

  /** Items and windows that wait, or are in callbacks, before the source has to wait. Default 10 000, at least 2. */
  maxBufferSize(size: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ maxBufferSize: checked("maxBufferSize", size) });
  }

  /** Callbacks at once. Default 4. */
  maxConcurrency(callbacks: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ maxConcurrency: checked("maxConcurrency", callbacks) });
  }

  /** What a callback may take before it is an error, and the next one begins; null: any time. Default 5000. */
  processingTimeout(ms: number | null): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ processingTimeoutMs: ms === null ? null : checked("processingTimeout", ms) });
  }

  /** The detector is called every so many items. Default 100. */
  detectionInterval(items: number): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ detectionInterval: checked("detectionInterval", items) });
  }

  /** Whether the detector is called by itself, or by `detectPatterns` alone. Default true. */
  autoDetectPatterns(isOn: boolean): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ autoDetectPatterns: isOn });
  }

  clock(clock: Clock): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ clock });
  }

  /** Where windows lie, and how much room there is for them. Default: the thread's own space. */
  space(space: AggregateSpace): StreamingEngineBuilder<In, T, K, M> {
    return this.#set({ space });
  }

  /** Called with each window that comes out. May return a promise. */
  onWindow(callback: (window: WindowResult<K, M>) => unknown): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ onWindow: callback as (window: WindowResult) => unknown });
  }

  /** Called with each pattern that the detector finds. May return a promise. */
  onPattern(callback: (pattern: Pattern) => unknown): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ onPattern: callback });
  }

  /** Told of everything that went wrong and did not end the stream. */
  onError(callback: (error: EngineError) => unknown): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ onError: callback });
  }

  /** Looks for patterns. Called every `detectionInterval` items, at the end of a stream with the rest; never twice at once. */
  detector(detector: Detector<T, K, M>): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ detector: detector as unknown as Detector<unknown> });
  }

  /** @throws RangeError when two settings do not go together; PoolExhausted when the space has no room for an engine */
  build(): Engine<In> {
    const { settings, ...said } = this.#said;
    return new Engine<In>({ ...said, settings: settle(settings, said.detector !== undefined) });
  }

  #then<U>(transform: Transform): StreamingEngineBuilder<In, U, K, M> {
    return this.#with({ transforms: [...this.#said.transforms, transform] });
  }

  #set(settings: Partial<ChosenSettings>): StreamingEngineBuilder<In, T, K, M> {
    return this.#with({ settings: { ...this.#said.settings, ...settings } });
  }

  #with<U, G extends Key, N extends string>(said: Partial<Said>): StreamingEngineBuilder<In, U, G, N> {
    return new StreamingEngineBuilder<In, U, G, N>({ ...this.#said, ...said });
  }

  /** @throws Error when something reads items already, which would be given others than it was written for */
  #expectUnread(name: string): void {
    const { time, key, measures, bytes, detector } = this.#said;
    const readers = { time, key, measure: measures[0], bytes, detector };
    const [reader] = Object.entries(readers).find(([, of]) => of !== undefined) ?? [];
    if (reader === undefined) return;
    throw new Error(`${name}: expected before ${reader}, which reads what ${name} makes; came after it`);
  }
}

/**
 * From items to windows: transforms them, gathers them in columns, and puts these into the windows when they are full, a detector is due,
 * or the source has nothing ready. Between two items is a moment at which all that the engine knows can be saved.
 */

import { clearImmediate, setImmediate } from "node:timers";
import type { Work } from "./deliveries.ts";
import { ItemReader } from "./item-reader.ts";
import type { Meter } from "./meter.ts";
import type { Outflow } from "./outflow.ts";
import { PatternFeed } from "./pattern.ts";
import type { EnginePlan } from "./plan.ts";
import { expanded, LEFT_OUT, transformed } from "./transforms.ts";
import type { WindowResult } from "./window-result.ts";
import type { WindowStage } from "./window-stage.ts";
import { DetectionWork, type Reports, WindowWork } from "./work.ts";

export interface IntakeParts {
  readonly plan: EnginePlan;
  readonly stage: WindowStage;
  readonly outflow: Outflow;
  readonly meter: Meter;
  readonly reports: Reports;
}

interface Asked {
  /** Called at a moment between two items. */
  readonly use: () => void;
  readonly reject: (error: unknown) => void;
}

export class Intake {
  /** Items of sources that are in the state in full. */
  position = 0;
  readonly #plan: EnginePlan;
  readonly #stage: WindowStage;
  readonly #outflow: Outflow;
  readonly #meter: Meter;
  readonly #reports: Reports;
  readonly #reader: ItemReader;
  readonly #feed: PatternFeed | undefined;
  readonly #hasFlatMap: boolean;
  /** Something is on its way into the windows or out of them. */
  #isBusy = false;
  /** What is so without an item of the source: they wait for it. */
  #aside: Promise<void> | undefined;
  #idleCheck: ReturnType<typeof setImmediate> | undefined;
  #batchSinceMs = 0;
  #asked: Asked[] = [];

  constructor({ plan, stage, outflow, meter, reports }: IntakeParts) {
    const { detectionInterval, maxBufferSize } = plan.settings;
    this.#plan = plan;
    this.#stage = stage;
    this.#outflow = outflow;
    this.#meter = meter;
    this.#reports = reports;
    this.#reader = new ItemReader(plan, stage);
    this.#hasFlatMap = plan.transforms.some(({ kind }) => kind === "flatMap");
    if (plan.detector !== undefined) this.#feed = new PatternFeed(detectionInterval, maxBufferSize);
  }

  /** Before an item is asked for. Undefined: there is room; otherwise look again when this has resolved. */
  ready(): Promise<void> | undefined {
    if (this.#asked.length > 0) this.#settle();
    return this.#aside === undefined ? this.#outflow.room() : this.#outflow.hold(this.#aside);
  }

  /** Takes an item. The next one is to wait for the promise. */
  take(item: unknown): Promise<void> | undefined {
    if (this.#aside !== undefined) return this.#outflow.hold(this.#aside).then(() => this.take(item));
    this.#meter.totals.received++;
    this.#isBusy = true;
    const taking = this.#transform(item);
    if (taking !== undefined) return taking.then(this.#taken);
    this.#isBusy = false;
    this.position++;
    return undefined;
  }

  /** At the end of a stream: everything goes into windows and, unless they are kept, these are closed. Resolves when all is done. */
  async drain(keepWindows: boolean): Promise<void> {
    await this.#aside;
    this.#isBusy = true;
    if (this.#idleCheck !== undefined) clearImmediate(this.#idleCheck);
    this.#idleCheck = undefined;
    await this.#outflow.put(this.#batch());
    if (!keepWindows) await this.#outflow.put(this.#closing());
    await this.#outflow.idle();
    this.#isBusy = false;
    this.#answer();
  }

  /** Gives windows to their callbacks that came out of a stream before. Nothing may be on. */
  async redeliver(windows: readonly WindowResult[]): Promise<void> {
    this.#isBusy = true;
    await this.#outflow.put(this.#works(windows));
    this.#isBusy = false;
    this.#answer();
  }

  /** Calls `use` between two items, when all before are in windows, and all windows that they closed with their callbacks. */
  between<R>(use: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ use: () => resolve(use()), reject });
      this.#settle();
    });
  }

  /** Calls the detector with what there is. Resolves when it and its callbacks are done. */
  detect(): Promise<void> {
    if (this.#feed === undefined) throw new Error("detectPatterns: expected a detector; there is none");
    return this.#outflow.done(this.#detection(this.#feed));
  }

  #transform(item: unknown): Promise<void> | undefined {
    const { transforms } = this.#plan;
    if (transforms.length === 0) return this.#admit(item);
    if (this.#hasFlatMap) return this.#admitAll(expanded(item, transforms), item);
    let made: unknown;
    try {
      made = transformed(item, transforms);
    } catch (error) {
      this.#reports.failed({ kind: "item", error, item });
      return undefined;
    }
    return made === LEFT_OUT ? undefined : this.#admit(made);
  }

  async #admitAll(items: Iterator<unknown>, item: unknown): Promise<void> {
    for (;;) {
      let step: IteratorResult<unknown>;
      try {
        step = items.next();
      } catch (error) {
        this.#reports.failed({ kind: "item", error, item });
        return;
      }
      if (step.done === true) return;
      for (let wait = this.#outflow.room(); wait !== undefined; wait = this.#outflow.room()) await wait;
      const admitting = this.#admit(step.value);
      if (admitting !== undefined) await admitting;
    }
  }

  /** Takes an item into the columns; when they are full, into the windows. */
  #admit(item: unknown): Promise<void> | undefined {
    const { columns } = this.#stage;
    const { totals } = this.#meter;
    if (columns.rows === 0) this.#batchSinceMs = this.#meter.begins();
    try {
      // What has no room for its key is counted as refused, and was looked at like any other.
      if (!this.#reader.read(item)) totals.processed++;
    } catch (error) {
      this.#reports.failed({ kind: "item", error, item });
      return undefined;
    }
    totals.bytes += this.#reader.bytes;
    this.#meter.buffered(this.#outflow.size);
    this.#feed?.addItem(item);
    if (columns.rows === columns.capacity || this.#isDetectionDue) return this.#outflow.put(this.#batch());
    this.#checkIdle();
    return undefined;
  }

  readonly #taken = (): void => {
    this.#isBusy = false;
    this.position++;
    this.#checkIdle();
  };

  /** The event loop comes round to this when the source has no item ready. */
  #checkIdle(): void {
    this.#idleCheck ??= setImmediate(() => {
      this.#idleCheck = undefined;
      if (this.#stage.columns.rows > 0) this.#settle();
    });
  }

  /** Between two items: puts what waits into windows, and calls whoever asked for such a moment. Within one: nothing. */
  #settle(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const settled = () => {
      this.#isBusy = false;
      this.#aside = undefined;
      this.#answer();
    };
    const failed = (error: unknown) => {
      for (const { reject } of this.#asked.splice(0)) reject(error);
      throw error;
    };
    try {
      const flushing = this.#outflow.put(this.#batch());
      if (flushing === undefined) settled();
      else this.#aside = flushing.then(settled, failed);
    } catch (error) {
      this.#aside = Promise.reject(error).catch(failed);
    }
    // Whoever takes the next item, or drains, is told.
    this.#aside?.catch(() => {});
  }

  #answer(): void {
    for (const { use, reject } of this.#asked.splice(0)) {
      try {
        use();
      } catch (error) {
        reject(error);
      }
    }
  }

  /** What waits, into windows. */
  *#batch(): Generator<Work> {
    const { rows } = this.#stage.columns;
    if (rows > 0) {
      yield* this.#works(this.#stage.add(this.#plan.settings.clock.nowMs()));
      this.#meter.processed(rows, this.#batchSinceMs);
    }
    if (this.#isDetectionDue && this.#feed !== undefined) yield this.#detection(this.#feed);
  }

  *#closing(): Generator<Work> {
    yield* this.#works(this.#stage.finish());
    const { autoDetectPatterns } = this.#plan.settings;
    if (autoDetectPatterns && this.#feed?.isEmpty === false) yield this.#detection(this.#feed);
  }

  *#works(windows: Iterable<WindowResult>): Generator<Work> {
    for (const window of windows) {
      this.#feed?.addWindow(window);
      yield new WindowWork(window, this.#plan, this.#reports);
    }
  }

  get #isDetectionDue(): boolean {
    return this.#feed?.isFull === true && this.#plan.settings.autoDetectPatterns;
  }

  #detection(feed: PatternFeed): DetectionWork {
    return new DetectionWork(feed.take(), this.#plan, this.#reports);
  }
}

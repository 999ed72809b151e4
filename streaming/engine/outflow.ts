/**
 * From windows to callbacks, through a buffer of a fixed size: items that wait for their windows, and windows (and batches for a
 * detector) that wait for their callbacks or are in them. Where there is no room, the windows are held: the next one does not come
 * out before there is.
 */

import { Deliveries, type Work } from "./deliveries.ts";
import type { Meter } from "./meter.ts";
import type { EnginePlan } from "./plan.ts";
import type { WindowResult } from "./window-result.ts";
import { WindowWork } from "./work.ts";

export class Outflow {
  readonly #deliveries: Deliveries;
  readonly #meter: Meter;
  readonly #capacity: number;
  /** Items that wait for their windows. */
  readonly #waiting: () => number;
  #isHeld = false;

  constructor({ settings }: EnginePlan, meter: Meter, waiting: () => number) {
    const { maxConcurrency, processingTimeoutMs, maxBufferSize, clock } = settings;
    this.#deliveries = new Deliveries({ maxConcurrency, timeoutMs: processingTimeoutMs, clock });
    this.#meter = meter;
    this.#capacity = maxBufferSize;
    this.#waiting = waiting;
  }

  /** Items and windows that wait, or are worked on. */
  get size(): number {
    return this.#waiting() + this.#deliveries.weight;
  }

  /** Before an item is asked for. Undefined: there is room; otherwise look again when this has resolved. */
  room(): Promise<void> | undefined {
    if (this.size >= this.#capacity) return this.hold(this.#deliveries.progress());
    this.#isHeld = false;
    return undefined;
  }

  /** The source waits for `until`: counted once, however often it is looked whether it still has to. */
  hold(until: Promise<void>): Promise<void> {
    if (!this.#isHeld) this.#meter.totals.backpressure++;
    this.#isHeld = true;
    return until;
  }

  /** Puts each into the queue as soon as there is room for it. Undefined: all are. */
  put(works: Iterator<Work>): Promise<void> | undefined {
    for (let step = works.next(); step.done !== true; step = works.next()) {
      if (!this.#fits(step.value)) return this.#putSlowly(works, step.value);
      this.#put(step.value);
    }
    return undefined;
  }

  /** Resolves when it is done. */
  async done(work: Work): Promise<void> {
    await this.put([work].values());
    while (this.#deliveries.has(work)) await this.#deliveries.progress();
  }

  /** Resolves when all is done. */
  async idle(): Promise<void> {
    await this.#deliveries.idle();
    this.#isHeld = false;
  }

  /** Windows whose callbacks are not done, in order. */
  undelivered(): WindowResult[] {
    const works = [...this.#deliveries.outstanding()];
    return works.filter((work) => work instanceof WindowWork).map(({ window }) => window);
  }

  async #putSlowly(works: Iterator<Work>, first: Work): Promise<void> {
    let work = first;
    for (;;) {
      while (!this.#fits(work)) await this.hold(this.#deliveries.progress());
      this.#put(work);
      const step = works.next();
      if (step.done === true) return;
      work = step.value;
    }
  }

  #put(work: Work): void {
    this.#deliveries.put(work);
    this.#meter.buffered(this.size);
  }

  #fits({ weight }: Work): boolean {
    return this.#deliveries.weight === 0 || this.size + weight <= this.#capacity;
  }
}

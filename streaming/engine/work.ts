/** What an engine has its deliveries do: a window's callback, and a detector with the callbacks of what it finds. */

import { isThenable, type Work } from "./deliveries.ts";
import type { Pattern, PatternBatch } from "./pattern.ts";
import type { EngineError, EnginePlan } from "./plan.ts";
import type { WindowResult } from "./window-result.ts";

export interface Reports {
  failed(error: EngineError): void;
  /** A pattern was found. */
  found(): void;
}

export class WindowWork implements Work {
  readonly weight = 1;
  readonly isExclusive = false;
  readonly window: WindowResult;
  readonly #plan: EnginePlan;
  readonly #reports: Reports;

  constructor(window: WindowResult, plan: EnginePlan, reports: Reports) {
    this.window = window;
    this.#plan = plan;
    this.#reports = reports;
  }

  run(): unknown {
    return this.#plan.onWindow?.(this.window);
  }

  failed(error: unknown): void {
    this.#reports.failed({ kind: "window", error, window: this.window });
  }
}

/** One at a time: a detector may compare what it is given with what it was given before. */
export class DetectionWork implements Work {
  readonly weight: number;
  readonly isExclusive = true;
  readonly #batch: PatternBatch<unknown>;
  readonly #plan: EnginePlan;
  readonly #reports: Reports;
  /** It took too long: what it finds yet is told to nobody. */
  #isOver = false;

  constructor(batch: PatternBatch<unknown>, plan: EnginePlan, reports: Reports) {
    this.weight = batch.items.length;
    this.#batch = batch;
    this.#plan = plan;
    this.#reports = reports;
  }

  run(): unknown {
    const found = this.#plan.detector?.(this.#batch) ?? [];
    return Array.isArray(found) ? this.#tell(found, 0) : this.#wait(found as PromiseLike<unknown>);
  }

  failed(error: unknown): void {
    this.#isOver = true;
    this.#reports.failed({ kind: "detector", error });
  }

  async #wait(found: PromiseLike<unknown>): Promise<void> {
    const patterns = await found;
    if (!Array.isArray(patterns)) {
      throw new TypeError(`detector: expected an array of patterns; came ${typeof patterns}`);
    }
    await this.#tell(patterns, 0);
  }

  /** Tells of one after the other; at once, as long as no callback has to be waited for. */
  #tell(patterns: readonly Pattern[], from: number): Promise<void> | undefined {
    for (let index = from; index < patterns.length && !this.#isOver; index++) {
      const pattern = patterns[index] as Pattern;
      const failed = (error: unknown) => this.#reports.failed({ kind: "pattern", error, pattern });
      this.#reports.found();
      try {
        const result = this.#plan.onPattern?.(pattern);
        if (isThenable(result)) {
          return Promise.resolve(result)
            .catch(failed)
            .then(() => this.#tell(patterns, index + 1));
        }
      } catch (error) {
        failed(error);
      }
    }
    return undefined;
  }
}

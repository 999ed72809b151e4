/** How many bodies were pushed, by dataset, format and what became of them. What became of their rows is in the ledger's metrics. */

import type { PushFormat } from "../../ingest/decoder.ts";
import type { Metrics } from "../../runtime/metrics/index.ts";

/**
 * `taken`: with rows that were accepted, or none in it. `refused`: its sender has to mend it. `delayed`: to be sent again, nothing
 * of it was taken. `unknown`: to be sent again under its key, as nobody knows what was taken.
 */
const PUSH_OUTCOMES = ["taken", "refused", "delayed", "unknown"] as const;
export type PushOutcome = (typeof PUSH_OUTCOMES)[number];

interface Count {
  readonly dataset: string;
  readonly format: PushFormat;
  readonly outcome: PushOutcome;
  bodies: number;
  bytes: number;
}

export class PushCounts {
  readonly #counts = new Map<string, Count>();
  readonly #registered = new Set<string>();

  /** @param dataset a declared one: series are by it */
  add(dataset: string, format: PushFormat, outcome: PushOutcome, bytes: number): void {
    const key = `${dataset} ${format} ${outcome}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { dataset, format, outcome, bodies: 0, bytes: 0 };
      this.#counts.set(key, count);
    }
    count.bodies++;
    count.bytes += bytes;
  }

  /** Registers what was counted for the first time since the last call. Call before each scrape. */
  register(metrics: Metrics): void {
    for (const [key, count] of this.#counts) {
      if (this.#registered.has(key)) continue;
      this.#registered.add(key);
      const { dataset, format, outcome } = count;
      const labels = { dataset, format, outcome };
      const bodies = "Pushed bodies, by what became of them.";
      metrics.registerCounter("pushed_bodies", bodies, labels, () => count.bodies);
      metrics.registerCounter("pushed_bytes", "Bytes of them, as they came.", labels, () => count.bytes);
    }
  }
}

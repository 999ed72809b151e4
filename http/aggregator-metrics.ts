/** The aggregator's figures as metrics. To be had only by message, so they are gathered before a scrape is answered. */

import { AGGREGATOR, type AggregatorReplies } from "../actors/aggregator/protocol.ts";
import type { Metrics } from "../runtime/metrics/index.ts";
import type { ControlDeps } from "./control.ts";

type Figures = AggregatorReplies["aggregate.figures"]["figures"];

/** A scrape does not wait for an actor that is down. */
const ANSWER_MS = 500;

export class AggregatorMetrics {
  readonly #deps: Pick<ControlDeps, "ask" | "status">;
  #figures: Figures | undefined;

  constructor(deps: Pick<ControlDeps, "ask" | "status">) {
    this.#deps = deps;
  }

  /** Call before each scrape. */
  async gather(): Promise<void> {
    this.#figures = undefined;
    if (!this.#isThere()) return;
    const message = { kind: "aggregate.figures" } as const;
    const answer = await this.#deps.ask<AggregatorReplies["aggregate.figures"]>(
      AGGREGATOR,
      message,
      ANSWER_MS,
    );
    this.#figures = answer.ok ? answer.value.figures : undefined;
  }

  register(metrics: Metrics): void {
    if (!this.#isThere()) return;
    const counter = (name: string, help: string, of: (figures: Figures) => number, outcome?: string) =>
      metrics.registerCounter(name, help, outcome === undefined ? {} : { outcome }, () => of(this.#found()));
    const gauge = (name: string, help: string, of: (figures: Figures) => number) =>
      metrics.registerGauge(name, help, {}, () => of(this.#found()));
    const values = "Values that came to be aggregated, by what became of them.";
    counter("aggregated_values", values, ({ events, other }) => events - other, "added");
    for (const outcome of ["other", "late", "ahead", "refused"] as const) {
      counter("aggregated_values", values, (figures) => figures[outcome], outcome);
    }
    const truncated = "Values for which there was no room in the percentiles.";
    counter("aggregated_values_truncated", truncated, ({ uncounted }) => uncounted);
    const left = "Values that have left their window, as far as it was noticed.";
    counter("aggregated_values_expired", left, ({ expiredValues }) => expiredValues);
    gauge("metric_streams", "Metrics, and groups of them, that are aggregated.", ({ streams }) => streams);
    const over = "Of these, those that were forgotten, as no value came for a window.";
    counter("metric_streams_expired", over, ({ expiredStreams }) => expiredStreams);
    gauge("metric_state_bytes", "Bytes that they take.", ({ stateBytes }) => stateBytes);
  }

  /** A system may be built without it. */
  #isThere(): boolean {
    return this.#deps.status().actors.some(({ name }) => name === AGGREGATOR);
  }

  /** A series whose figure is not known is left out of the scrape. */
  #found(): Figures {
    if (this.#figures === undefined) throw new Error("the aggregator did not answer");
    return this.#figures;
  }
}

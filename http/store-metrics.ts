/** The store's and the exporter's figures as metrics. To be had only by message, so they are gathered before a scrape is answered. */

import { EXPORTER, type ExporterReplies } from "../actors/exporter/protocol.ts";
import { KEEPER, type KeeperReplies } from "../actors/keeper/protocol.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics/index.ts";
import type { ControlDeps } from "./control.ts";

type StoreStats = KeeperReplies["keeper.stats"]["stats"];

/** A scrape does not wait for an actor that is down. */
const ANSWER_MS = 500;
/** The keeper looks through the log for its figures, so they are this old at the most and not newer. */
const STORE_AGE_MS = 60_000;

export class StoreMetrics {
  readonly #deps: Pick<ControlDeps, "ask" | "status">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #stats: StoreStats | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #running: number | undefined;

  constructor(deps: Pick<ControlDeps, "ask" | "status">, clock: Pick<Clock, "monotonicMs">) {
    this.#deps = deps;
    this.#clock = clock;
  }

  /** Call before each scrape. */
  async gather(): Promise<void> {
    const [running] = await Promise.all([this.#askRunning(), this.#askStats()]);
    this.#running = running;
  }

  register(metrics: Metrics, datasets: readonly string[]): void {
    for (const dataset of datasets) {
      const of = () => found(this.#stats?.datasets.find((stats) => stats.dataset === dataset));
      metrics.registerGauge("store_rows", "Rows that can be read.", { dataset }, () => of().rows);
      const help = "Bytes of files, by where they are.";
      metrics.registerGauge("store_bytes", help, { dataset, part: "lake" }, () => of().lakeBytes);
      metrics.registerGauge("store_bytes", help, { dataset, part: "log" }, () => of().logBytes);
    }
    const total = () => found(this.#stats).totalBytes;
    metrics.registerGauge("store_total_bytes", "Bytes of all files of the store.", {}, total);
    metrics.registerGauge("exports_running", "Exports that are being made.", {}, () => found(this.#running));
  }

  async #askStats(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedMs < STORE_AGE_MS || !this.#has(KEEPER)) return;
    const answer = await this.#deps.ask<KeeperReplies["keeper.stats"]>(
      KEEPER,
      { kind: "keeper.stats" },
      ANSWER_MS,
    );
    this.#stats = answer.ok ? answer.value.stats : undefined;
    if (answer.ok) this.#askedMs = nowMs;
  }

  async #askRunning(): Promise<number | undefined> {
    if (!this.#has(EXPORTER)) return undefined;
    const message = { kind: "export.jobs" } as const;
    const answer = await this.#deps.ask<ExporterReplies["export.jobs"]>(EXPORTER, message, ANSWER_MS);
    return answer.ok ? answer.value.jobs.filter(({ state }) => state === "running").length : undefined;
  }

  /** A system may be built without it. */
  #has(actor: string): boolean {
    return this.#deps.status().actors.some(({ name }) => name === actor);
  }
}

/** A series whose figure is not known is left out of the scrape. */
function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("its actor did not answer");
  return value;
}

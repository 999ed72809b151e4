/** Dead letters as metrics. To be had only by message, so they are gathered before a scrape is answered. */

import { DEAD_LETTERS, type DeadLettersReplies } from "../actors/dead-letters/protocol.ts";
import { REJECTION_REASONS } from "../datasets/rejection.ts";
import type { Metrics } from "../runtime/metrics/index.ts";
import type { ControlDeps } from "./control.ts";

type Listed = DeadLettersReplies["letters.list"] & { readonly ok: true };

/** A scrape does not wait for an actor that is down. */
const ANSWER_MS = 500;

export class LetterMetrics {
  readonly #deps: Pick<ControlDeps, "ask" | "status">;
  #listed: Listed | undefined;

  constructor(deps: Pick<ControlDeps, "ask" | "status">) {
    this.#deps = deps;
  }

  /** Call before each scrape. */
  async gather(): Promise<void> {
    this.#listed = undefined;
    if (!this.#isThere()) return;
    const message = { kind: "letters.list", limit: 0 } as const;
    const asked = await this.#deps.ask<DeadLettersReplies["letters.list"]>(DEAD_LETTERS, message, ANSWER_MS);
    if (asked.ok && asked.value.ok) this.#listed = asked.value;
  }

  /** @param datasets those that rows are pushed into */
  register(metrics: Metrics, datasets: readonly string[]): void {
    if (!this.#isThere()) return;
    const help = "Refused rows that are kept, and can be looked at and pushed again.";
    for (const dataset of datasets) {
      for (const reason of REJECTION_REASONS) {
        const read = () =>
          this.#found().counts.find((count) => count.dataset === dataset && count.reason === reason)
            ?.letters ?? 0;
        metrics.registerGauge("dead_letter_rows", help, { dataset, reason }, read);
      }
    }
    const forgotten =
      "Refused rows that are not kept: of large requests, old ones, and what there was no room for.";
    metrics.registerCounter("dead_letter_rows_forgotten", forgotten, {}, () => this.#found().forgotten);
  }

  /** A system may be built without it. */
  #isThere(): boolean {
    return this.#deps.status().actors.some(({ name }) => name === DEAD_LETTERS);
  }

  /** A series whose figure is not known is left out of the scrape. */
  #found(): Listed {
    if (this.#listed === undefined) throw new Error("the keeper of dead letters did not answer");
    return this.#listed;
  }
}

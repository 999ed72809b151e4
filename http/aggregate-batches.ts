/**
 * The way of values to the aggregator: what several requests bring while it is asked goes to it together, with the next question.
 * So a value that comes alone costs a share of a question, and a full mailbox is none of its troubles.
 */

import { AGGREGATOR, type AggregatorReplies, MAX_VALUES } from "../actors/aggregator/protocol.ts";
import type { AskResult } from "../runtime/actor/types.ts";
import type { MetricEvent } from "../streaming/aggregator-types.ts";
import { askPatiently } from "./ask.ts";
import type { ControlDeps } from "./control.ts";

/** Values that wait at the most: as many as the bodies that may be read at once bring. */
const MAX_WAITING = 64 * MAX_VALUES;
const ANSWER_MS = 10_000;

type Added = AskResult<AggregatorReplies["aggregate.add"]>;

interface Waiting {
  readonly events: readonly MetricEvent[];
  readonly resolve: (added: Added) => void;
}

export class AggregateBatches {
  readonly #deps: ControlDeps;
  #waiting: Waiting[] = [];
  #waitingValues = 0;
  #isAsking = false;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  /** @param events at most MAX_VALUES */
  add(events: readonly MetricEvent[]): Promise<Added> {
    if (this.#waitingValues + events.length > MAX_WAITING) {
      return Promise.resolve({ ok: false, reason: "full", message: "too many values wait to be aggregated" });
    }
    this.#waitingValues += events.length;
    return new Promise((resolve) => {
      this.#waiting.push({ events, resolve });
      if (!this.#isAsking) void this.#askAll();
    });
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const events = batch.length === 1 ? batch[0]!.events : batch.flatMap((one) => one.events);
      const added = await this.#ask(events);
      let from = 0;
      for (const { events: own, resolve } of batch) {
        resolve(part(added, from, from + own.length));
        from += own.length;
      }
    }
    this.#isAsking = false;
  }

  #takeBatch(): readonly Waiting[] {
    let values = 0;
    const end = this.#waiting.findIndex(({ events }, at) => {
      values += events.length;
      return at > 0 && values > MAX_VALUES;
    });
    const batch = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
    for (const { events } of batch) this.#waitingValues -= events.length;
    return batch;
  }

  async #ask(events: readonly MetricEvent[]): Promise<Added> {
    try {
      return await askPatiently(
        this.#deps,
        AGGREGATOR,
        { kind: "aggregate.add", events } as never,
        ANSWER_MS,
      );
    } catch (error) {
      // A system without an aggregator.
      this.#deps.log.error("values could not be aggregated", { error });
      return { ok: false, reason: "closed", message: "the aggregator is not there" };
    }
  }
}

function part(added: Added, from: number, to: number): Added {
  if (!added.ok || added.value.outcomes === null) return added;
  const outcomes = added.value.outcomes.subarray(from, to);
  return { ok: true, value: { ...added.value, outcomes } };
}

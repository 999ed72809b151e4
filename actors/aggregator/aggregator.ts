/**
 * The aggregator: keeps statistics of what other programs measure (protocol.ts), in the bytes that it was given.
 *
 * Groups are replaced by their pseudonyms before anything is kept. It stands beside the lanes: what it keeps is of the last minutes,
 * in memory alone, and in no log.
 */

import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { MetricEvent, WhenFull } from "../../streaming/aggregator-types.ts";
import { StreamingAggregator } from "../../streaming/streaming-aggregator.ts";
import { BlockPool } from "../../wasm/index.ts";
import { openKey } from "../anonymizer/key.ts";
import { refuse } from "../refused.ts";
import { kernelsOf } from "../resources.ts";
import { GROUP_SCRATCH_BYTES, GroupPseudonyms } from "./group-pseudonyms.ts";
import {
  type AddValues,
  type AggregatorMessage,
  type AggregatorReplies,
  type AskAllStats,
  type AskStats,
  MAX_METRICS,
  MAX_VALUES,
  type MetricAnswer,
  OUTCOMES,
} from "./protocol.ts";

export interface AggregatorConfig {
  readonly dataFolder: string;
  readonly windowMs: number;
  readonly maxStreams: number;
  readonly whenFull: WhenFull;
  /** Bytes of all streams together. */
  readonly stateBytes: number;
}

/** What is over is forgotten this often in a window, when nobody sends anything. */
const LOOKS_A_WINDOW = 4;

export default function aggregator(context: ActorContext<AggregatorConfig>): Behaviour {
  const { config, clock } = context;
  const kernels = kernelsOf(context as ActorContext<never>);
  const key = openKey(config.dataFolder);
  const groups = new GroupPseudonyms(kernels, context.scratch, key);
  key.fill(0);
  const { windowMs } = config;
  let { maxStreams } = config;
  const streams = new StreamingAggregator({
    windowMs,
    maxStreams,
    whenFull: config.whenFull,
    clock,
    space: {
      kernels,
      pool: new BlockPool(context.scratch + GROUP_SCRATCH_BYTES, config.stateBytes),
      f64: new Float64Array(context.memory.buffer),
    },
  });
  context.every(windowMs / LOOKS_A_WINDOW, () => streams.expire(), windowMs / LOOKS_A_WINDOW);
  context.every(windowMs, () => groups.forget(), windowMs);

  function add({ events }: AddValues): AggregatorReplies["aggregate.add"] {
    const outcomes = streams.aggregateAll(events.map(pseudonymized));
    const isTaken = outcomes.every((outcome) => outcome === "added" || outcome === "other");
    return {
      ok: true,
      outcomes: isTaken ? null : Uint8Array.from(outcomes, (outcome) => OUTCOMES.indexOf(outcome)),
      windowMs,
      maxStreams,
    };
  }

  function pseudonymized(event: MetricEvent): MetricEvent {
    return event.group === undefined ? event : { ...event, group: groups.of(event.group) };
  }

  function stats(asked: AskStats): AggregatorReplies["aggregate.stats"] {
    const span = asked.windowMs ?? windowMs;
    if (!isSpan(span)) return badWindow(span);
    const pseudonym = asked.group === undefined ? undefined : groups.of(asked.group);
    const of = pseudonym === undefined ? {} : { group: pseudonym };
    const answer = answerOf(asked.metric, span, of);
    if (answer !== undefined) return { ok: true, pseudonym: pseudonym ?? null, ...answer };
    const what = pseudonym === undefined ? "this metric" : "this group of this metric";
    const hasOthers = pseudonym !== undefined && streams.stats(asked.metric, { group: null }) !== undefined;
    const other = hasOthers
      ? ", or it is one of the others, for which there was no room; raise aggregation.maxStreams or stateBytes"
      : "";
    return refuse(
      "unknown-metric",
      `expected a metric that values came for; none of ${what} came within the last ${windowMs / 1000} s${other}`,
    );
  }

  function allStats({
    after = "",
    limit,
    windowMs: span = windowMs,
  }: AskAllStats): AggregatorReplies["aggregate.all"] {
    if (!isSpan(span)) return badWindow(span);
    const names = streams.metrics().filter((name) => name > after);
    const wanted = names.slice(0, Math.min(limit, MAX_METRICS));
    const metrics = wanted.map((name) => answerOf(name, span)).filter((answer) => answer !== undefined);
    // Not the last that is answered for: it may have been forgotten meanwhile.
    return { ok: true, metrics, next: wanted.length < names.length ? wanted.at(-1)! : null };
  }

  function answerOf(
    metric: string,
    span: number,
    of: { readonly group?: string } = {},
  ): MetricAnswer | undefined {
    const found = streams.stats(metric, { ...of, windowMs: span });
    if (found === undefined) return undefined;
    const topGroups = streams
      .topGroups(metric, { windowMs: span })
      .map(({ group, count, error }) => ({ pseudonym: group, count, error }));
    return {
      metric,
      stats: found,
      totalEvents: streams.totalEvents(metric),
      topGroups,
      distinctGroups: streams.distinctGroups(metric) ?? null,
    };
  }

  function isSpan(span: number): boolean {
    return span >= 1 && span <= windowMs;
  }

  function badWindow(span: number) {
    return refuse(
      "bad-window",
      `window: expected from 1 ms to the ${windowMs} ms that are kept; came ${span} ms`,
    );
  }

  return {
    receive(message: Message, reply: Reply) {
      const asked = message as AggregatorMessage;
      switch (asked.kind) {
        case "aggregate.add":
          if (asked.events.length <= MAX_VALUES) return reply(add(asked));
          return reply.fail(`at most ${MAX_VALUES} values can be sent at once; came ${asked.events.length}`);
        case "aggregate.stats":
          return reply(stats(asked));
        case "aggregate.all":
          return reply(allStats(asked));
        case "aggregate.figures":
          return reply({
            ok: true,
            figures: streams.figures,
          } satisfies AggregatorReplies["aggregate.figures"]);
        case "aggregate.reset":
          streams.reset();
          return reply({ ok: true } satisfies AggregatorReplies["aggregate.reset"]);
        default:
          return reply.fail(
            `the aggregator takes aggregate.add, .stats, .all, .figures and .reset; came ${message.kind}`,
          );
      }
    },
    reconfigure(changed) {
      const next = changed as AggregatorConfig;
      if (next.windowMs !== windowMs || next.stateBytes !== config.stateBytes) return false;
      maxStreams = next.maxStreams;
      streams.setBounds(next);
      return true;
    },
    stop() {
      groups.end();
    },
  };
}

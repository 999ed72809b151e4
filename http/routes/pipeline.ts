/**
 * The aggregation service: POST /pipeline/aggregate, GET /pipeline/stats/:metric, GET /pipeline/all-stats.
 *
 * It keeps to an interface that programs speak already: its addresses are without a version, and names are snake_case (`metric_name`,
 * `group_by`, `total_events`). Nowhere else are they.
 *
 * Values are checked one by one: of a list the good ones are taken, and the others answered for. They are on no disk: what is known of
 * them is of the last minutes.
 */

import { z } from "zod";
import {
  AGGREGATOR,
  type AggregatorMessage,
  type AggregatorReplies,
  MAX_METRICS,
  MAX_VALUES,
  METRIC_NAME,
  METRIC_NAME_EXPECTED,
  OUTCOMES,
  type ValuesAdded,
} from "../../actors/aggregator/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { formatDurationMs, parseDurationMs } from "../../runtime/config/units.ts";
import { AggregateBatches } from "../aggregate-batches.ts";
import {
  GROUP_EXPECTED,
  isGroup,
  kindOf,
  type ReadValues,
  readValues,
  VALUES,
  type ValueFault,
} from "../aggregate-input.ts";
import { ANSWER_MS, askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { came } from "../fault.ts";
import { readJsonBody } from "../json-body.ts";
import { GROUP_METRIC, METRICS, metricView } from "../metric-view.ts";
import { badParameter, problem, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";

const TAG = "pipeline";
/** Of those that were not taken: how many are answered for one by one. */
const MAX_REJECTIONS = 20;
const DEFAULT_METRICS = 100;
const WINDOW = "a duration such as 30s, 5m or 1h, at most the window that is kept (aggregation.windowMs)";
const LIMIT = `a whole number from 1 to ${MAX_METRICS}`;

const REJECTION = z
  .object({
    index: count().describe("Its place in the list, from 0 on."),
    field: z.string().describe("Empty: the value as a whole."),
    expected: z.string(),
    came: z.string(),
  })
  .meta({ id: "MetricRejection" });
const AGGREGATED = z
  .object({
    accepted: count(),
    rejected: count(),
    rejections: z.array(REJECTION).describe(`The first ${MAX_REJECTIONS} of them.`),
  })
  .meta({ id: "Aggregated" });
const window = () =>
  z
    .string()
    .optional()
    .describe(
      `Of the latest values only: ${WINDOW}. It begins at a whole thirtieth of that, which \`from\` says. Default: all of that.`,
    )
    .meta({ examples: ["1m"] });

const AGGREGATE: RouteSpec = {
  method: "post",
  path: "/pipeline/aggregate",
  tag: TAG,
  summary: "Takes values of metrics",
  description:
    "One value, or a list of them. Of a list the good ones are taken, and the others answered for; when none was good, with a problem. " +
    "The name of a metric is kept as it is. A group is an identifier: it is replaced by a pseudonym before anything is kept.",
  scope: "ingest",
  body: { schema: VALUES },
  answers: {
    200: { meaning: "What became of them.", content: { "application/json": { schema: AGGREGATED } } },
  },
  problems: ["bad-body", "bad-parameter", "values-refused", "too-many", "actor-unavailable", "actor-failed"],
};

const ONE: RouteSpec = {
  method: "get",
  path: "/pipeline/stats/:metric{.+}",
  tag: TAG,
  summary: "Statistics of a metric over the last minutes",
  scope: "read",
  params: z.object({ metric: z.string().describe("Its name.") }),
  query: z.object({
    group: z
      .string()
      .optional()
      .describe(
        "A group of it, as it was sent: it is replaced by its pseudonym here as there. Default: all of it.",
      )
      .meta({ examples: ["service-7"] }),
    window: window(),
  }),
  answers: {
    200: { meaning: "Its figures.", content: { "application/json": { schema: GROUP_METRIC } } },
  },
  problems: ["unknown-metric", "actor-unavailable", "actor-failed"],
};

const ALL: RouteSpec = {
  method: "get",
  path: "/pipeline/all-stats",
  tag: TAG,
  summary: "Statistics of all metrics",
  description:
    "In the order of their names. When there are more, the header `Link` has the address of the next ones.",
  scope: "read",
  query: z.object({
    window: window(),
    limit: z
      .string()
      .optional()
      .describe(`Metrics of one answer: ${LIMIT}. Default: ${DEFAULT_METRICS}.`)
      .meta({ examples: ["100"] }),
    after: z
      .string()
      .optional()
      .describe("Only metrics behind this one.")
      .meta({ examples: ["latency"] }),
  }),
  answers: {
    200: {
      meaning: "The figures of each, by its name.",
      content: { "application/json": { schema: METRICS } },
    },
  },
  problems: ["actor-unavailable", "actor-failed"],
};

export function pipelineRoutes(routes: Routes, deps: ControlDeps): void {
  const batches = new AggregateBatches(deps);
  routes.add(AGGREGATE, async (c) => {
    const body = await readJsonBody(c);
    if (!body.ok) return body.response;
    const values: readonly unknown[] = Array.isArray(body.value) ? body.value : [body.value];
    if (values.length === 0 || values.length > MAX_VALUES) {
      const expected = `one value, or a list of 1 to ${MAX_VALUES}`;
      return badParameter(c, { parameter: "body", expected, came: `a list of ${values.length}` });
    }
    const read = readValues(values);
    if (read.events.length === 0) return allBad(c, read.faults, Array.isArray(body.value));
    const added = await batches.add(read.events);
    if (!added.ok) return unanswered(c, added);
    return aggregated(c, read, added.value, Array.isArray(body.value));
  });

  routes.add(ONE, async (c) => {
    const metric = c.req.param("metric") ?? "";
    if (!METRIC_NAME.test(metric)) {
      return badParameter(c, { parameter: "metric", expected: METRIC_NAME_EXPECTED, came: came(metric) });
    }
    const group = c.req.query("group");
    if (group !== undefined && !isGroup(group)) {
      return badParameter(c, { parameter: "group", expected: GROUP_EXPECTED, came: kindOf(group) });
    }
    const windowMs = windowOf(c);
    if (windowMs instanceof Response) return windowMs;
    const asked = await askAggregator(deps, {
      kind: "aggregate.stats",
      metric,
      ...(group === undefined ? {} : { group }),
      ...windowMs,
    });
    if (!asked.ok) return unanswered(c, asked);
    if (!asked.value.ok) return refusal(c, asked.value);
    return c.json({ ...metricView(asked.value), group: asked.value.pseudonym });
  });

  routes.add(ALL, async (c) => {
    const windowMs = windowOf(c);
    if (windowMs instanceof Response) return windowMs;
    const { limit = String(DEFAULT_METRICS), after } = c.req.query();
    if (!(/^\d{1,4}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MAX_METRICS)) {
      return badParameter(c, { parameter: "limit", expected: LIMIT, came: came(limit) });
    }
    const asked = await askAggregator(deps, {
      kind: "aggregate.all",
      limit: Number(limit),
      ...(after === undefined ? {} : { after }),
      ...windowMs,
    });
    if (!asked.ok) return unanswered(c, asked);
    if (!asked.value.ok) return refusal(c, asked.value);
    const { metrics, next } = asked.value;
    const more = next === null ? {} : { link: `<${nextOf(c, next)}>; rel="next"` };
    return c.json(Object.fromEntries(metrics.map((one) => [one.metric, metricView(one)])), 200, more);
  });
}

function aggregated(
  c: RequestContext,
  read: ReadValues,
  { outcomes, windowMs, maxStreams }: ValuesAdded,
  isList: boolean,
): Response {
  const faults = [...read.faults];
  const bounds = { windowMs, maxStreams };
  outcomes?.forEach((number, at) => {
    const outcome = OUTCOMES[number];
    if (outcome === "added" || outcome === "other") return;
    faults.push({ index: read.places?.[at] ?? at, ...notTaken(outcome, bounds) });
  });
  const answer = {
    accepted: read.events.length + read.faults.length - faults.length,
    rejected: faults.length,
    rejections: firstOf(faults),
  };
  if (answer.accepted > 0) return c.json(answer);
  const [first] = answer.rejections;
  const detail = `${placeOf(first!, isList)}: expected ${first!.expected}; came ${first!.came}`;
  return problem(c, "values-refused", { detail, more: answer });
}

/** None of them is well-formed. */
function allBad(c: RequestContext, faults: readonly ValueFault[], isList: boolean): Response {
  const { expected, came: what } = faults[0]!;
  const parameter = placeOf(faults[0]!, isList);
  const detail = `${parameter}: expected ${expected}; came ${what}`;
  return problem(c, "bad-parameter", {
    detail,
    more: {
      parameter,
      expected,
      came: what,
      ...(isList ? { accepted: 0, rejected: faults.length, rejections: firstOf(faults) } : {}),
    },
  });
}

/** What in the body is wrong: `[3].value`, say. */
function placeOf({ index, field }: ValueFault, isList: boolean): string {
  const parts = [isList ? `[${index}]` : "", field].filter((part) => part !== "");
  return parts.length === 0 ? "body" : parts.join(".");
}

/** In the order that they came in. */
function firstOf(faults: readonly ValueFault[]): readonly ValueFault[] {
  return faults.toSorted((a, b) => a.index - b.index).slice(0, MAX_REJECTIONS);
}

function notTaken(
  outcome: (typeof OUTCOMES)[number] | undefined,
  { windowMs, maxStreams }: Pick<ValuesAdded, "windowMs" | "maxStreams">,
): Omit<ValueFault, "index"> {
  const span = formatDurationMs(windowMs);
  switch (outcome) {
    case "late":
      return { field: "timestamp", expected: `a time within the last ${span}`, came: "an earlier one" };
    case "ahead":
      return { field: "timestamp", expected: "a time that is not in the future", came: "a later one" };
    default:
      return {
        field: "",
        expected: `one of at most ${maxStreams} metrics and groups within ${span}`,
        came: "a new one, for which there is no room; send fewer, or raise aggregation.maxStreams or stateBytes",
      };
  }
}

function windowOf(c: RequestContext): { readonly windowMs?: number } | Response {
  const text = c.req.query("window");
  if (text === undefined) return {};
  const windowMs = parseDurationMs(text);
  if (windowMs !== undefined && windowMs >= 1) return { windowMs };
  return badParameter(c, { parameter: "window", expected: WINDOW, came: came(text) });
}

function nextOf(c: RequestContext, after: string): string {
  const { window: span, limit } = c.req.query();
  const query = new URLSearchParams({
    ...(span === undefined ? {} : { window: span }),
    ...(limit === undefined ? {} : { limit }),
    after,
  });
  return `/pipeline/all-stats?${query}`;
}

function askAggregator<M extends AggregatorMessage>(
  deps: ControlDeps,
  message: M,
): Promise<AskResult<AggregatorReplies[M["kind"]]>> {
  return askPatiently(deps, AGGREGATOR, message, ANSWER_MS);
}

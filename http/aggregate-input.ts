/**
 * Values to be aggregated, as they come over HTTP: one object, or a list of them. Checked by hand, in one pass over what JSON.parse
 * made: thousands come in one body, and a schema library would take longer than everything behind it.
 *
 * A group is an identifier: of a wrong one no more is repeated than what kind of thing it is.
 */

import { z } from "zod";
import {
  MAX_GROUP_CHARACTERS,
  MAX_VALUES,
  METRIC_NAME,
  METRIC_NAME_EXPECTED,
} from "../actors/aggregator/protocol.ts";
import { nearestName } from "../runtime/config/nearest.ts";
import type { MetricEvent } from "../streaming/aggregator-types.ts";
import { came } from "./fault.ts";
import { MOMENT, momentMs } from "./time-span.ts";

/** What is wrong with one of the values. */
export interface ValueFault {
  /** Its place in the list, from 0 on. */
  readonly index: number;
  readonly field: string;
  readonly expected: string;
  readonly came: string;
}

export interface ReadValues {
  readonly events: readonly MetricEvent[];
  /** Of each event: its place in what came. Undefined: the same as here. */
  readonly places: readonly number[] | undefined;
  readonly faults: readonly ValueFault[];
}

export const FIELDS = ["metric_name", "value", "group_by", "timestamp"] as const;
const GROUP = `a text of 1 to ${MAX_GROUP_CHARACTERS} characters, or null`;
const NUMBER = "a finite number";
const OBJECT = `an object with the fields ${FIELDS.join(", ")}`;

/** What the reference says. The checks are below: the two are compared by test/http/pipeline.test.ts. */
const VALUE = z
  .strictObject({
    metric_name: z
      .string()
      .regex(METRIC_NAME)
      .describe("What is measured. A name, and no person's: it is kept and shown as it is.")
      .meta({ examples: ["latency"] }),
    value: z.number().meta({ examples: [150.5] }),
    group_by: z
      .string()
      .min(1)
      .max(MAX_GROUP_CHARACTERS)
      .nullable()
      .optional()
      .describe(
        "Whose value it is. An identifier: a pseudonym takes its place before anything is kept. Null, or none: the metric as a whole alone.",
      )
      .meta({ examples: ["service-7"] }),
    timestamp: z
      .union([z.string(), z.number()])
      .nullable()
      .optional()
      .describe(`When it was: ${MOMENT}. Default: now.`)
      .meta({ examples: ["2026-01-31T12:00:00Z"] }),
  })
  .meta({ id: "MetricValue" });
export const VALUES = z.union([VALUE, z.array(VALUE).min(1).max(MAX_VALUES)]);

/** Checks a list. @param values at most MAX_VALUES */
export function readValues(values: readonly unknown[]): ReadValues {
  const events: MetricEvent[] = [];
  const faults: ValueFault[] = [];
  let places: number[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const read = readValue(values[index]);
    if ("metric" in read) {
      events.push(read);
      places?.push(index);
    } else {
      places ??= events.map((_, place) => place);
      faults.push({ index, ...read });
    }
  }
  return { events, places, faults };
}

/** One value, or what is wrong with it. */
export function readValue(given: unknown): MetricEvent | Omit<ValueFault, "index"> {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return wrong("", OBJECT, came(given));
  const {
    metric_name: metric,
    value,
    group_by: group,
    timestamp,
  } = given as Readonly<Record<string, unknown>>;
  if (typeof metric !== "string" || !METRIC_NAME.test(metric)) {
    return wrong("metric_name", METRIC_NAME_EXPECTED, came(metric));
  }
  // JSON has no NaN, but 1e999 is infinite.
  if (typeof value !== "number" || !Number.isFinite(value))
    return wrong("value", NUMBER, typeof value === "number" ? String(value) : kindOf(value));
  for (const name in given) {
    if (name === "metric_name" || name === "value" || name === "group_by" || name === "timestamp") continue;
    return unknownField(name);
  }
  const hasGroup = group !== undefined && group !== null;
  if (hasGroup && !isGroup(group)) return wrong("group_by", GROUP, kindOf(group));
  if (timestamp === undefined || timestamp === null) {
    return hasGroup ? { metric, value, group } : { metric, value };
  }
  const timeMs = timeOf(timestamp);
  if (Number.isNaN(timeMs)) return wrong("timestamp", MOMENT, came(timestamp));
  return hasGroup ? { metric, value, group, timeMs } : { metric, value, timeMs };
}

/** Whether a text can be a group. */
export function isGroup(group: unknown): group is string {
  return typeof group === "string" && group.length >= 1 && group.length <= MAX_GROUP_CHARACTERS;
}

/** What came, without a word of it. */
export function kindOf(value: unknown): string {
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object"
    ? "an object"
    : `a ${typeof value === "boolean" ? "truth value" : typeof value}`;
}

export { GROUP as GROUP_EXPECTED };

function timeOf(timestamp: unknown): number {
  if (typeof timestamp !== "string" && typeof timestamp !== "number") return Number.NaN;
  return momentMs(timestamp);
}

function unknownField(name: string): Omit<ValueFault, "index"> {
  const near = nearestName(name, FIELDS);
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  return wrong("", `only the fields ${FIELDS.join(", ")}`, `${came(name)}${meant}`);
}

function wrong(field: string, expected: string, what: string): Omit<ValueFault, "index"> {
  return { field, expected, came: what };
}

/** What is asked of a dataset's quality, from the parameters of an address: spans of time, thresholds, pieces of time. */

import { z } from "zod";
import type { AgreementWish, ExamineWish, SpanWish } from "../actors/examiner/protocol.ts";
import { type QualityRules, USUAL_QUALITY } from "../quality/report.ts";
import { parseDurationMs } from "../runtime/config.ts";
import { came, type Fault, fault } from "./fault.ts";
import { DEFAULT_HOURS, type SpanInput, timeSpan } from "./time-span.ts";

export interface SpansInput extends SpanInput {
  readonly againstHours?: string | undefined;
  readonly againstFrom?: string | undefined;
  readonly againstTo?: string | undefined;
}

export type Spans =
  | { readonly ok: true; readonly span: SpanWish; readonly against: SpanWish | undefined }
  | Fault;

const RULES = Object.keys(USUAL_QUALITY) as readonly (keyof QualityRules)[];
const NUMBER = /^\d{1,9}(?:\.\d{1,9})?$/;

const SPAN = {
  hours: z
    .number()
    .optional()
    .meta({
      description: `Hours before \`to\`. Default: ${DEFAULT_HOURS}. Not together with \`from\`.`,
      examples: [1],
    }),
  from: z
    .string()
    .optional()
    .meta({
      description: "Event time to begin at: ISO 8601 with its zone, or milliseconds since 1970.",
      examples: ["2026-01-31T12:00:00Z"],
    }),
  to: z
    .string()
    .optional()
    .meta({ description: "Event time to end before. Default: now.", examples: ["2026-01-31T13:00:00Z"] }),
};

const RULE_SAID: Readonly<Record<keyof QualityRules, string>> = {
  minRows: "Rows, at the least.",
  maxMissing:
    "Share of missing values of a column, at the most. Given here, it holds for columns that may be missing, too, where the dataset names no training set.",
  maxOutliers: "Share of values beyond 1.5 interquartile ranges, at the most.",
  minClass: "Share of a class of the label, at the least.",
  maxClass: "Share of a class of the label, at the most.",
  maxPsi: "Population stability index against the earlier time, at the most.",
  maxKs: "Kolmogorov-Smirnov distance against the earlier time, at the most.",
};

const rule = (name: keyof QualityRules) =>
  z
    .number()
    .optional()
    .meta({
      description: `${RULE_SAID[name]} Default: the setting quality.${name}.`,
      examples: [USUAL_QUALITY[name]],
    });

export const QUALITY_QUERY = z.object({
  ...SPAN,
  againstHours: z
    .number()
    .optional()
    .meta({
      description:
        "Tells drift against so many hours before `againstTo`. Default: nothing is compared, unless `againstFrom` or `againstTo` is given.",
      examples: [24],
    }),
  againstFrom: z
    .string()
    .optional()
    .meta({
      description: "Start of the earlier time, in place of `againstHours`.",
      examples: ["2026-01-30T12:00:00Z"],
    }),
  againstTo: z
    .string()
    .optional()
    .meta({
      description: "End of the earlier time. Default: where the time begins.",
      examples: ["2026-01-31T12:00:00Z"],
    }),
  minRows: rule("minRows"),
  maxMissing: rule("maxMissing"),
  maxOutliers: rule("maxOutliers"),
  minClass: rule("minClass"),
  maxClass: rule("maxClass"),
  maxPsi: rule("maxPsi"),
  maxKs: rule("maxKs"),
});

export const AGREEMENT_QUERY = z.object({
  ...SPAN,
  every: z
    .string()
    .optional()
    .meta({ description: "Length of a piece of time, such as 15m. Default: 1h.", examples: ["1h"] }),
  fraction: z
    .number()
    .optional()
    .meta({
      description:
        "Share of the traffic that is looked at, from 0 to 1: always the same of it. Default: the setting shadow.fraction.",
      examples: [0.5],
    }),
});

/** The time, and the earlier one when any part of it is given: it ends where the time begins when nothing else is said. */
export function spansOf(given: SpansInput, nowMs: number): Spans {
  const { hours, from, to, againstHours, againstFrom, againstTo } = given;
  const span = timeSpan({ hours, from, to }, nowMs);
  if (!span.ok) return span;
  const { fromMs, toMs } = span;
  if (againstHours === undefined && againstFrom === undefined && againstTo === undefined) {
    return { ok: true, span: { fromMs, toMs }, against: undefined };
  }
  const earlier = timeSpan({ hours: againstHours, from: againstFrom, to: againstTo }, fromMs);
  if (!earlier.ok) {
    const { parameter, expected } = earlier;
    const named = expected.replaceAll(/\b(hours|from)\b/g, (name) =>
      name === "from" ? "againstFrom" : "againstHours",
    );
    return fault(`against${parameter[0]!.toUpperCase()}${parameter.slice(1)}`, named, earlier.came);
  }
  return {
    ok: true,
    span: { fromMs, toMs },
    against: { fromMs: earlier.fromMs, toMs: earlier.toMs },
  };
}

export function examineWish(
  dataset: string,
  query: URLSearchParams,
  nowMs: number,
): { readonly ok: true; readonly wish: ExamineWish } | Fault {
  const text = (name: string) => query.get(name) ?? undefined;
  const spans = spansOf(
    {
      ...spanInput(query),
      againstHours: text("againstHours"),
      againstFrom: text("againstFrom"),
      againstTo: text("againstTo"),
    },
    nowMs,
  );
  if (!spans.ok) return spans;
  const rules: Partial<Record<keyof QualityRules, number>> = {};
  for (const name of RULES) {
    const given = text(name);
    if (given === undefined) continue;
    if (!NUMBER.test(given)) return fault(name, "a number", came(given));
    rules[name] = Number(given);
  }
  const against = spans.against === undefined ? {} : { against: spans.against };
  return { ok: true, wish: { dataset, ...spans.span, ...against, rules } };
}

export function agreementWish(
  dataset: string,
  query: URLSearchParams,
  nowMs: number,
): { readonly ok: true; readonly wish: AgreementWish } | Fault {
  const span = timeSpan(spanInput(query), nowMs);
  if (!span.ok) return span;
  const every = query.get("every");
  const everyMs = every === null ? undefined : parseDurationMs(every);
  if (every !== null && everyMs === undefined) return fault("every", "a duration such as 1h", came(every));
  const fraction = query.get("fraction");
  if (fraction !== null && !NUMBER.test(fraction)) {
    return fault("fraction", "a share from 0 to 1", came(fraction));
  }
  return {
    ok: true,
    wish: {
      dataset,
      fromMs: span.fromMs,
      toMs: span.toMs,
      ...(everyMs === undefined ? {} : { everyMs }),
      ...(fraction === null ? {} : { fraction: Number(fraction) }),
    },
  };
}

function spanInput(query: URLSearchParams): SpanInput {
  const text = (name: string) => query.get(name) ?? undefined;
  return { hours: text("hours"), from: text("from"), to: text("to") };
}

/** The reports of a dataset's quality and agreement (quality/report.ts), as schemas. */

import { z } from "zod";
import {
  type Agreement,
  type AgreementReport,
  DISTINCT_EXACT,
  type QualityReport,
  type QualityRules,
} from "../quality/report.ts";
import { count } from "./schemas.ts";

const SHARE = z.number().min(0).max(1);
const MS = z.number().nullable().describe("Event time in milliseconds since 1970; null: no bound.");

const RULES: z.ZodType<QualityRules> = z
  .object({
    minRows: z.number(),
    maxMissing: SHARE,
    maxOutliers: SHARE,
    minClass: SHARE,
    maxClass: SHARE,
    maxPsi: z.number(),
    maxKs: SHARE,
  })
  .describe("The thresholds that were applied.");

const COLUMN = z.object({
  name: z.string(),
  missing: count(),
  distinct: count().describe(`Different values; above ${DISTINCT_EXACT} about so many.`),
  figures: z
    .object({
      values: count().describe("That these are made of."),
      mean: z.number(),
      min: z.number(),
      q1: z.number().describe("First quartile, by numpy's method `linear`."),
      median: z.number(),
      q3: z.number(),
      max: z.number(),
      outliers: count().describe("Values more than 1.5 interquartile ranges beyond the quartiles."),
    })
    .optional()
    .describe("Of a measure that has values."),
  values: z
    .array(z.object({ value: z.string(), rows: count() }))
    .optional()
    .describe("Of a category or a flag: rows by value, the most frequent first."),
  isConstant: z.boolean().describe("All rows have the same value."),
  duplicateOf: z.string().nullable().describe("An earlier column that has the same values in all rows."),
  drift: z
    .object({
      psi: z.number().describe("Population stability index."),
      ks: SHARE.nullable().describe("Kolmogorov-Smirnov distance; null for a category."),
      values: count(),
      earlier: count().describe("Values of the earlier time."),
    })
    .nullable()
    .describe("Null: there is nothing to compare."),
});

export const QUALITY_REPORT: z.ZodType<QualityReport> = z
  .object({
    dataset: z.string(),
    fromMs: MS,
    toMs: MS,
    against: z
      .object({ fromMs: MS, toMs: MS, rows: count() })
      .nullable()
      .describe("The earlier time that drift is told against."),
    rows: count(),
    everyNth: z
      .int()
      .min(1)
      .describe("Figures of measures are made of every n-th row; 1: of all. All else is of all rows."),
    label: z
      .object({
        column: z.string(),
        classes: z.array(z.object({ value: z.string(), rows: count(), share: SHARE })),
      })
      .nullable()
      .describe("What a model is to learn; null: the dataset does not say."),
    columns: z.array(COLUMN as z.ZodType<QualityReport["columns"][number]>),
    rules: RULES,
    findings: z.array(
      z.object({
        kind: z.enum([
          "too-few-rows",
          "missing",
          "outliers",
          "class-balance",
          "constant",
          "duplicate",
          "drift",
        ]),
        severity: z.enum(["failed", "warned"]),
        column: z.string().nullable(),
        message: z.string(),
      }),
    ),
    passed: z.boolean().describe("No finding failed."),
  })
  .meta({ id: "QualityReport" });

const AGREEMENT = {
  compared: count().describe("Rows that say both what was chosen and what would have been."),
  agreed: count(),
  rate: SHARE.nullable().describe("Agreed of those compared; null: there are none."),
  low: SHARE.nullable().describe("Lower bound of the rate's 95 % Wilson interval."),
  high: SHARE.nullable().describe("Its upper bound."),
} satisfies Record<keyof Agreement, z.ZodType>;

export const AGREEMENT_REPORT: z.ZodType<AgreementReport> = z
  .object({
    dataset: z.string(),
    fromMs: MS,
    toMs: MS,
    fraction: SHARE.describe("Share of the traffic that was looked at."),
    all: z.object(AGREEMENT),
    by: z
      .array(z.object({ value: z.string(), ...AGREEMENT }))
      .describe("By the value of the column that the dataset tells it by."),
    over: z
      .array(z.object({ fromMs: z.number(), toMs: z.number(), ...AGREEMENT }))
      .describe("By piece of time."),
  })
  .meta({ id: "AgreementReport" });

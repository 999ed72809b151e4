/** The privacy report of an anonymous export (actors/exporter/anonymous/report.ts), as a schema. */

import { z } from "zod";
import type { PrivacyReport } from "../actors/exporter/anonymous/report.ts";
import { count, moment } from "./schemas.ts";

const SHARE = z.number().min(0).max(1);
const RISK = z.object({
  highest: SHARE.describe("Of the row that is easiest to find."),
  average: SHARE.describe("Mean over all rows."),
  atRisk: SHARE.describe("Share of the rows whose risk is above the threshold."),
});

export const PRIVACY_REPORT: z.ZodType<PrivacyReport> = z
  .object({
    dataset: z.string(),
    title: z.string(),
    from: moment().nullable(),
    to: moment().nullable(),
    policy: z.object({ k: z.number(), maxSuppressed: SHARE }),
    kept: z.boolean().describe("Whether the policy is kept. A file that does not keep it is never written."),
    rows: z.object({
      population: count().describe("Rows of the time range, before a filter."),
      considered: count().describe("Rows that were asked for: exported or suppressed."),
      exported: count(),
      suppressed: count(),
    }),
    quasiIdentifiers: z
      .array(z.object({ column: z.string(), generalization: z.string() }))
      .describe("How far each was generalized."),
    removed: z.array(z.string()).describe("Columns that left the table altogether."),
    rounded: z.object({ columns: z.array(z.string()), digits: count() }),
    k: count().describe("Rows of the smallest class of rows that are alike; 0 of an empty file."),
    classes: count(),
    averageClass: z.number(),
    sensitive: z.array(
      z.object({
        column: z.string(),
        l: count().describe("Distinct l-diversity."),
        t: z.number().describe("t-closeness."),
        distance: z.enum(["equal", "ordered"]),
      }),
    ),
    risk: z
      .object({ threshold: SHARE, prosecutor: RISK, journalist: RISK, marketer: SHARE })
      .describe("Probabilities of re-identification."),
  })
  .meta({ id: "PrivacyReport" });

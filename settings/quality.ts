/** What a dataset is to be like to pass a validation, and how much traffic is compared with what would have been chosen. */

import { z } from "zod";
import { USUAL_EXAMINER } from "../actors/house/options.ts";
import { share } from "./kinds.ts";

const { rules: usualRules, fraction: usualFraction } = USUAL_EXAMINER;

export const qualitySettings = z.object({
  minRows: z
    .int()
    .min(0)
    .default(usualRules.minRows)
    .describe("Rows that a dataset is to have to pass a validation."),
  maxMissing: share(usualRules.maxMissing).describe(
    "Share of missing values that a column may have that has to be there: of a training set, or not declared as one that may be missing.",
  ),
  maxOutliers: share(usualRules.maxOutliers).describe(
    "Share of values beyond 1.5 interquartile ranges that a column may have without a warning.",
  ),
  minClass: share(usualRules.minClass).describe("Share of the rows that each class of the label is to have."),
  maxClass: share(usualRules.maxClass).describe("Share of the rows that a class of the label may have."),
  maxPsi: z
    .number()
    .min(0)
    .max(1000)
    .default(usualRules.maxPsi)
    .describe("Population stability index that a column may have against an earlier time."),
  maxKs: share(usualRules.maxKs).describe(
    "Kolmogorov-Smirnov distance that a column may have against an earlier time.",
  ),
});

export const shadowSettings = z.object({
  fraction: share(usualFraction).describe(
    "Share of the traffic whose agreement of what was chosen with what would have been is told.",
  ),
});

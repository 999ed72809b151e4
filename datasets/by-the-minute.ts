/**
 * The windows that every dataset of the host has: minutes, without those figures that follow from the others, as their windows are
 * kept for years: the sum is mean × count, the variance the standard deviation squared, the rate the count by 60.
 */

import type { Figure } from "./spec.ts";

export const MINUTE_MS = 60_000;

const FIGURES: readonly Figure[] = ["mean", "stddev", "min", "max", "p50", "p90", "p95", "p99"];

export const BY_THE_MINUTE = {
  label: "1m",
  kind: "figures",
  shape: { kind: "tumbling", lengthMs: MINUTE_MS },
  figures: FIGURES,
} as const;

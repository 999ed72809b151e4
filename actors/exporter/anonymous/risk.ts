/**
 * Risks of re-identification, from the sizes of the classes: K. El Emam, "Guide to the De-Identification of Personal Health
 * Information" (2013), chapter 16, as ARX also reckons them. With n rows in the file in J classes, f rows of the file in a
 * class and F rows of the population (F ≥ f):
 *
 * - **Prosecutor**: knows that somebody is in the file, and looks for them. A row's risk is 1/f. Highest: 1/min f. Average:
 *   J/n. At risk: share of the rows with 1/f above the threshold.
 * - **Journalist**: knows only that they are in the population. A row's risk is 1/F. Highest: 1/min F. Average: the larger of
 *   J/ΣF and (1/n) Σ f/F, as he may start from a person or from a row. At risk: share of the rows with 1/F above the threshold.
 * - **Marketer**: wants to name as many as he can: the share that he gets right, J/n, when he has a list of exactly these.
 *
 * The population are all rows of the time range, before a filter and before rows were suppressed. Without a filter it has the
 * same classes as the file, and journalist and prosecutor see the same.
 */

import type { AttackRisk, PrivacyReport } from "./report.ts";

/** Classes of eleven are what health agencies ask of data that is published (EMA policy 0070, Health Canada): 0.09. */
export const RISK_THRESHOLD = 1 / 11;

export interface ClassSize {
  /** Rows in the file, at least 1. */
  readonly rows: number;
  /** Rows in the population, at least as many. */
  readonly population: number;
}

export interface FileFigures {
  readonly k: number;
  readonly classes: number;
  readonly averageClass: number;
  readonly risk: PrivacyReport["risk"];
}

/** @param classes those in the file; none of them: all figures are 0 */
export function riskOf(classes: Iterable<ClassSize>): FileFigures {
  let [count, n, population, shares] = [0, 0, 0, 0];
  let [fewest, fewestThere] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let [prosecuted, found] = [0, 0];
  for (const { rows, population: there } of classes) {
    count++;
    n += rows;
    population += there;
    shares += rows / there;
    fewest = Math.min(fewest, rows);
    fewestThere = Math.min(fewestThere, there);
    if (1 / rows > RISK_THRESHOLD) prosecuted += rows;
    if (1 / there > RISK_THRESHOLD) found += rows;
  }
  if (n === 0) {
    const none: AttackRisk = { highest: 0, average: 0, atRisk: 0 };
    const risk = { threshold: RISK_THRESHOLD, prosecutor: none, journalist: none, marketer: 0 };
    return { k: 0, classes: 0, averageClass: 0, risk };
  }
  const average = count / n;
  return {
    k: fewest,
    classes: count,
    averageClass: n / count,
    risk: {
      threshold: RISK_THRESHOLD,
      prosecutor: { highest: 1 / fewest, average, atRisk: prosecuted / n },
      journalist: {
        highest: 1 / fewestThere,
        average: Math.max(count / population, shares / n),
        atRisk: found / n,
      },
      marketer: average,
    },
  };
}

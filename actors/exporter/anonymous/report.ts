/**
 * The privacy report: what somebody who must be convinced wants to know of an anonymous export. Plain data, all of it
 * computed from the very rows that are in the file; the same rows give the same report. report-page.ts makes it readable.
 */

export interface PrivacyReport {
  readonly dataset: string;
  readonly title: string;
  /** Event times that were asked for, ISO 8601; null: no bound. */
  readonly from: string | null;
  readonly to: string | null;
  readonly policy: { readonly k: number; readonly maxSuppressed: number };
  /** Whether the file keeps the policy. A file that does not is never written. */
  readonly kept: boolean;
  /**
   * `population`: rows of the time range, before a filter and before anything was left out. `considered`: those that were
   * asked for; each of them is either exported or suppressed.
   */
  readonly rows: {
    readonly population: number;
    readonly considered: number;
    readonly exported: number;
    readonly suppressed: number;
  };
  /** The quasi-identifiers and how far each was generalized: a GeneralizationStep. */
  readonly quasiIdentifiers: readonly {
    readonly column: string;
    readonly generalization: string;
  }[];
  /** Columns that left the table altogether, quasi-identifiers among them that were generalized that far. */
  readonly removed: readonly string[];
  /** Columns that are neither, rounded so that an exact figure is no fingerprint. */
  readonly rounded: { readonly columns: readonly string[]; readonly digits: number };
  /** Smallest class of rows that are alike in all quasi-identifiers; 0 of an empty file. */
  readonly k: number;
  readonly classes: number;
  readonly averageClass: number;
  readonly sensitive: readonly SensitiveFigures[];
  /** Probabilities of re-identification, from 0 to 1; risk.ts has the formulas. */
  readonly risk: {
    /** Risk that a row must exceed to be counted in `atRisk`. */
    readonly threshold: number;
    readonly prosecutor: AttackRisk;
    readonly journalist: AttackRisk;
    readonly marketer: number;
  };
}

/** Of a sensitive column. A missing value counts as a value; among numbers as the lowest. */
export interface SensitiveFigures {
  readonly column: string;
  /** Distinct values in the class that has fewest: distinct l-diversity. */
  readonly l: number;
  /** Largest distance of a class's distribution from the whole file's, from 0 to 1: t-closeness. */
  readonly t: number;
  /** What the distance is: each two values equally far apart, or as far as their ranks. */
  readonly distance: "equal" | "ordered";
}

export interface AttackRisk {
  /** Of the row that is easiest to find. */
  readonly highest: number;
  /** Mean over all rows. */
  readonly average: number;
  /** Share of the rows whose risk is above the threshold. */
  readonly atRisk: number;
}

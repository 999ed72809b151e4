/**
 * What is told of a dataset's quality, as training data: plain data, the same at the command line, over HTTP and on the page. Nothing in
 * it is a raw value but bounds of measures and values of categories.
 *
 * A **finding** is something that whoever trains on these rows should know; whether it fails the whole is a matter of thresholds.
 */

/** Different values of a column that are told apart; of more it is told about how many. */
export const DISTINCT_EXACT = 65_536;

/** Thresholds. All of them are settings (`quality.*`), and may be given to one validation alone. */
export interface QualityRules {
  /** Rows, at the least. Default 1. */
  readonly minRows: number;
  /** Share of missing values of a column that has to be there (quality/rules.ts), at the most. Default 0.05. */
  readonly maxMissing: number;
  /** Share of values beyond 1.5 IQR, at the most. Default 0.1. */
  readonly maxOutliers: number;
  /** Share of a class of the label, from and to. Default 0.3 and 0.7. */
  readonly minClass: number;
  readonly maxClass: number;
  /** Population stability index against the earlier range, at the most. Default 0.2. */
  readonly maxPsi: number;
  /** Kolmogorov-Smirnov distance against the earlier range, at the most. Default 0.1. */
  readonly maxKs: number;
}

export const USUAL_QUALITY: QualityRules = {
  minRows: 1,
  maxMissing: 0.05,
  maxOutliers: 0.1,
  minClass: 0.3,
  maxClass: 0.7,
  maxPsi: 0.2,
  maxKs: 0.1,
};

export interface ColumnQuality {
  readonly name: string;
  readonly missing: number;
  /** Different values; exact up to `DISTINCT_EXACT`, else about. */
  readonly distinct: number;
  /** Of a number column that has values: exact, quartiles as numpy's `linear`. */
  readonly figures?: {
    /** Values that these are made of: those that are there, of every n-th row (`everyNth`). */
    readonly values: number;
    readonly mean: number;
    readonly min: number;
    readonly q1: number;
    readonly median: number;
    readonly q3: number;
    readonly max: number;
    /** Below q1 − 1.5 (q3 − q1) or above q3 + 1.5 (q3 − q1). */
    readonly outliers: number;
  };
  /** Of a category: rows by value, the most frequent first. */
  readonly values?: readonly { readonly value: string; readonly rows: number }[];
  /** All rows have the one value. */
  readonly isConstant: boolean;
  /** An earlier column that has the same values in every row. */
  readonly duplicateOf: string | null;
  /** Against the earlier range. Null where it was not asked for, or there is nothing to compare. */
  readonly drift: Drift | null;
}

/** How far values are from those of the earlier range. */
export interface Drift {
  /** Population stability index. */
  readonly psi: number;
  /** Kolmogorov-Smirnov distance; null for a category. */
  readonly ks: number | null;
  /** Values that were compared: of this range, and of the earlier one. */
  readonly values: number;
  readonly earlier: number;
}

export type FindingKind =
  | "too-few-rows"
  | "missing"
  | "outliers"
  | "class-balance"
  | "constant"
  | "duplicate"
  | "drift";

export interface Finding {
  readonly kind: FindingKind;
  /** `failed`: a threshold is passed, and the validation fails. `warned`: worth knowing. */
  readonly severity: "failed" | "warned";
  readonly column: string | null;
  /** For people: what was expected, what came. */
  readonly message: string;
}

export interface QualityReport {
  readonly dataset: string;
  /** Event times in milliseconds: from inclusive, to exclusive; null: no bound. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** The earlier range that drift is told against; null: none. */
  readonly against: {
    readonly fromMs: number | null;
    readonly toMs: number | null;
    readonly rows: number;
  } | null;
  readonly rows: number;
  /**
   * Quartiles and the like, and drift of numbers, are made of every n-th row when there are more than fit; a power of two. 1: of all.
   * Missing and different values, values of categories, constant and duplicate columns are of all rows in any case.
   */
  readonly everyNth: number;
  readonly label: {
    readonly column: string;
    readonly classes: readonly { readonly value: string; readonly rows: number; readonly share: number }[];
  } | null;
  readonly columns: readonly ColumnQuality[];
  readonly rules: QualityRules;
  readonly findings: readonly Finding[];
  /** No finding failed. */
  readonly passed: boolean;
}

/** How often what was chosen is what would have been chosen. */
export interface AgreementReport {
  readonly dataset: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Share of the traffic that is looked at. */
  readonly fraction: number;
  readonly all: Agreement;
  /** By link type, say: by the values of the dataset's `shadow.by`. */
  readonly by: readonly (Agreement & { readonly value: string })[];
  /** By time. */
  readonly over: readonly (Agreement & { readonly fromMs: number; readonly toMs: number })[];
}

export interface Agreement {
  /** Rows that say what was chosen. */
  readonly compared: number;
  readonly agreed: number;
  /** agreed / compared, and the bounds of its 95 % Wilson interval; null for no rows. */
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

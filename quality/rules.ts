/**
 * What is to be said of a dataset's rows, and whether they are fit for training: findings, by thresholds.
 *
 * | finding       | when                                                           | severity |
 * |---------------|----------------------------------------------------------------|----------|
 * | too-few-rows  | fewer than minRows                                             | failed   |
 * | missing       | share of missing values above maxMissing, of a column that has to be there | failed |
 * |               | the same, of any other column                                  | warned   |
 * | class-balance | share of a class of the label below minClass or above maxClass, or no row has a label | failed |
 * | drift         | PSI above maxPsi, or KS distance above maxKs                   | failed   |
 * |               | the same, with fewer than FEW_VALUES values on a side          | warned   |
 * |               | no rows of the earlier time that was asked for, as a whole     | warned   |
 * | outliers      | share of values beyond the fences above maxOutliers            | warned   |
 * | constant      | one value in all rows                                          | warned   |
 * | duplicate     | the values of an earlier column in all rows                    | warned   |
 *
 * - Bounds themselves pass: `above` and `below` are meant strictly.
 * - **Columns that have to be there**: of a dataset with named exports, the columns of these and its label, whatever they are declared as.
 *   That a column is nullable says that a row without it is a row, not that a model can be trained on it. A dataset without such an export
 *   is no training set of anybody's yet, and its declaration is all there is to go by: its label and the columns that are not nullable;
 *   and all of them for who asks with a maxMissing of his own. The bound of the settings is one for all datasets, and asks nothing of a
 *   column that is declared as one that may be missing.
 * - Outliers, constant and duplicate columns are warned of only: heavy tails are what telemetry has, and trees mind none of the three.
 * - Few values drift by chance: of FEW_VALUES values on both sides that come from one distribution, the KS distance is above 0.09 once in
 *   a thousand times (1.95 · √(2/n)), and the PSI of ten bins above 0.06 (χ²(9) · 2/n). So from there on, the usual thresholds are passed
 *   only by what has changed.
 * - Nothing is said of columns when there are no rows.
 */

import type { Dataset } from "../datasets/define.ts";
import type { ColumnQuality, Finding, FindingKind, QualityReport, QualityRules } from "./report.ts";

/** Values that each side must have for drift to fail. */
export const FEW_VALUES = 1000;

type Facts = Pick<QualityReport, "rows" | "label" | "columns"> & {
  /** Rows of the earlier time; null: none was asked for. */
  readonly earlierRows: number | null;
  /** Whether who asks gave maxMissing himself. */
  readonly isMissingAsked: boolean;
};

/** Those that failed first, each in the order of the table. */
export function findingsOf(facts: Facts, rules: QualityRules, dataset: Dataset): readonly Finding[] {
  const { rows, columns } = facts;
  const findings: Finding[] = [];
  if (rows < rules.minRows) {
    const message = `expected at least ${counted(rules.minRows, "row")}; came ${rows === 0 ? "none" : rows}`;
    findings.push(finding("too-few-rows", "failed", null, message));
  }
  if (rows === 0) return findings;
  const needed = neededColumns(dataset, facts.isMissingAsked);
  const each = (found: (column: ColumnQuality) => Finding | undefined) => {
    for (const column of columns) {
      const finding = found(column);
      if (finding !== undefined) findings.push(finding);
    }
  };
  each((column) => missingOf(column, rows, rules, needed));
  findings.push(...balanceOf(facts, rules));
  if (facts.earlierRows === 0) {
    const message = "expected rows of the earlier time to compare with; there are none, so no drift is told";
    findings.push(finding("drift", "warned", null, message));
  }
  each((column) => driftOf(column, rules));
  each((column) => outliersOf(column, rules));
  each(constantOf);
  each(duplicateOf);
  return findings.sort((one, other) => rank(one) - rank(other));
}

/** Whether no finding failed. */
export function isPassed(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== "failed");
}

/** Public columns that have to be there. */
function neededColumns(
  { label, exports = {}, publicColumns }: Dataset,
  isMissingAsked: boolean,
): ReadonlySet<string> {
  const exported = Object.values(exports).flatMap(({ columns }) => columns);
  const needed =
    exported.length > 0
      ? exported
      : publicColumns.filter(({ field }) => isMissingAsked || !field.nullable).map(({ name }) => name);
  return new Set(label === undefined ? needed : [...needed, label]);
}

function missingOf(
  { name, missing }: ColumnQuality,
  rows: number,
  { maxMissing }: QualityRules,
  needed: ReadonlySet<string>,
): Finding | undefined {
  if (missing / rows <= maxMissing) return undefined;
  const came = `${share(missing / rows)} are (${missing} of ${rows})`;
  const message = `expected at most ${share(maxMissing)} of the values to be missing; ${came}`;
  if (needed.has(name)) return finding("missing", "failed", name, message);
  return finding("missing", "warned", name, `${message}, which its dataset allows`);
}

function balanceOf({ label }: Facts, { minClass, maxClass }: QualityRules): readonly Finding[] {
  if (label === null) return [];
  const expected = `expected each class to have ${share(minClass)} to ${share(maxClass)} of the rows that have a label`;
  if (label.classes.every(({ rows }) => rows === 0)) {
    return [finding("class-balance", "failed", label.column, `${expected}; no row has one`)];
  }
  const off = label.classes.filter((one) => one.share < minClass || one.share > maxClass);
  if (off.length === 0) return [];
  const came = off.map((one) => `${one.value} has ${share(one.share)}`).join(", ");
  return [finding("class-balance", "failed", label.column, `${expected}; ${came}`)];
}

function driftOf({ name, drift }: ColumnQuality, { maxPsi, maxKs }: QualityRules): Finding | undefined {
  if (drift === null) return undefined;
  const { psi, ks, values, earlier } = drift;
  const parts: string[] = [];
  if (psi > maxPsi) parts.push(`expected a stability index of at most ${maxPsi}; it is ${rounded(psi)}`);
  if (ks !== null && ks > maxKs) {
    parts.push(`expected a Kolmogorov-Smirnov distance of at most ${maxKs}; it is ${rounded(ks)}`);
  }
  if (parts.length === 0) return undefined;
  const isFew = Math.min(values, earlier) < FEW_VALUES;
  const few = isFew ? `, which may be chance, of ${values} values against ${earlier}` : "";
  return finding("drift", isFew ? "warned" : "failed", name, `${parts.join("; ")}${few}`);
}

function outliersOf({ name, figures }: ColumnQuality, { maxOutliers }: QualityRules): Finding | undefined {
  if (figures === undefined) return undefined;
  const { outliers, values } = figures;
  if (outliers / values <= maxOutliers) return undefined;
  const message = `expected at most ${share(maxOutliers)} of the values beyond 1.5 interquartile ranges; ${share(outliers / values)} are (${outliers} of ${values})`;
  return finding("outliers", "warned", name, message);
}

function constantOf({ name, isConstant, distinct }: ColumnQuality): Finding | undefined {
  if (!isConstant) return undefined;
  const message = distinct === 0 ? "it is missing from every row" : "it has the same value in every row";
  return finding("constant", "warned", name, message);
}

/** A constant one is told of as that. */
function duplicateOf({ name, duplicateOf: other, isConstant }: ColumnQuality): Finding | undefined {
  if (other === null || isConstant) return undefined;
  return finding("duplicate", "warned", name, `it has the values of ${other} in every row`);
}

function rank({ severity }: Finding): number {
  return severity === "failed" ? 0 : 1;
}

function finding(
  kind: FindingKind,
  severity: Finding["severity"],
  column: string | null,
  message: string,
): Finding {
  return { kind, severity, column, message };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Never the same text for what is not the same side of a bound: four digits that count. */
function share(part: number): string {
  return `${Number((part * 100).toPrecision(4))} %`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** The whole report, of what was found of each column. */

import type { Dataset } from "../datasets/define.ts";
import { type Examined, withDuplicates } from "./column-quality.ts";
import type { QualityReport, QualityRules } from "./report.ts";
import { findingsOf, isPassed } from "./rules.ts";

/** Event times in milliseconds: from inclusive, to exclusive; ±Infinity: no bound. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ReportParts {
  readonly dataset: Dataset;
  readonly span: Span;
  readonly against: (Span & { readonly rows: number }) | undefined;
  readonly rows: number;
  /** In the dataset's order. */
  readonly columns: readonly Examined[];
  readonly rules: QualityRules;
  /** Whether who asks gave maxMissing himself. */
  readonly isMissingAsked: boolean;
}

export function qualityReport(parts: ReportParts): QualityReport {
  const { dataset, span, against, rows, rules, isMissingAsked } = parts;
  const columns = withDuplicates(parts.columns, rows);
  const earlierRows = against?.rows ?? null;
  const facts = { rows, columns, label: labelOf(dataset, columns), earlierRows, isMissingAsked };
  const findings = findingsOf(facts, rules, dataset);
  return {
    dataset: dataset.name,
    ...bounds(span),
    against: against === undefined ? null : { ...bounds(against), rows: against.rows },
    rows,
    everyNth: parts.columns.reduce((most, { everyNth }) => Math.max(most, everyNth), 1),
    label: facts.label,
    columns,
    rules,
    findings,
    passed: isPassed(findings),
  };
}

/** A bound that is none is null. */
export function bounds({ fromMs, toMs }: Span) {
  const finite = (ms: number) => (Number.isFinite(ms) ? ms : null);
  return { fromMs: finite(fromMs), toMs: finite(toMs) };
}

/** All classes that there may be, in their order: one that no row has is not balanced either. Shares are of rows with a label. */
function labelOf(dataset: Dataset, columns: QualityReport["columns"]): QualityReport["label"] {
  const { label } = dataset;
  const declared = dataset.publicColumns.find(({ name }) => name === label)?.field.values;
  const found = columns.find(({ name }) => name === label);
  if (label === undefined || declared === undefined || found?.values === undefined) return null;
  const all = found.values.reduce((sum, { rows }) => sum + rows, 0);
  const classes = declared.map((value) => {
    const rows = found.values?.find((one) => one.value === value)?.rows ?? 0;
    return { value, rows, share: all === 0 ? 0 : rows / all };
  });
  return { column: label, classes };
}

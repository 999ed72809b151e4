/** The report of a dataset's quality as text for a terminal. */

import type { ColumnQuality, QualityReport } from "../quality/report.ts";
import { countText, percentText } from "./figures.ts";
import { spanText } from "./span-wish.ts";
import { tableLines } from "./text-table.ts";

const SMALLEST = 1e-4;
const LARGEST = 1e9;
/** Values of a category that are named. */
const MAX_VALUES = 4;

/** @param agreement what its shadow says; null: it has none */
export function qualityText(report: QualityReport, agreement: string | null = null): string {
  const { dataset, rows, against, everyNth, label, findings, passed } = report;
  const earlier = against === null ? "" : `; against ${countText(against.rows)} rows ${spanText(against)}`;
  const sampled = everyNth === 1 ? "" : `; quartiles and drift of every ${everyNth}th row`;
  const parts: string[] = [`${dataset}: ${countText(rows)} rows ${spanText(report)}${earlier}${sampled}`];
  if (label !== null && rows > 0) {
    const classes = label.classes.map(
      ({ value, rows: of, share }) => `${value} ${countText(of)} (${percentText(share)})`,
    );
    parts.push(`${label.column}: ${classes.join(", ")}`);
  }
  if (rows > 0) parts.push(columnTable(report));
  if (findings.length > 0) {
    parts.push(
      findings
        .map(({ severity, kind, column, message }) => {
          return `${severity}  ${column === null ? kind : `${kind} of ${column}`}: ${message}`;
        })
        .join("\n"),
    );
  }
  if (agreement !== null) parts.push(agreement);
  parts.push(passed ? "passed" : "failed");
  return parts.join("\n\n");
}

function columnTable({ columns, rows, against }: QualityReport): string {
  const isCompared = against !== null;
  const hasValues = columns.some(({ values }) => values !== undefined);
  const titles = [
    ["column", false],
    ["missing", true],
    ["different", true],
    ["least", true],
    ["q1", true],
    ["median", true],
    ["q3", true],
    ["most", true],
    ["mean", true],
    ["outliers", true],
    ...(isCompared
      ? ([
          ["psi", true],
          ["ks", true],
        ] as const)
      : []),
    ...(hasValues ? ([["values", false]] as const) : []),
  ] as const;
  return tableLines(
    titles.map(([title, isNumber]) => ({ title, isNumber })),
    columns.map((column) => columnCells(column, rows, isCompared)),
  ).join("\n");
}

function columnCells(column: ColumnQuality, rows: number, isCompared: boolean): readonly string[] {
  const { name, missing, distinct, figures, drift, values } = column;
  const told =
    figures === undefined
      ? Array.from({ length: 7 }, () => "")
      : [
          ...[figures.min, figures.q1, figures.median, figures.q3, figures.max, figures.mean].map(number),
          share(figures.outliers, figures.values),
        ];
  const moved = isCompared ? [drift === null ? "" : drift.psi.toFixed(3), drift?.ks?.toFixed(3) ?? ""] : [];
  return [name, share(missing, rows), countText(distinct), ...told, ...moved, valuesText(values, rows)];
}

function valuesText(values: ColumnQuality["values"], rows: number): string {
  if (values === undefined) return "";
  const named = values.slice(0, MAX_VALUES).map(({ value, rows: of }) => `${value} ${share(of, rows)}`);
  return [...named, ...(values.length > MAX_VALUES ? [`${values.length - MAX_VALUES} more`] : [])].join(", ");
}

function share(part: number, whole: number): string {
  return part === 0 ? "0" : percentText(part / whole);
}

/** Five digits that count. */
function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < SMALLEST || size >= LARGEST)) return value.toExponential(3);
  return String(Number(value.toPrecision(size >= 10_000 ? 9 : 5)));
}

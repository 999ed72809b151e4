/** The reports of a dataset's quality and agreement as text for a terminal. */

import type { Shadow } from "../datasets/spec.ts";
import type { AgreementReport, ColumnQuality, QualityReport } from "../quality/report.ts";
import { countText } from "./figures.ts";
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
      ({ value, rows: of, share }) => `${value} ${countText(of)} (${percent(share)})`,
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

export function agreementText({ all, by, fraction }: AgreementReport, shadow: Shadow): string {
  const { compared, rate, low, high } = all;
  const part = fraction < 1 ? ` of ${percent(fraction)} of the requests` : "";
  const what = `${shadow.actual} is ${shadow.oracle}`;
  if (rate === null || low === null || high === null) return `${what}: no rows${part} say both`;
  const each = by.flatMap(({ value, rate: of }) => (of === null ? [] : [`${value} ${percent(of)}`]));
  const split = each.length === 0 ? "" : `; by ${shadow.by}: ${each.join(", ")}`;
  return `${what} in ${percent(rate)} (${percent(low)} to ${percent(high)}) of ${countText(compared)} row${compared === 1 ? "" : "s"}${part}${split}`;
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
  return part === 0 ? "0" : percent(part / whole);
}

/** Two digits that count; never 0 or 100 of what is not quite. */
function percent(of: number): string {
  const value = of * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.01) return "<0.01 %";
  if (value > 99.9) return ">99.9 %";
  return `${value < 1 ? Number(value.toPrecision(2)) : Math.round(value * 10) / 10} %`;
}

/** Five digits that count. */
function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < SMALLEST || size >= LARGEST)) return value.toExponential(3);
  return String(Number(value.toPrecision(size >= 10_000 ? 9 : 5)));
}

function spanText({ fromMs, toMs }: Pick<QualityReport, "fromMs" | "toMs">): string {
  const text = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  if (fromMs === null) return toMs === null ? "of all times" : `until ${text(toMs)}`;
  return toMs === null ? `from ${text(fromMs)}` : `from ${text(fromMs)} to ${text(toMs)}`;
}

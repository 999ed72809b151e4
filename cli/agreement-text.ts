/** The report of a dataset's agreement as text for a terminal: a line of it, or all of it as tables. */

import type { Shadow } from "../datasets/spec.ts";
import type { Agreement, AgreementReport } from "../quality/report.ts";
import { countText, percentText } from "./figures.ts";
import { momentText, spanText } from "./span-wish.ts";
import { tableLines } from "./text-table.ts";

/** Of all, and by category: one line. */
export function agreementText(report: AgreementReport, shadow: Shadow): string {
  const each = report.by.flatMap(({ value, rate }) =>
    rate === null ? [] : [`${value} ${percentText(rate)}`],
  );
  return `${wholeText(report, shadow)}${each.length === 0 ? "" : `; by ${shadow.by}: ${each.join(", ")}`}`;
}

/** Of all, by category, and over time. Pieces of time without a row are counted only. */
export function agreementTables(report: AgreementReport, shadow: Shadow): string {
  const parts = [`${report.dataset} ${spanText(report)}: ${wholeText(report, shadow)}`];
  if (report.all.compared === 0) return parts[0]!;
  parts.push(
    table(
      shadow.by,
      report.by.map((one) => [one.value, one] as const),
    ),
  );
  const told = report.over.filter(({ compared }) => compared > 0);
  parts.push(
    table(
      "from",
      told.map((one) => [momentText(one.fromMs), one] as const),
    ),
  );
  const empty = report.over.length - told.length;
  if (empty > 0) {
    parts.push(`${countText(empty)} of ${countText(report.over.length)} pieces of time have no such row`);
  }
  return parts.join("\n\n");
}

function wholeText({ all, fraction }: AgreementReport, shadow: Shadow): string {
  const { compared, rate, low, high } = all;
  const part = fraction < 1 ? ` of ${percentText(fraction)} of the requests` : "";
  const what = `${shadow.actual} is ${shadow.oracle}`;
  if (rate === null || low === null || high === null) return `${what}: no rows${part} say both`;
  const rows = `${countText(compared)} row${compared === 1 ? "" : "s"}`;
  return `${what} in ${percentText(rate)} (${percentText(low)} to ${percentText(high)}) of ${rows}${part}`;
}

function table(title: string, lines: readonly (readonly [name: string, of: Agreement])[]): string {
  return tableLines(
    [
      { title, isNumber: false },
      ...["compared", "agreed", "rate", "low", "high"].map((name) => ({ title: name, isNumber: true })),
    ],
    lines.map(([name, { compared, agreed, rate, low, high }]) => [
      name,
      countText(compared),
      countText(agreed),
      ...[rate, low, high].map((share) => (share === null ? "–" : percentText(share))),
    ]),
  ).join("\n");
}

/**
 * The report of a dataset's quality for people: one page without script, font or image from elsewhere. All text that is not its own is
 * escaped, and the same report gives the same page.
 */

import type { ColumnQuality, Finding, QualityReport } from "../quality/report.ts";
import { QUALITY_STYLE } from "./quality-style.ts";
import { Html, html } from "./reference/html.ts";

/** Values of a category that get a bar of their own. */
const MAX_BARS = 8;
const SMALLEST = 1e-3;
const LARGEST = 1e7;

export function renderQualityPage(report: QualityReport, title: string): string {
  const { dataset, label, rows } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quality: ${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(QUALITY_STYLE)}</style>
</head>
<body>
<header>
<h1>Data quality</h1>
<p>${title} (<code>${dataset}</code>), ${rangeText(report)}</p>
</header>
${verdict(report)}
${label === null || rows === 0 ? "" : classes(label, report)}
${rows === 0 ? "" : [measures(report), categories(report), others(report)]}
${method(report)}
</body>
</html>
`;
  return page.text;
}

function verdict({ passed, findings, rows, columns, against, everyNth }: QualityReport): Html {
  const failed = findings.filter(({ severity }) => severity === "failed").length;
  const said = passed
    ? "These rows are fit to be trained on, by the thresholds below."
    : "These rows are not fit to be trained on, by the thresholds below.";
  const withGaps = columns.filter(({ missing }) => missing > 0).length;
  return html`<section class="verdict${passed ? "" : " bad"}">
<strong>${passed ? "Passed." : "Failed."}</strong>
<p>${said}</p>
<dl class="figures">
${figure("Rows", count(rows), everyNth === 1 ? "all of them looked at" : `quartiles of every ${everyNth}th`)}
${figure("Findings", count(findings.length), `${failed} of them fail${failed === 1 ? "s" : ""} it`)}
${figure("Columns", count(columns.length), `${withGaps} of them with missing values`)}
${against === null ? "" : figure("Earlier rows", count(against.rows), `${rangeText(against)}`)}
</dl>
</section>
${findings.length === 0 ? "" : findingTable(findings)}`;
}

function findingTable(findings: readonly Finding[]): Html {
  return html`<section>
<h2>Findings</h2>
<div class="wide"><table class="findings">
<thead><tr><th scope="col">What</th><th scope="col">Column</th><th scope="col">Why</th></tr></thead>
<tbody>
${findings.map(
  ({ kind, severity, column, message }) =>
    html`<tr><td class="what"><span class="mark ${severity}">${severity}</span> ${kind}</td><td>${column === null ? "–" : html`<code>${column}</code>`}</td><td>${message}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
}

function classes(label: NonNullable<QualityReport["label"]>, { rules }: QualityReport): Html {
  return html`<section>
<h2>Classes of the label <code>${label.column}</code></h2>
<div class="wide"><table class="bars">
<tbody>
${label.classes.map(({ value, rows, share }) => {
  const isOff = share < rules.minClass || share > rules.maxClass;
  return html`<tr><th scope="row"><code>${value}</code></th><td class="number">${count(rows)}</td><td class="number">${percent(share)}</td><td class="graph">${shareBar(share, isOff, [rules.minClass, rules.maxClass])}</td></tr>
`;
})}</tbody>
</table></div>
<p class="note">Each is to have ${percent(rules.minClass)} to ${percent(rules.maxClass)} of the rows that have a label: the lines.</p>
</section>`;
}

function measures({ columns, rows, against }: QualityReport): Html | string {
  const measured = columns.filter(({ figures }) => figures !== undefined);
  if (measured.length === 0) return "";
  const titles = [
    ...["Missing", "Outliers", ...(against === null ? [] : ["PSI", "KS"]), "Different", "Mean"],
    ...["Least", "Quartile", "Median", "Quartile", "Most"],
  ];
  return html`<section>
<h2>Measures</h2>
<div class="wide"><table class="dense">
<thead><tr><th scope="col">Column</th><th scope="col">Spread</th>${titles.map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr></thead>
<tbody>
${measured.map((column) => measureRow(column, rows, against !== null))}</tbody>
</table></div>
<p class="note">Spread: from the least to the most value; the box is the middle half, the line in it the median.</p>
</section>`;
}

function measureRow(
  { name, missing, distinct, figures, drift }: ColumnQuality,
  rows: number,
  isCompared: boolean,
): Html {
  const { mean, min, q1, median, q3, max, outliers, values } = figures!;
  const part = (of: number, all: number) => (of === 0 ? "0" : percent(of / all));
  const moved = isCompared ? [drift?.psi.toFixed(3) ?? "–", drift?.ks?.toFixed(3) ?? "–"] : [];
  const cells = [
    ...[part(missing, rows), part(outliers, values), ...moved, count(distinct)],
    ...[mean, min, q1, median, q3, max].map(number),
  ];
  return html`<tr><th scope="row"><code>${name}</code></th><td class="graph">${box(figures!)}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>
`;
}

function categories({ columns, rows, against }: QualityReport): Html | string {
  const listed = columns.filter(({ values }) => values !== undefined);
  if (listed.length === 0) return "";
  const drift = against === null ? "" : html`<th scope="col" class="number">PSI</th>`;
  return html`<section>
<h2>Categories</h2>
<div class="wide"><table class="dense">
<thead><tr><th scope="col">Column</th><th scope="col" class="number">Missing</th>${drift}<th scope="col">Rows by value</th></tr></thead>
<tbody>
${listed.map(
  (column) =>
    html`<tr><th scope="row"><code>${column.name}</code></th><td class="number">${column.missing === 0 ? "0" : percent(column.missing / rows)}</td>${against === null ? "" : html`<td class="number">${column.drift?.psi.toFixed(3) ?? "–"}</td>`}<td>${valueBars(column, rows)}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
}

function valueBars({ values = [] }: ColumnQuality, rows: number): Html {
  const rest = values.length - MAX_BARS;
  return html`<table class="bars inner"><tbody>${values
    .slice(0, MAX_BARS)
    .map(
      ({ value, rows: of }) =>
        html`<tr><td><code>${value}</code></td><td class="number">${percent(of / rows)}</td><td class="graph">${shareBar(of / rows, false)}</td></tr>`,
    )}</tbody></table>${rest > 0 ? html`<small>and ${rest} more</small>` : ""}`;
}

function others({ columns, rows }: QualityReport): Html | string {
  const rest = columns.filter(({ figures, values }) => figures === undefined && values === undefined);
  if (rest.length === 0) return "";
  return html`<section>
<h2>Times, pseudonyms, and measures without a value</h2>
<div class="wide"><table>
<thead><tr><th scope="col">Column</th><th scope="col" class="number">Missing</th><th scope="col" class="number">Different</th></tr></thead>
<tbody>
${rest.map(
  ({ name, missing, distinct }) =>
    html`<tr><th scope="row"><code>${name}</code></th><td class="number">${missing === 0 ? "0" : percent(missing / rows)}</td><td class="number">${count(distinct)}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
}

function method({ rules, everyNth }: QualityReport): Html {
  const sampled =
    everyNth === 1
      ? ""
      : html`<li>Mean, quartiles, outliers and drift of measures are of every ${everyNth}th row; all else is of all rows.</li>`;
  return html`<section>
<h2>Thresholds, and where the figures come from</h2>
<ul class="note">
<li>At least ${count(rules.minRows)} rows; of a column at most ${percent(rules.maxMissing)} missing (of one that may be missing and that no training set has, this is only told, unless it was asked for) and ${percent(rules.maxOutliers)} outliers; of a class ${percent(rules.minClass)} to ${percent(rules.maxClass)}; against an earlier time PSI at most ${rules.maxPsi}, KS at most ${rules.maxKs}.</li>
<li>Quartiles: a straight line between neighbours, as numpy's method linear. Outliers: more than 1.5 interquartile ranges beyond the quartiles (J. Tukey, Exploratory Data Analysis, 1977).</li>
<li>PSI: population stability index over the earlier time's deciles, or over a category's values (N. Siddiqi, Credit Risk Scorecards, 2006). KS: Kolmogorov-Smirnov distance.</li>
${sampled}
</ul>
</section>`;
}

/** @param lines shares to mark */
function shareBar(share: number, isOff: boolean, lines: readonly number[] = []): Html {
  const marks = lines.map((at) => html`<rect class="line" x="${place(at)}" y="0" width="0.5" height="4"/>`);
  return html`<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="${percent(share)}"><rect class="track" width="100" height="4"/><rect class="${isOff ? "off" : "part"}" width="${place(share)}" height="4"/>${marks}</svg>`;
}

function box({ min, q1, median, q3, max }: NonNullable<ColumnQuality["figures"]>): Html {
  const range = max - min;
  const at = (value: number) => (range > 0 && Number.isFinite(range) ? (value - min) / range : 0.5);
  const words = `from ${number(min)} to ${number(max)}, half of them from ${number(q1)} to ${number(q3)}`;
  return html`<svg class="spread" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${words}"><rect class="track" y="4.5" width="100" height="1"/><rect class="part" x="${place(at(q1))}" y="1" width="${Math.max(0.75, Number(place(at(q3) - at(q1))))}" height="8"/><rect class="line" x="${place(at(median))}" y="0" width="0.75" height="10"/></svg>`;
}

/** Of a hundred, for a drawing. */
function place(share: number): string {
  return (Math.round(share * 10_000) / 100).toString();
}

function figure(name: string, value: string, note: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`;
}

function rangeText({ fromMs, toMs }: Pick<QualityReport, "fromMs" | "toMs">): string {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  if (fromMs === null) return toMs === null ? "all times" : `until ${text(toMs)} UTC`;
  return toMs === null ? `from ${text(fromMs)} UTC` : `from ${text(fromMs)} to ${text(toMs)} UTC`;
}

/** With thin spaces, which no reader takes for a decimal sign. */
function count(value: number | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Five digits that count; of very large and very small numbers three. */
function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < SMALLEST || size >= LARGEST)) return value.toExponential(2).replace("e+", "e");
  const text = String(size >= 10_000 ? Math.round(value) : Number(value.toPrecision(5)));
  const [whole = "", part] = text.split(".");
  return part === undefined ? count(whole) : `${count(whole)}.${part}`;
}

/** Two digits that count; never 0 or 100 of what is not quite. */
function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.01) return "< 0.01 %";
  if (value > 99.9 && value < 100) return "> 99.9 %";
  return `${value < 1 ? Number(value.toPrecision(2)) : Math.round(value * 10) / 10} %`;
}

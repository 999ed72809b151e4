/**
 * The privacy report for people: one page without script, font or image from elsewhere, so that it can lie beside the file
 * and be read in ten years. All text that is not its own is escaped.
 */

import type { AttackRisk, PrivacyReport, SensitiveFigures } from "./report.ts";
import { REPORT_STYLE } from "./report-style.ts";

/** HTML that is safe to put into a page. */
class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Part[];

/** The report as a whole HTML page. The same report gives the same page. */
export function renderPrivacyPage(report: PrivacyReport): string {
  const { title, dataset } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Privacy report: ${title}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<header>
<h1>Privacy report</h1>
<p>${title} (<code>${dataset}</code>), ${rangeText(report)}</p>
</header>
${verdict(report)}
${rows(report)}
${columns(report)}
${risks(report)}
${report.sensitive.length > 0 ? hiding(report) : ""}
${limits(report)}
${sources()}
</body>
</html>
`;
  return page.text;
}

function verdict({ kept, k, policy }: PrivacyReport): Html {
  const asked = html`k = ${policy.k}, with at most ${percent(policy.maxSuppressed)} of the rows left out`;
  return html`<section class="verdict${kept ? "" : " bad"}">
<strong>${kept ? "The policy is kept." : "The policy is not kept."}</strong>
<p>${
    kept
      ? html`Each row of the file is like at least ${k - 1} others in everything by which somebody could look for it.`
      : html`The file has rows that are like only ${Math.max(0, k - 1)} others. It must not be handed on.`
  } Reached: k = ${k}. Asked for: ${asked}.</p>
</section>`;
}

function rows({ rows: counts, k, classes, averageClass }: PrivacyReport): Html {
  const share = counts.considered === 0 ? 0 : counts.suppressed / counts.considered;
  const filtered =
    counts.population > counts.considered
      ? html` A filter had left out ${count(counts.population - counts.considered)} more before.`
      : "";
  return html`<section>
<h2>Rows and classes</h2>
<p>Rows that are alike in all quasi-identifiers are a class: nobody who knows only those can tell them apart.</p>
<dl class="figures">
${figure("In the file", count(counts.exported), `of ${count(counts.considered)} asked for`)}
${figure("Left out", count(counts.suppressed), `${percent(share)}: their classes were too small`)}
${figure("Smallest class", count(k), "rows; this is k")}
${figure("Average class", round(averageClass), `rows; there are ${count(classes)} classes`)}
</dl>
<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="${percent(share)} of the rows left out">
<rect class="left-out" width="100" height="1"/><rect class="in-file" width="${round(100 * (1 - share))}" height="1"/>
</svg>
<p class="note">Rows are counted, not people: the rows of a class may all be of one program or one machine.${filtered}</p>
</section>`;
}

function columns({ quasiIdentifiers, removed, rounded }: PrivacyReport): Html {
  const named = new Set(quasiIdentifiers.map(({ column }) => column));
  const gone = removed.filter((column) => !named.has(column));
  const told: readonly (readonly [string, string, string])[] = [
    ...quasiIdentifiers.map(({ column, generalization }) => {
      return [column, "quasi-identifier", STEP_TEXTS[generalization] ?? generalization] as const;
    }),
    ...gone.map((column) => [column, "ties rows together", "removed"] as const),
    ...rounded.columns.map(
      (column) => [column, "figure", `rounded to ${rounded.digits} significant digits`] as const,
    ),
  ];
  const lines = told.map(
    ([column, role, done]) =>
      html`<tr><th scope="row"><code>${column}</code></th><td>${role}</td><td>${done}</td></tr>\n`,
  );
  return html`<section>
<h2>What was done to the columns</h2>
<p>A quasi-identifier may be known from elsewhere. Columns that are not listed are as they were.</p>
<div class="wide"><table>
<thead><tr><th scope="col">Column</th><th scope="col">What it is</th><th scope="col">What was done</th></tr></thead>
<tbody>
${lines}</tbody>
</table></div>
</section>`;
}

function risks({ risk, rows: counts, classes }: PrivacyReport): Html {
  const wider = counts.population > counts.exported ? ` (${count(counts.population)} rows)` : "";
  return html`<section>
<h2>Risk that a row is found</h2>
<p>The share of guesses that would be right, by who guesses. Lower is better; ${percent(1 / 2)} is the toss of a coin.</p>
<div class="wide"><table>
<thead><tr><th scope="col">Who</th><th scope="col" class="number">Highest</th><th scope="col" class="number">Average</th><th scope="col" class="number">At risk</th></tr></thead>
<tbody>
${attacker("Prosecutor", "knows that somebody is in the file, and looks for them", risk.prosecutor)}
${attacker("Journalist", `knows only that they are among all rows of the time range${wider}`, risk.journalist)}
<tr><th scope="row">Marketer<small>wants to name as many as he can, whoever they are</small></th><td class="number">–</td><td class="number">${percent(risk.marketer)}</td><td class="number">–</td></tr>
</tbody>
</table></div>
<p class="note">Highest: of the row that is easiest to find, one in so many as its class has rows. Average: over all rows; for the
prosecutor and the marketer ${count(classes)} classes of ${count(counts.exported)} rows. At risk: rows that are found with more than
${percent(risk.threshold)}, which is what health agencies allow in data that everybody may have.</p>
</section>`;
}

function attacker(name: string, knows: string, { highest, average, atRisk }: AttackRisk): Html {
  const cells = [highest, average, atRisk].map((share) => html`<td class="number">${percent(share)}</td>`);
  return html`<tr><th scope="row">${name}<small>${knows}</small></th>${cells}</tr>`;
}

function hiding({ sensitive }: PrivacyReport): Html {
  return html`<section>
<h2>What is learnt without finding a row</h2>
<p>Who knows somebody's class knows what all its rows have in common. These columns would say something about a person.</p>
<div class="wide"><table>
<thead><tr><th scope="col">Column</th><th scope="col" class="number">l</th><th scope="col" class="number">t</th><th scope="col">What that says</th></tr></thead>
<tbody>
${sensitive.map(sensitiveLine)}</tbody>
</table></div>
<p class="note">l: different values in the class that has fewest (l-diversity). t: how far a class's values are from those of the whole
file at the most, from 0, which is the same, to 1 (t-closeness). They are reported; the policy does not set bounds for them.</p>
</section>`;
}

function sensitiveLine({ column, l, t, distance }: SensitiveFigures): Html {
  const says =
    l < 2
      ? "There is a class in which all rows have the same value: it is known of whoever is in that class."
      : `Each class has at least ${l} different values.`;
  const how =
    distance === "ordered" ? "Values are as far apart as their ranks." : "All values are equally far apart.";
  return html`<tr><th scope="row"><code>${column}</code></th><td class="number">${l}</td><td class="number">${t.toFixed(3)}</td><td>${says}<small>${how}</small></td></tr>
`;
}

function limits({ rows: counts }: PrivacyReport): Html {
  const suppressed =
    counts.suppressed > 0
      ? html`<li>That ${count(counts.suppressed)} rows of rare classes were there, though not which.</li>`
      : "";
  return html`<section>
<h2>What this file still tells</h2>
<ul>
<li>What is true of a whole class: how much memory a program took in an hour is not hidden by the number of its rows.</li>
<li>Rare figures: even rounded, one that nothing else has can be recognized by who saw it elsewhere.</li>
<li>Together with another file of the same data, over other hours, columns or filters, more than either alone. Hand on one of them.</li>
${suppressed}
</ul>
<p class="note">Rows stand sorted by their content, so that their order says nothing of time.</p>
</section>`;
}

function sources(): Html {
  return html`<section>
<h2>Where the figures come from</h2>
<ul class="note">
<li>k-anonymity and the choice of what to generalize: L. Sweeney, International Journal on Uncertainty, Fuzziness and Knowledge-based Systems 10 (5), 2002.</li>
<li>Prosecutor, journalist and marketer risk: K. El Emam, Guide to the De-Identification of Personal Health Information, 2013, as in ARX.</li>
<li>l-diversity: A. Machanavajjhala et al., ACM TKDD 1 (1), 2007. t-closeness: N. Li, T. Li, S. Venkatasubramanian, ICDE 2007, as in pyCANON.</li>
</ul>
</section>`;
}

const STEP_TEXTS: Readonly<Record<string, string>> = {
  exact: "kept as it is",
  "3 digits": "rounded to 3 significant digits",
  "2 digits": "rounded to 2 significant digits",
  "1 digit": "rounded to 1 significant digit",
  hour: "taken down to the hour (UTC)",
  day: "taken down to the day (UTC)",
  removed: "removed",
};

function figure(name: string, value: string, note: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`;
}

function rangeText({ from, to }: PrivacyReport): string {
  if (from === null) return to === null ? "all times" : `until ${momentText(to)} UTC`;
  return to === null ? `from ${momentText(from)} UTC` : `from ${momentText(from)} to ${momentText(to)} UTC`;
}

/** To the minute: ranges are whole hours. */
function momentText(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** With thin spaces, which no reader takes for a decimal sign. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Two digits that count; never 0 or 100 of what is not quite. */
function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.01) return "< 0.01 %";
  if (value > 99.9) return "> 99.9 %";
  return `${value < 1 ? Number(value.toPrecision(2)) : Math.round(value * 10) / 10} %`;
}

function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(texts.reduce((page, text, index) => page + safe(parts[index - 1] ?? "") + text));
}

function safe(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(safe).join("");
  return String(part).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

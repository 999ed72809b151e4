/** The style of the privacy report's page: light and dark as the reader's screen is, black on white on paper. */

export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f7f7f4; --card: #ffffff; --ink: #1d2321; --soft: #5d6763; --line: #dcdfd9; --good: #1f7a4d; --bad: #b3341f;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181a; --card: #1c2225; --ink: #e6eae7; --soft: #9aa6a1; --line: #30393c; --good: #5cc893; --bad: #f08a76; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header p { margin: 0.25rem 0 0; color: var(--soft); }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.2; }
h2 { margin: 0 0 0.5rem; font-size: 1.0625rem; }
section { margin-top: 1rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
section > p { margin: 0 0 0.75rem; }
section > :last-child { margin-bottom: 0; }
.verdict { border-left: 0.375rem solid var(--good); }
.verdict.bad { border-left-color: var(--bad); }
.verdict strong { display: block; font-size: 1.25rem; color: var(--good); }
.verdict.bad strong { color: var(--bad); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.75rem 1.5rem; margin: 0; }
.figures dt { color: var(--soft); font-size: 0.875rem; }
.figures dd { margin: 0; font-size: 1.375rem; font-variant-numeric: tabular-nums; }
.figures dd small { display: block; color: var(--soft); font-size: 0.8125rem; line-height: 1.35; }
.bar { display: block; width: 100%; height: 0.5rem; margin-top: 1rem; border-radius: 0.25rem; }
.bar .left-out { fill: var(--bad); }
.bar .in-file { fill: var(--good); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.4375rem 0.75rem 0.4375rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-size: 0.8125rem; font-weight: 400; }
.number { padding-left: 0.75rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td:last-child, th:last-child { padding-right: 0; }
code { font: 0.9375em ui-monospace, monospace; }
header code { overflow-wrap: anywhere; }
tbody th { font-weight: 600; white-space: nowrap; }
tbody th small { white-space: normal; }
small, .note { color: var(--soft); font-size: 0.875rem; font-weight: 400; }
td small, th small { display: block; }
section > .note, section > ul + .note { margin: 0.75rem 0 0; }
ul { margin: 0; padding-left: 1.25rem; }
li + li { margin-top: 0.375rem; }
.wide { overflow-x: auto; }
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --good: #14532d; --bad: #8a1c0c; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section { padding: 0.5rem 0.75rem; break-inside: avoid; }
}
`;

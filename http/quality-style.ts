/** The style of the page of a dataset's quality: that of the privacy report, wider, with bars. */

import { REPORT_STYLE } from "../actors/exporter/anonymous/report-style.ts";

export const QUALITY_STYLE = `${REPORT_STYLE}
body { max-width: 76rem; }
:root { --bar: #4a7fb5; --track: #e6e9e3; }
@media (prefers-color-scheme: dark) { :root { --bar: #6ea8dc; --track: #2b3437; } }
.figures { margin-top: 1rem; }
.verdict p { margin: 0; }
.dense th, .dense td { font-size: 0.875rem; }
.dense .number { padding-left: 0.25rem; }
.what { white-space: nowrap; }
@media (max-width: 40rem) {
  .findings thead { display: none; }
  .findings td { display: block; padding-top: 0; border-top: 0; }
  .findings td.what { padding-top: 0.4375rem; border-top: 1px solid var(--line); }
}
.graph { min-width: 8rem; vertical-align: middle; }
.bars td, .bars th { padding-top: 0.25rem; padding-bottom: 0.25rem; }
.bars .graph { width: 60%; }
.inner td { border-top: 0; padding-top: 0.0625rem; padding-bottom: 0.0625rem; }
.share, .spread { display: block; width: 100%; }
.share { height: 0.75rem; }
.spread { height: 1rem; }
.track { fill: var(--track); }
.part { fill: var(--bar); }
.off { fill: var(--bad); }
.line { fill: var(--ink); }
.mark { font-size: 0.8125rem; font-weight: 600; padding: 0 0.375rem; border: 1px solid currentcolor; border-radius: 0.25rem; }
.mark.failed { color: var(--bad); }
.mark.warned { color: var(--soft); }
@media print { :root { --bar: #335; --track: #ddd; } body { max-width: none; } }
`;

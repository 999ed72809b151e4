/**
 * Which tables, columns and hours a query needs, by DuckDB's own plans of it over empty tables.
 *
 * Two plans are looked at. One is made without pushing anything into the scans, but with unused columns removed: its scans name all
 * columns that are needed. The other is made as usual, and its scans name the filters that rows must pass to matter at all; those
 * on the event time that are understood become a range, others are passed over, which only reads more. Both plans are right for
 * tables of any content, so leaving out rows and columns that neither looks at changes no result.
 *
 * Neither may know that the tables are empty: `statistics_propagation` is off in both.
 */

import type { TableNeed, TableSpec } from "./duck-protocol.ts";

/** Optimizers that stay on where the needed columns are looked for. */
export const COLUMN_OPTIMIZERS = ["unused_columns", "column_lifetime"];
/** Optimizers that are off where the needed times are looked for. */
export const NO_TIME_OPTIMIZERS = ["statistics_propagation"];

interface PlanNode {
  readonly name: string;
  readonly children: readonly PlanNode[];
  readonly extra_info: Readonly<Record<string, string | readonly string[]>>;
}

interface Scan {
  readonly table: string;
  readonly columns: readonly string[];
  readonly filters: readonly string[];
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

const EVER: Range = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/** @param columnPlan @param timePlan what EXPLAIN (FORMAT JSON) answers */
export function needsOf(
  tables: readonly TableSpec[],
  columnPlan: string,
  timePlan: string,
): readonly TableNeed[] {
  const columnScans = scansOf(columnPlan);
  const timeScans = scansOf(timePlan);
  return tables.flatMap(({ name, time, columns }) => {
    const ofTable = ({ table }: Scan) => table === name;
    const ranges = timeScans.filter(ofTable).map(({ filters }) => rangeOf(filters, time));
    if (ranges.length === 0) return [];
    const used = new Set(columnScans.filter(ofTable).flatMap((scan) => scan.columns));
    // Rows are counted too, and a table without columns has none.
    if (used.size === 0) used.add(time);
    return {
      table: name,
      columns: columns.map((column) => column.name).filter((column) => used.has(column)),
      fromMs: Math.min(...ranges.map(({ fromMs }) => fromMs)),
      toMs: Math.max(...ranges.map(({ toMs }) => toMs)),
    };
  });
}

/** The event times that pass a scan's filters, or more. */
export function rangeOf(filters: readonly string[], time: string): Range {
  const parts = filters.filter((filter) => filter.startsWith(time)).flatMap(conjunction);
  return parts
    .map((part) => comparison(part, time))
    .reduce(
      (range, { fromMs, toMs }) => ({
        fromMs: Math.max(range.fromMs, fromMs),
        toMs: Math.min(range.toMs, toMs),
      }),
      EVER,
    );
}

function scansOf(plan: string): readonly Scan[] {
  const scans: Scan[] = [];
  const visit = ({ name, children, extra_info }: PlanNode) => {
    if (name.trim() === "SEQ_SCAN") {
      scans.push({
        table: list(extra_info["Table"])[0] ?? "",
        columns: list(extra_info["Projections"]),
        filters: list(extra_info["Filters"]),
      });
    }
    children.forEach(visit);
  };
  (JSON.parse(plan) as readonly PlanNode[]).forEach(visit);
  return scans;
}

/** DuckDB writes a list of one as its only text, and an empty one as an empty text. */
function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined || value === "") return [];
  return typeof value === "string" ? [value] : value;
}

/** What is joined by AND outside of parentheses and quotes. With an OR there, it says nothing that is understood. */
function conjunction(filter: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < filter.length; at++) {
    const character = filter[at];
    if (character === "'") isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (depth !== 0) continue;
    if (filter.startsWith(" OR ", at)) return [];
    if (filter.startsWith(" AND ", at)) {
      parts.push(filter.slice(from, at));
      from = at + 5;
    }
  }
  return [...parts, filter.slice(from)];
}

function comparison(part: string, time: string): Range {
  if (!part.startsWith(time)) return EVER;
  const match = COMPARISON.exec(part.slice(time.length));
  if (match === null) return EVER;
  const [, operator, date, clock, fraction = ""] = match;
  const wholeMs = Date.parse(`${date}T${clock}Z`);
  if (Number.isNaN(wholeMs)) return EVER;
  const micros = Number(fraction.padEnd(6, "0"));
  // Stored moments are whole milliseconds: the first that is not before the constant, and the last that is not after it.
  const floorMs = wholeMs + Math.floor(micros / 1000);
  const ceilMs = wholeMs + Math.ceil(micros / 1000);
  switch (operator) {
    case ">":
      return { fromMs: floorMs + 1, toMs: EVER.toMs };
    case ">=":
      return { fromMs: ceilMs, toMs: EVER.toMs };
    case "<":
      return { fromMs: EVER.fromMs, toMs: ceilMs };
    case "<=":
      return { fromMs: EVER.fromMs, toMs: floorMs + 1 };
    default:
      return { fromMs: ceilMs, toMs: floorMs + 1 };
  }
}

const COMPARISON = /^(>=|<=|>|<|=)'(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?'::TIMESTAMP$/;

/**
 * The windows of a dataset, as datasets: one for each way in which it says that it is windowed, so that windows are recorded,
 * streamed and exported like anything else. Their columns hold nothing that the source's public view does not.
 *
 * Rows are long: one for each window, group, and measure (or column, or rank). A window that changed comes again under the same
 * start and group with a higher `revision`, and the highest counts. A group that is null is all those for which there was no room.
 *
 * In the anonymous profile: the group is a quasi-identifier where its source column is one, else it does not leave. So is the
 * measure, which cannot be generalized: the rows of one window differ in it, and who knows the window knows which is which,
 * so that a class of five rows of five measures would be one window. The same goes for the rank, and for the revision: five
 * revisions of a window are one window. The end of a window does not leave: beside the hour it starts in, the hour it ends in
 * marks the last minute of each. What is sensitive in the source stays so.
 */

import type { WindowShape } from "../windowing/shape.ts";
import {
  type CategoryColumn,
  type ColumnSpec,
  isPseudonymous,
  type PlaceColumn,
  type PseudonymColumn,
  publicName,
  publicType,
} from "./column.ts";
import { type Columns, type Dataset, DatasetError, type DatasetSpec, defineDataset } from "./define.ts";
import { FIGURES, type Figure, TRENDS, type WindowSpec } from "./spec.ts";

/** Rows of a batch: 200 groups of five measures. A window of more groups takes several batches. */
const BATCH_ROWS = 1024;
const SLOTS = 32;

/** Declares the windows datasets of a source; none when it is not windowed. @throws DatasetError when one cannot be */
export function windowsOf(source: Dataset): readonly Dataset[] {
  return (source.windows ?? []).map((by) => defineDataset(specOf(source, by)));
}

function specOf(source: Dataset, by: WindowSpec): DatasetSpec<Columns> {
  const columns: [name: string, column: ColumnSpec][] = [
    ["window_start", moment("Start of the window, the first moment within it.")],
    ["window_end", moment("End of the window, the first moment after it.")],
    ...groupColumn(source, by),
    ...factColumns(source, by),
    ["revision", REVISION],
  ];
  const names = columns.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new DatasetError(`dataset ${source.name}: its windows ${by.label} would have two columns ${twice}`);
  }
  return {
    name: `${source.name}_${by.label}`,
    title: `${source.title}, ${titleOf(by)}`,
    time: "window_start",
    batchRows: BATCH_ROWS,
    slots: SLOTS,
    keepDays: 365,
    columns: Object.fromEntries(columns),
    derived: { from: source.name, by },
  };
}

const REVISION: ColumnSpec = {
  class: "measure",
  type: "u16",
  unit: "1",
  earlier: 0,
  quasi: true,
  steps: ["3 digits"],
  meaning:
    "0 when the window came out, n its nth correction; of a window and group the rows of the highest count.",
};

function moment(meaning: string): ColumnSpec {
  return { class: "moment", type: "timestamp", meaning };
}

function groupColumn(source: Dataset, { groupBy }: WindowSpec): [string, ColumnSpec][] {
  if (groupBy === undefined) return [];
  const column = publicColumn(source, groupBy);
  return [[groupBy, { ...column, nullable: true, meaning: `${column.meaning} Null: all other groups.` }]];
}

function factColumns(source: Dataset, by: WindowSpec): [string, ColumnSpec][] {
  // A session that became a part of another is withdrawn: it has no values any more.
  const nullable = by.shape.kind === "session";
  switch (by.kind) {
    case "figures":
      return [
        ["measure", listed(by.measures, "The column that the figures are of.")],
        ["count", count("Values in the window; missing ones are not counted.")],
        ...(by.figures ?? FIGURES).map((figure): [string, ColumnSpec] => [
          figure,
          figureColumn(figure, nullable, areSensitive(source, by.measures)),
        ]),
      ];
    case "distinct":
      return [
        ["column", listed(by.of, "The column whose different values are counted.")],
        ["count", count("Values in the window; missing ones are not counted.")],
        [
          "distinct",
          {
            ...{ class: "measure", type: "f64", unit: "1", nullable },
            meaning: "Different values, estimated.",
            ...(areSensitive(source, by.of) && { sensitive: true }),
          },
        ],
      ];
    case "top":
      return topColumns(source, by, nullable);
  }
}

function topColumns(
  source: Dataset,
  { item, weight, count: ranks }: Extract<WindowSpec, { kind: "top" }>,
  nullable: boolean,
): [string, ColumnSpec][] {
  const column = publicColumn(source, item);
  const of = weight === undefined ? "Rows" : `Sum of ${weight}`;
  const unit = weight === undefined ? "1" : unitOf(source, weight);
  const sensitive = weight !== undefined && areSensitive(source, [weight]) && { sensitive: true };
  return [
    [
      "rank",
      {
        ...{ class: "measure", type: "u16", unit: "1", min: 1, max: ranks },
        ...{ quasi: true, steps: ["3 digits"] },
        meaning: "Place in the window, 1 being the first.",
      },
    ],
    [item, { ...column, nullable }],
    [
      "weight",
      {
        ...{ class: "measure", type: "f64", unit, nullable },
        ...sensitive,
        meaning: `${of} that have it; never too little, and too much by \`error\` at the most.`,
      },
    ],
    [
      "error",
      {
        class: "measure",
        type: "f64",
        unit,
        nullable,
        ...sensitive,
        meaning: "What the weight may be too much by.",
      },
    ],
  ];
}

const MEANINGS: Readonly<Record<Exclude<Figure, "trend">, string>> = {
  sum: "Sum.",
  mean: "Arithmetic mean.",
  variance: "Variance of the values themselves (divided by their count).",
  stddev: "Standard deviation of the values themselves (divided by their count).",
  min: "Smallest value.",
  max: "Largest value.",
  p50: "Median, within 1 % of the exact value.",
  p90: "90th percentile, within 1 % of the exact value.",
  p95: "95th percentile, within 1 % of the exact value.",
  p99: "99th percentile, within 1 % of the exact value.",
  rate: "Values per second of the window's length.",
};

function figureColumn(figure: Figure, nullable: boolean, isSensitive: boolean): ColumnSpec {
  const sensitive = isSensitive && { sensitive: true };
  if (figure === "trend") {
    return {
      ...{ class: "category", type: "category", values: TRENDS, nullable: true },
      ...sensitive,
      meaning: "Where the means of the latest windows go; missing while there are too few.",
    };
  }
  const unit =
    figure === "rate" ? "1/s" : figure === "variance" ? "of the measure, squared" : "of the measure";
  return { class: "measure", type: "f64", unit, nullable, ...sensitive, meaning: MEANINGS[figure] };
}

function listed(values: readonly string[], meaning: string): ColumnSpec {
  return { class: "category", type: "category", values, quasi: true, steps: ["exact"], meaning };
}

function count(meaning: string): ColumnSpec {
  return { class: "measure", type: "u32", unit: "1", meaning };
}

/** What a name is in windows: the pseudonym that leaves of it, or the category or place itself. */
function publicColumn(source: Dataset, name: string): PseudonymColumn | CategoryColumn | PlaceColumn {
  const column = specNamed(source, name);
  if (column?.class === "category" || column?.class === "place") return column;
  if (column === undefined || !isPseudonymous(column)) {
    throw new DatasetError(`dataset ${source.name} has no pseudonym or category ${name} that leaves`);
  }
  const { kind, meaning, quasi = false, steps } = column;
  const pseudonym: PseudonymColumn = {
    class: "pseudonym",
    type: publicType(column) === "u32" ? "u32" : "u64",
    ...{ kind, meaning, quasi },
  };
  return steps === undefined ? pseudonym : { ...pseudonym, steps };
}

function specNamed(source: Dataset, name: string): ColumnSpec | undefined {
  return Object.entries(source.columns).find(([own, column]) => publicName(own, column) === name)?.[1];
}

function areSensitive(source: Dataset, names: readonly string[]): boolean {
  return names.some((name) => {
    const column = specNamed(source, name);
    return column !== undefined && "sensitive" in column && column.sensitive === true;
  });
}

function unitOf(source: Dataset, name: string): string {
  const column = specNamed(source, name);
  return column?.class === "measure" ? column.unit : "1";
}

function titleOf(by: WindowSpec): string {
  const what = { figures: "", distinct: "different values ", top: "leading values " }[by.kind];
  return `${what}${shapeTitle(by.shape)}`;
}

function shapeTitle(shape: WindowShape): string {
  switch (shape.kind) {
    case "tumbling":
      return shape.lengthMs === 60_000 ? "by the minute" : `in windows of ${lengthText(shape.lengthMs)}`;
    case "hopping":
      return `in windows of ${lengthText(shape.lengthMs)}, one every ${lengthText(shape.everyMs)}`;
    case "sliding":
      return `over the ${lengthText(shape.lengthMs)} up to each row`;
    case "session":
      return `in sessions that end with ${lengthText(shape.gapMs)} of silence`;
  }
}

/** In the largest unit that it is a whole number of. */
function lengthText(ms: number): string {
  for (const [unit, length] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms % length === 0) return `${ms / length} ${unit}`;
  }
  return `${ms} ms`;
}

/**
 * The windows of a dataset, as a dataset: one row for each window, group and measure, so that windows are recorded,
 * streamed and exported like anything else. Its columns hold nothing that the source's public view does not.
 *
 * In the anonymous profile: the group is a quasi-identifier where its source column is one, else it does not leave. So is the
 * measure, which cannot be generalized: the rows of one window differ in it, and who knows the window knows which is which,
 * so that a class of five rows of five measures would be one window. The end of a window does not leave: beside the hour it
 * starts in, the hour it ends in marks the last minute of each.
 */

import { publicName } from "./column.ts";
import { type Columns, type Dataset, DatasetError, type DatasetSpec, defineDataset } from "./define.ts";

/** Length of a window, in milliseconds. Windows begin at whole multiples of it since the epoch. */
export const WINDOW_MS = 60_000;

/** Rows of a window batch: 200 groups of five measures. A window of more groups takes several batches. */
const BATCH_ROWS = 1024;
const SLOTS = 32;

const value = (meaning: string) =>
  ({ class: "measure", type: "f64", unit: "of the measure", meaning }) as const;

/**
 * Declares the windows dataset `<source>_1m` of a source that says how it is windowed.
 * @throws DatasetError when it does not
 */
export function windowsOf(source: Dataset): Dataset {
  const windows = source.windows;
  if (windows === undefined) throw new DatasetError(`dataset ${source.name} does not say how it is windowed`);
  const group = groupColumn(source);
  const columns: Columns = {
    window_start: {
      class: "moment",
      type: "timestamp",
      meaning: "Start of the window, the first moment within it.",
    },
    window_end: {
      class: "moment",
      type: "timestamp",
      meaning: "End of the window, the first moment after it.",
    },
    ...group,
    measure: {
      class: "category",
      type: "category",
      values: windows.measures,
      quasi: true,
      steps: ["exact"],
      meaning: "The column that the figures are of.",
    },
    count: {
      class: "measure",
      type: "u32",
      unit: "1",
      meaning: "Values in the window; missing ones are not counted.",
    },
    mean: value("Arithmetic mean."),
    stddev: value("Standard deviation of the values themselves (divided by their count)."),
    min: value("Smallest value."),
    max: value("Largest value."),
    p50: value("Median, within 1 % of the exact value."),
    p90: value("90th percentile, within 1 % of the exact value."),
    p95: value("95th percentile, within 1 % of the exact value."),
    p99: value("99th percentile, within 1 % of the exact value."),
  };
  const spec: DatasetSpec<Columns> = {
    name: `${source.name}_1m`,
    title: `${source.title}, by the minute`,
    time: "window_start",
    batchRows: BATCH_ROWS,
    slots: SLOTS,
    keepDays: 365,
    columns,
    derivedFrom: source.name,
  };
  return defineDataset(spec);
}

function groupColumn(source: Dataset): Columns {
  const name = source.windows?.groupBy;
  if (name === undefined) return {};
  const entry = Object.entries(source.columns).find(([own, column]) => publicName(own, column) === name);
  const column = entry?.[1];
  if (column?.class !== "identifier") {
    throw new DatasetError(
      `dataset ${source.name} groups its windows by ${name}, which is no pseudonym of its own`,
    );
  }
  const { kind, meaning, quasi = false, steps } = column;
  const group = { class: "pseudonym", type: "u64", kind, meaning, quasi } as const;
  return { [name]: steps === undefined ? group : { ...group, steps } };
}

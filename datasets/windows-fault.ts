/** What is wrong with how a dataset is to be windowed. */

import { shapeFault } from "../windowing/shape.ts";
import { boundsOf, type ColumnSpec, isPseudonymous, publicName } from "./column.ts";
import {
  type DatasetFacts,
  FIGURES,
  MAX_RANKS,
  MAX_WINDOWS,
  type Columns as SpecColumns,
  type WindowSpec,
} from "./spec.ts";

const LABEL = /^[a-z0-9]+$/;
/** A category has at most so many values. */
const MAX_COLUMNS = 255;

/** The first fault, as a sentence's end; undefined when there is none. */
export function windowsFault(
  spec: Pick<DatasetFacts<SpecColumns>, "columns" | "windows">,
): string | undefined {
  const { windows = [] } = spec;
  if (windows.length > MAX_WINDOWS) {
    return `it has ${windows.length} kinds of windows; ${MAX_WINDOWS} are the most`;
  }
  const labels = windows.map(({ label }) => label);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) return `two of its windows have the label ${twice}`;
  const columns = new Map(
    Object.entries(spec.columns).map(([name, column]) => [publicName(name, column), column]),
  );
  for (const window of windows) {
    const fault = windowFault(window, columns);
    if (fault !== undefined) return `its windows ${window.label}: ${fault}`;
  }
  return undefined;
}

type Columns = ReadonlyMap<string, ColumnSpec>;

function windowFault(window: WindowSpec, columns: Columns): string | undefined {
  const { label, shape, groupBy } = window;
  if (!LABEL.test(label)) return "a label is lower-case letters and digits";
  const fault = shapeFault(shape);
  if (fault !== undefined) return fault;
  if (groupBy !== undefined && !isName(columns.get(groupBy), false)) {
    return `they are grouped by ${groupBy}; expected one of the columns that leave, a pseudonym or a category that is never null`;
  }
  if (shape.kind === "sliding" && window.kind !== "figures") {
    return `sliding windows have figures; expected no ${window.kind}`;
  }
  switch (window.kind) {
    case "figures":
      return figuresFault(window, columns);
    case "distinct":
      return distinctFault(window, columns);
    case "top":
      return topFault(window, columns);
    default:
      return `expected the kind figures, distinct or top; it is ${(window as { kind: unknown }).kind}`;
  }
}

function figuresFault(
  { measures, figures = FIGURES }: Extract<WindowSpec, { kind: "figures" }>,
  columns: Columns,
): string | undefined {
  const fault = listFault("measures", measures);
  if (fault !== undefined) return fault;
  const other = measures.find((name) => !isNumber(columns.get(name)));
  if (other !== undefined) return `they sum up ${other}, which is not a measure that is a number`;
  const unknown = figures.find((figure) => !FIGURES.includes(figure));
  if (unknown !== undefined) return `there is no figure ${unknown}; there are ${FIGURES.join(", ")}`;
  return listFault("figures", figures);
}

function distinctFault(
  { of }: Extract<WindowSpec, { kind: "distinct" }>,
  columns: Columns,
): string | undefined {
  const fault = listFault("of", of);
  if (fault !== undefined) return fault;
  const other = of.find((name) => !isNumber(columns.get(name)) && !isName(columns.get(name), true));
  if (other === undefined) return undefined;
  return `they count different values of ${other}; expected columns that leave, pseudonyms, categories or numbers`;
}

function topFault(
  { item, weight, count }: Extract<WindowSpec, { kind: "top" }>,
  columns: Columns,
): string | undefined {
  if (!isName(columns.get(item), true)) {
    return `they rank ${item}; expected one of the columns that leave, a pseudonym or a category`;
  }
  if (weight !== undefined) {
    const column = columns.get(weight);
    if (!isNumber(column)) return `they weigh by ${weight}, which is not a measure that is a number`;
    if (!(boundsOf(column)[0] >= 0)) return `they weigh by ${weight}; expected one that is never negative`;
  }
  if (Number.isInteger(count) && count >= 1 && count <= MAX_RANKS) return undefined;
  return `they have ${count} ranks; expected from 1 to ${MAX_RANKS}`;
}

function listFault(what: string, names: readonly string[]): string | undefined {
  if (names.length === 0 || names.length > MAX_COLUMNS) {
    return `${what} are ${names.length}; expected from 1 to ${MAX_COLUMNS}`;
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `${what} have ${twice} twice`;
}

/** Whether it is a pseudonym when it leaves, a category, or a place. */
function isName(column: ColumnSpec | undefined, mayBeNull: boolean): column is ColumnSpec {
  if (column === undefined || (column.nullable === true && !mayBeNull)) return false;
  const { class: privacy } = column;
  if (privacy === "category" || privacy === "place") return true;
  return isPseudonymous(column);
}

function isNumber(column: ColumnSpec | undefined): column is ColumnSpec {
  return column?.class === "measure" && column.type !== "bool";
}

/** What is wrong with what a dataset says for those who learn from it: its label, its shadow, the columns that follow from others. */

import { type ColumnSpec, isPseudonymous, publicName, publicType } from "./column.ts";
import type { Columns, DatasetFacts } from "./spec.ts";

type Facts = Pick<DatasetFacts<Columns>, "columns" | "label" | "shadow" | "derivations">;

/** The first fault, as a sentence's end; undefined when there is none. */
export function learningFault(spec: Facts): string | undefined {
  return labelFault(spec) ?? shadowFault(spec) ?? derivationsFault(spec);
}

function labelFault({ columns, label }: Facts): string | undefined {
  if (label === undefined || found(columns, label)?.class === "category") return undefined;
  return `its label ${label} is no category that it has`;
}

function shadowFault({ columns, shadow }: Facts): string | undefined {
  if (shadow === undefined) return undefined;
  const [actual, oracle, by, unit] = [shadow.actual, shadow.oracle, shadow.by, shadow.unit].map((name) =>
    found(columns, name),
  );
  if (actual?.class !== "category") return `its shadow's actual ${shadow.actual} is no category that it has`;
  if (oracle?.class !== "category") return `its shadow's oracle ${shadow.oracle} is no category that it has`;
  const missing = oracle.values.find((value) => !actual.values.includes(value));
  if (missing !== undefined) {
    return `its shadow's oracle may say ${missing}, and its actual ${shadow.actual} never does`;
  }
  if (by?.type !== "category")
    return `its shadow is told by ${shadow.by}; expected a category or a place that it has`;
  if (unit === undefined || !isPseudonymous(unit) || publicType(unit) !== "u64" || unit.nullable === true) {
    return `its shadow's unit ${shadow.unit} must leave as a pseudonym of 64 bits and never be null`;
  }
  return undefined;
}

function derivationsFault({ columns, derivations = [] }: Facts): string | undefined {
  const filled = derivations.flatMap(({ fills }) => fills);
  const twice = filled.find((name, index) => filled.indexOf(name) !== index);
  if (twice !== undefined) return `its column ${twice} is filled by two derivations`;
  for (const name of filled) {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column?.class !== "measure" && column?.class !== "category") {
      return `a derivation fills ${name}, which is no measure or category that it has`;
    }
    if ("default" in column && column.default !== undefined) {
      return `its column ${name} has a default, so that a derivation never fills it`;
    }
  }
  return undefined;
}

/** By the name that it leaves under. */
function found(columns: Columns, name: string): ColumnSpec | undefined {
  return Object.entries(columns).find(([own, column]) => publicName(own, column) === name)?.[1];
}

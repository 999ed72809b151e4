/**
 * What each column of a table is in the anonymous profile. Decided by its declaration alone, and closed: what is neither a
 * quasi-identifier nor harmless by its class does not leave.
 */

import { type ColumnSpec, type GeneralizationStep, STEPS_BY_CLASS } from "../../../datasets/column.ts";
import type { PublicColumn } from "../../../datasets/define.ts";
import type { TableShape } from "../../../datasets/shape.ts";

/** An exact figure is a fingerprint: who saw 1234.56789 MiB elsewhere finds the row again, and with it the hour. */
const MEASURE_STEP: GeneralizationStep = "3 digits";
export const MEASURE_DIGITS = 3;

export interface QuasiColumn {
  readonly column: PublicColumn;
  /** What may become of it, from fine to coarse; the first is the least that is done. */
  readonly steps: readonly GeneralizationStep[];
}

export interface Roles {
  readonly quasi: readonly QuasiColumn[];
  readonly sensitive: readonly PublicColumn[];
  /** Columns that leave and are no quasi-identifiers, sensitive ones among them. */
  readonly others: readonly PublicColumn[];
  /** Columns that do not leave, whatever the rows are: pseudonyms and moments that are no quasi-identifiers. */
  readonly removed: readonly PublicColumn[];
}

/** Only of the table's own columns: what was not asked for leaves nobody a way to find a row. */
export function rolesOf(shape: TableShape): Roles {
  const quasi: QuasiColumn[] = [];
  const others: PublicColumn[] = [];
  const removed: PublicColumn[] = [];
  for (const column of shape.publicColumns) {
    const { spec } = column;
    if (spec.quasi === true || column.name === shape.time) {
      quasi.push({ column, steps: spec.steps ?? STEPS_BY_CLASS[spec.class] });
    } else if (isHarmless(spec)) {
      others.push(column);
    } else {
      removed.push(column);
    }
  }
  return { quasi, sensitive: others.filter(({ spec }) => isSensitive(spec)), others, removed };
}

/** Whether its values are a number, or one of a closed list: what they are a measure of they do not name. */
function isHarmless({ class: privacyClass }: ColumnSpec): boolean {
  return privacyClass === "measure" || privacyClass === "category" || privacyClass === "place";
}

/**
 * The first of `names` by which rows of an anonymous export may not be filtered: moments, and columns that do not leave.
 * Whoever knows the filter would know what was taken out: the minute, or that all rows are of one process. A time range is
 * asked for as such, and is of whole hours. Undefined when all are good.
 */
export function unfilterableColumn(shape: TableShape, names: readonly string[]): string | undefined {
  const { quasi, others } = rolesOf(shape);
  const kept = [...quasi.map(({ column }) => column), ...others];
  const good = kept.filter(({ spec }) => spec.class !== "moment").map(({ name }) => name);
  return names.find((name) => !good.includes(name));
}

/** What is done to a column that leaves and is no quasi-identifier. */
export function otherStep({ spec }: PublicColumn): GeneralizationStep {
  return spec.class === "measure" && spec.type !== "bool" ? MEASURE_STEP : "exact";
}

function isSensitive(spec: ColumnSpec): boolean {
  return "sensitive" in spec && spec.sensitive === true;
}

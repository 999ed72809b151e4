/**
 * A table as it leaves: which columns, in which order, and the plan that its batches are laid out by. A dataset is one; so is
 * a dataset of which only some columns were asked for, and one whose values were generalized on the way out.
 */

import { BatchPlan } from "../runtime/batch/index.ts";
import type { PublicColumn } from "./dataset.ts";

export interface TableShape {
  readonly name: string;
  readonly title: string;
  /** Public name of the column that is the event time. It may not be among `publicColumns`. */
  readonly time: string;
  /** Batches of this table are laid out by it. It may have more public columns than the table has. */
  readonly plan: BatchPlan;
  /** The table's columns, in its order. Each is a public column of `plan`, by name. */
  readonly publicColumns: readonly PublicColumn[];
}

/**
 * The table with only the columns `names`, in that order. Its batches stay what they are.
 * @throws RangeError when it has no such column: ask `unknownColumn` first
 */
export function chooseColumns<S extends TableShape>(shape: S, names: readonly string[]): S {
  const publicColumns = names.map((name) => {
    const column = shape.publicColumns.find((own) => own.name === name);
    if (column === undefined) throw new RangeError(`table ${shape.name} has no column ${name}`);
    return column;
  });
  return { ...shape, publicColumns };
}

/** The first of `names` that is no column of the table, or that stands twice; undefined when all are good. */
export function unknownColumn(shape: TableShape, names: readonly string[]): string | undefined {
  return names.find(
    (name, index) => !shape.publicColumns.some((own) => own.name === name) || names.indexOf(name) !== index,
  );
}

/** A plan of the table's columns and nothing else: what its rows are copied into. */
export function compactPlan(shape: TableShape): BatchPlan {
  return new BatchPlan({ public: shape.publicColumns.map(({ field }) => field), raw: [] });
}

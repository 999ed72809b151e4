/**
 * A dataset is a declaration. From it come the TypeScript type of a row, the slot layout, the validator, the Arrow schemas
 * of the raw and the public view, and the JSON Schema: whoever adds a dataset writes one file and nothing else.
 */

import { BatchPlan, type BatchSchema, type FieldSpec, type RawFieldSpec } from "../runtime/batch/index.ts";
import {
  CHARACTER_BYTES,
  type ColumnSpec,
  DEFAULT_MAX_TEXT_BYTES,
  publicName,
  publicType,
} from "./column.ts";
import type { Dataset, PublicColumn } from "./dataset.ts";
import { exportsFault } from "./exports-fault.ts";
import type { Columns, DatasetFacts, DatasetSpec } from "./spec.ts";
import { specFault } from "./spec-fault.ts";

export type { Dataset, PublicColumn, RowOf } from "./dataset.ts";
export type { Columns, DatasetSpec, WindowSpec } from "./spec.ts";

export class DatasetError extends Error {
  override readonly name = "DatasetError";
}

/**
 * Checks a declaration and derives its shapes.
 * @throws DatasetError on a declaration that cannot be right: a column without a class, a category without values, …
 */
export function defineDataset<const C extends Columns>(spec: DatasetSpec<C>): Dataset<C> {
  const fault = specFault(spec);
  if (fault !== undefined) throw new DatasetError(`dataset ${spec.name}: ${fault}`);
  const publicColumns = Object.entries(spec.columns).map(([source, column]): PublicColumn => {
    const name = publicName(source, column);
    return { name, source, spec: column, field: fieldOf(name, column, publicType(column)) };
  });
  const raw = Object.entries(spec.columns).map(
    ([name, column]): RawFieldSpec =>
      column.class === "identifier" ? fieldOf(name, column, column.type) : { name, sharedWith: name },
  );
  const schema: BatchSchema = { public: publicColumns.map(({ field }) => field), raw };
  const longestText = Object.values(spec.columns)
    .filter((column) => column.class === "identifier" && column.type === "utf8")
    .reduce((bytes, column) => bytes + maxTextBytes(column), 0);
  const dataset: Dataset<C> = {
    ...spec,
    plan: new BatchPlan(schema),
    maxRowTextBytes: longestText,
    publicColumns,
    optional: optionalColumns(spec),
  };
  const laterFault = exportsFault(dataset);
  if (laterFault !== undefined) throw new DatasetError(`dataset ${spec.name}: ${laterFault}`);
  return dataset;
}

/** Longest value of a text column, in bytes of UTF-8. */
export function maxTextBytes(column: ColumnSpec): number {
  if (column.class !== "identifier") return DEFAULT_MAX_TEXT_BYTES;
  const { maxBytes, maxCharacters } = column;
  if (maxBytes !== undefined) return maxBytes;
  return maxCharacters === undefined ? DEFAULT_MAX_TEXT_BYTES : maxCharacters * CHARACTER_BYTES;
}

function optionalColumns({ columns, derivations = [] }: DatasetFacts<Columns>): ReadonlySet<string> {
  const filled = derivations.flatMap(({ fills }) => fills);
  const names = Object.entries(columns)
    .filter(([, column]) => column.nullable === true || ("default" in column && column.default !== undefined))
    .map(([name]) => name);
  return new Set([...names, ...filled]);
}

function fieldOf(name: string, column: ColumnSpec, type: FieldSpec["type"]): FieldSpec {
  const field = { name, type, nullable: column.nullable ?? false };
  return column.type === "category" ? { ...field, values: column.values } : field;
}

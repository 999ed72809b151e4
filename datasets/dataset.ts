/** A dataset as the program knows it: its declaration (spec.ts), and what define.ts derives from that. */

import type { BatchPlan, FieldSpec } from "../runtime/batch/index.ts";
import type { ColumnSpec } from "./column.ts";
import type { Columns, DatasetFacts } from "./spec.ts";

export interface Dataset<C extends Columns = Columns> extends DatasetFacts<C> {
  readonly time: string;
  readonly plan: BatchPlan;
  /** Bytes that one row's text may take at the most, all text columns together. */
  readonly maxRowTextBytes: number;
  /** What leaves, in declared order. */
  readonly publicColumns: readonly PublicColumn[];
  /** Declared columns that a sender may leave out, or give as null: nullable ones, and those that are filled on the way in. */
  readonly optional: ReadonlySet<string>;
}

/** A column as it leaves. */
export interface PublicColumn {
  readonly name: string;
  readonly field: FieldSpec;
  /** The column it comes from. */
  readonly source: string;
  readonly spec: ColumnSpec;
}

type ValueOf<S extends ColumnSpec> = S extends {
  readonly type: "category";
  readonly values: infer V;
}
  ? V extends readonly string[]
    ? V[number]
    : string
  : S extends { readonly type: "bool" }
    ? boolean
    : S extends { readonly type: "utf8" }
      ? string
      : number;

/** A row as its source gives it: raw values, moments in milliseconds since the epoch. */
export type RowOf<D extends { readonly columns: Columns }> = {
  readonly [K in keyof D["columns"]]: D["columns"][K] extends { readonly nullable: true }
    ? ValueOf<D["columns"][K]> | null
    : ValueOf<D["columns"][K]>;
};

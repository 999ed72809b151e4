/** A dataset's declaration as plain JSON, for who asks over the network what there is. */

import type { ColumnType } from "../runtime/batch/index.ts";
import type { PrivacyClass } from "./column.ts";
import type { Dataset, WindowSpec } from "./define.ts";

export interface DatasetDescription {
  readonly name: string;
  readonly title: string;
  /** The column that is the event time. */
  readonly time: string;
  /** For windows: the dataset that they are of. */
  readonly derivedFrom: string | null;
  readonly windows: WindowSpec | null;
  /** What leaves, in order. */
  readonly columns: readonly ColumnDescription[];
}

export interface ColumnDescription {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: string | null;
  readonly class: PrivacyClass;
  readonly meaning: string;
  readonly nullable: boolean;
  /** The declared column it comes from; has another name where a pseudonym leaves. */
  readonly source: string;
  /** The closed list of a category. */
  readonly values: readonly string[] | null;
}

export function describeDataset(dataset: Dataset): DatasetDescription {
  return {
    name: dataset.name,
    title: dataset.title,
    time: dataset.time,
    derivedFrom: dataset.derivedFrom ?? null,
    windows: dataset.windows ?? null,
    columns: dataset.publicColumns.map(({ name, source, spec, field }) => ({
      name,
      type: field.type,
      unit: spec.class === "measure" ? spec.unit : null,
      class: spec.class,
      meaning: spec.meaning,
      nullable: field.nullable,
      source,
      values: field.values ?? null,
    })),
  };
}

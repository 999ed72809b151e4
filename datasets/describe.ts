/** A dataset's declaration as plain JSON, for who asks over the network what there is. */

import type { ColumnType } from "../runtime/batch/index.ts";
import type { WindowShape } from "../windowing/shape.ts";
import type { PrivacyClass } from "./column.ts";
import type { Dataset, WindowSpec } from "./define.ts";
import type { NamedExport, Shadow } from "./spec.ts";
import { windowedColumns } from "./windowed-columns.ts";

export interface DatasetDescription {
  readonly name: string;
  readonly title: string;
  /** The column that is the event time. */
  readonly time: string;
  /** For windows: the dataset that they are of. */
  readonly derivedFrom: string | null;
  /** How its rows are windowed: a dataset each. */
  readonly windows: readonly WindowsDescription[];
  /** Whether other programs may push rows of it. */
  readonly pushed: boolean;
  /** The column that a model is to learn, if it has one. */
  readonly label: string | null;
  /** Exports that it has by name. */
  readonly exports: readonly ExportDescription[];
  /** Of which two columns it is told how often they agree. */
  readonly shadow: Shadow | null;
  /** What leaves, in order. */
  readonly columns: readonly ColumnDescription[];
}

export interface WindowsDescription {
  /** The windows dataset. */
  readonly dataset: string;
  readonly kind: WindowSpec["kind"];
  readonly shape: WindowShape;
  readonly groupBy: string | null;
  /** Columns that are summed up, counted or ranked. */
  readonly of: readonly string[];
}

export interface ExportDescription extends NamedExport {
  readonly name: string;
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
  /** The closed list of a category or a place. */
  readonly values: readonly string[] | null;
}

export function describeDataset(dataset: Dataset): DatasetDescription {
  return {
    name: dataset.name,
    title: dataset.title,
    time: dataset.time,
    derivedFrom: dataset.derived?.from ?? null,
    windows: (dataset.windows ?? []).map((by) => ({
      dataset: `${dataset.name}_${by.label}`,
      kind: by.kind,
      shape: by.shape,
      groupBy: by.groupBy ?? null,
      of: windowedColumns(by),
    })),
    pushed: dataset.pushed ?? false,
    label: dataset.label ?? null,
    exports: Object.entries(dataset.exports ?? {}).map(([name, named]) => ({ name, ...named })),
    shadow: dataset.shadow ?? null,
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

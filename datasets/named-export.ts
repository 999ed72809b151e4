/** Exports that datasets have by name: what somebody who asks for one by its name gets. */

import { datasetNamed, datasets } from "./index.ts";
import type { NamedExport } from "./spec.ts";

/** The rows of a named export: what stands for its name in an order. */
export interface NamedRows {
  readonly columns: readonly string[];
  readonly where: string;
  readonly newest: number;
}

const DAY_HOURS = 24;

/** The export of that name that a dataset has; undefined when it has none. */
export function namedExport(dataset: string, name: string): NamedExport | undefined {
  const exports = datasetNamed(dataset)?.exports ?? {};
  return Object.hasOwn(exports, name) ? exports[name] : undefined;
}

/** Its rows, and how many hours back they go where no time is given. */
export function namedRows({
  columns,
  where,
  newest,
  days,
}: NamedExport): NamedRows & { readonly hours: number } {
  return { columns, where, newest, hours: days * DAY_HOURS };
}

/** Names of the exports that a dataset has. */
export function exportNames(dataset: string): readonly string[] {
  return Object.keys(datasetNamed(dataset)?.exports ?? {});
}

/** Datasets that have an export of that name. */
export function datasetsWithExport(name: string): readonly string[] {
  return datasets.filter(({ exports = {} }) => Object.hasOwn(exports, name)).map((dataset) => dataset.name);
}

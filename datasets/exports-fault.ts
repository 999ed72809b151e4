/** What is wrong with a dataset's named exports. Looked at when its shapes are there: a predicate is read against them. */

import type { Dataset } from "./dataset.ts";
import { parsePredicate } from "./predicate.ts";
import { unknownColumn } from "./shape.ts";
import { MAX_KEEP_DAYS, type NamedExport } from "./spec.ts";

/** Names stand in addresses, and behind a dash in file names. */
const NAME = /^[a-z][a-z0-9_]*$/;

/** The first fault, as a sentence's end; undefined when there is none. */
export function exportsFault(dataset: Dataset): string | undefined {
  for (const [name, named] of Object.entries(dataset.exports ?? {})) {
    if (!NAME.test(name))
      return `the name ${name} of its export must be lower-case letters, digits and underscores`;
    const fault = exportFault(dataset, named);
    if (fault !== undefined) return `its export ${name} ${fault}`;
  }
  return undefined;
}

function exportFault(dataset: Dataset, named: NamedExport): string | undefined {
  const { columns, where, days, newest, format } = named;
  if (columns.length === 0) return "has no columns";
  const unknown = unknownColumn(dataset, columns);
  if (unknown !== undefined) return `has the column ${unknown}, which does not leave, or has it twice`;
  const parsed = parsePredicate(where, dataset);
  if (!parsed.ok) return `chooses its rows by what cannot be read: ${parsed.message}`;
  if (!(Number.isInteger(days) && days >= 1 && days <= MAX_KEEP_DAYS)) {
    return `goes back ${days} days; expected a whole number from 1 to ${MAX_KEEP_DAYS}`;
  }
  if (!(Number.isSafeInteger(newest) && newest >= 1)) {
    return `has the newest ${newest} rows; expected a whole number from 1 on`;
  }
  if (format !== "csv") return `is in the format ${format}; expected csv`;
  return undefined;
}

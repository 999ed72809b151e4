/**
 * A dataset as rows of dead letters have it: identifiers are pseudonyms already, texts of places and of open lists are already what they were
 * taken for. Everything else is as declared today: bounds, defaults, derivations.
 */

import type { ColumnSpec, IdentifierColumn } from "../../datasets/column.ts";
import { type Dataset, defineDataset } from "../../datasets/define.ts";
import type { RowValue } from "../../datasets/row.ts";
import type { ReplayedRow } from "./protocol.ts";

export function replayDataset(dataset: Dataset): Dataset {
  const { name, title, time, batchRows, slots, derivations } = dataset;
  const columns = Object.entries(dataset.columns).map(([column, spec]) => [column, keptColumn(spec)]);
  return defineDataset({
    ...{ name, title, time, batchRows, slots },
    columns: Object.fromEntries(columns) as Readonly<Record<string, ColumnSpec>>,
    ...(derivations === undefined ? {} : { derivations }),
  });
}

/** Brings a letter's row to what the validator of its replay dataset takes. */
export function replayRowOf(dataset: Dataset): (replayed: ReplayedRow) => Record<string, unknown> {
  // As decimal text only columns of 64 bits take a number.
  const narrow = Object.entries(dataset.columns).flatMap(([name, spec]) =>
    spec.class === "identifier" && spec.pseudonym === "u32" ? [name] : [],
  );
  const time = dataset.columns[dataset.time];
  const hasDefaultTime = time?.class === "moment" && time.default === "now";
  return ({ row, atMs }) => {
    const made: Record<string, unknown> = { ...row };
    for (const name of narrow) {
      const value = made[name];
      if (typeof value === "string") made[name] = numberOf(value);
    }
    // When it came, and not when it was mended.
    if (hasDefaultTime) made[dataset.time] ??= atMs;
    return made;
  };
}

function keptColumn(spec: ColumnSpec): ColumnSpec {
  if (spec.class === "identifier") return pseudonymColumn(spec);
  if (spec.class === "place") {
    const { type, values, meaning, nullable = false } = spec;
    return { class: "category", type, values, meaning, nullable };
  }
  if (spec.class !== "category" || spec.otherwise === undefined) return spec;
  const { otherwise: _, maxCharacters: __, ...closed } = spec;
  return closed;
}

/** A number that all of its bits belong to: that is what an identifier's column takes, so it is declared as one. */
function pseudonymColumn({
  kind,
  as,
  pseudonym = "u64",
  meaning,
  nullable = false,
}: IdentifierColumn): ColumnSpec {
  const named = as === undefined ? {} : { as };
  return { class: "identifier", type: pseudonym, kind, pseudonym, meaning, nullable, ...named };
}

function numberOf(text: string): RowValue {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : text;
}

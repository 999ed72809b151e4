/**
 * Runs a dataset's derivations over a table of pushed rows: what senders left out is filled in, what they gave and is not so is refused.
 * The declaration says how (datasets/spec.ts); here is what its columns lie in.
 *
 * A column is taken out of the table when a derivation asks for it, and put back behind the last one where anything was filled in: in the table's own
 * storage, as a body that columns lie in is never written to. Until then a row that is refused looks as its sender had it.
 */

import type { DerivingRows } from "../datasets/spec.ts";
import type { DecodeContext } from "./decoder.ts";
import type { PushTable, TableColumn } from "./table.ts";
import { TableCells } from "./table-cells.ts";
import { rowOf } from "./table-values.ts";

/**
 * Derives the columns of a table whose rows were checked. Afterwards no row that is not `bad` lacks a column that it must have.
 * @param arrivedMs when the rows came, wall time in milliseconds
 */
export type Deriver = (table: PushTable, arrivedMs: number) => void;

/**
 * Makes the deriver of a dataset; one that derives nothing does nothing. It holds buffers: one a thread.
 * @param elapsedMs milliseconds of a clock that only goes forward, for what a derivation says of its own time
 */
export function createDeriver(
  { dataset, rejected }: Pick<DecodeContext, "dataset" | "rejected">,
  elapsedMs: () => number,
): Deriver {
  const { derivations = [], columns } = dataset;
  /** What derivations fill and is never null: each row has it at the end. */
  const owed = derivations.flatMap(({ fills }) => fills.filter((name) => columns[name]?.nullable !== true));
  const made = new Map<string, TableCells>();

  return (table, arrivedMs) => {
    if (derivations.length === 0 || table.rows === 0) return;
    const taken = new Map<TableColumn, TableCells>();
    const cells = (name: string) => {
      const column = table.column(name);
      let found = taken.get(column);
      if (found === undefined) {
        found = made.get(name) ?? new TableCells();
        made.set(name, found);
        found.take(table, column);
        taken.set(column, found);
      }
      return found;
    };
    const rows: DerivingRows = {
      rows: table.rows,
      arrivedMs,
      elapsedMs,
      isBad: (row) => table.bad[row] !== 0,
      cells,
      refuse(row, column, expected, got) {
        if (table.bad[row] !== 0) return;
        table.bad[row] = 1;
        rejected.reject({ row: table.rowNumbers[row]!, column, reason: "derived", expected, got }, () =>
          rowOf(table.views, table, row),
        );
      },
    };
    for (const derivation of derivations) derivation.derive(rows);
    for (const name of owed) refuseMissing(rows, name, cells(name));
    for (const [column, own] of taken) own.put(table, column);
  };
}

/** A derivation that neither filled a column nor refused the row has not done what it is there for: the row is not taken for it. */
function refuseMissing(rows: DerivingRows, name: string, cells: TableCells): void {
  if (cells.isWhole) return;
  for (let row = 0; row < rows.rows; row++) {
    if (!cells.isThere(row)) rows.refuse(row, name, "a value, or columns that it follows from", "nothing");
  }
}

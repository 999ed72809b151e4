/**
 * Checks a table's columns against the declaration: whether all is there that must be, numbers and moments are within their bounds, and texts
 * no longer than they may be. What the decoders of all formats leave to be checked, in one pass over each column while the data are good.
 *
 * A row at fault is refused once, for its first fault in declared order, as createRowValidator would; what is said of it is said by the
 * same closures (datasets/column-check.ts). Of a value that is not there it is not known whether it was null.
 *
 * A float32 is compared once it has been rounded, with bounds that are rounded as well: what was within them before still is. A decoder that has
 * the number as it was has compared that one.
 */

import {
  boundsOf,
  type ColumnSpec,
  fullBoundsOf,
  isTextualCategory,
  maxCharacters,
} from "../datasets/column.ts";
import { type ColumnCheck, columnCheck, Fault, whatCame } from "../datasets/column-check.ts";
import { maxTextBytes } from "../datasets/define.ts";
import type { Rejection } from "../datasets/rejection.ts";
import { type ColumnType, viewsOf } from "../runtime/batch/index.ts";
import type { Kernels } from "../wasm/index.ts";
import type { DecodeContext } from "./decoder.ts";
import { type ColumnPlace, type PushTable, TABLE_ROWS } from "./table.ts";
import { rowOf, valueAt } from "./table-values.ts";

/** The first row in [from, to) that has a value that its column does not take; `to`: there is none. */
type Finder = (place: ColumnPlace, from: number, to: number) => number;

interface CheckedColumn {
  readonly check: ColumnCheck;
  readonly isOptional: boolean;
  readonly find: Finder | undefined;
}

/** Marks the rows of a table that are at fault as bad, and rejects them, in their order. Those that are bad already it leaves alone. */
export type ColumnChecker = (table: PushTable) => void;

/** Defaults were filled; columns that a derivation fills need not have been. */
export function createColumnChecker(
  context: Pick<DecodeContext, "kernels" | "dataset" | "rejected">,
): ColumnChecker {
  const { kernels, dataset, rejected } = context;
  const views = viewsOf(kernels.memory.buffer);
  const columns = Object.entries(dataset.columns).map(
    ([name, spec]): CheckedColumn => ({
      check: columnCheck(spec),
      isOptional: dataset.optional.has(name),
      find: finderOf(kernels, spec, dataset.plan.raw(name).type),
    }),
  );
  /** Of rows that are at fault, which column is the first that is, counted from 1. */
  const faults = new Uint16Array(TABLE_ROWS);

  const mark = (table: PushTable, row: number, column: number) => {
    if (table.bad[row] !== 0) return 0;
    table.bad[row] = 1;
    faults[row] = column + 1;
    return 1;
  };

  const rejectionOf = (table: PushTable, row: number, index: number): Rejection => {
    const column = table.columns[index]!;
    const { check } = columns[index]!;
    const at = { row: table.rowNumbers[row]!, column: column.name, expected: check.expected };
    if (!table.isThere(column, row)) return { ...at, reason: "missing", got: whatCame(undefined) };
    const value = valueAt(views, column, row);
    const fault = check.check(value);
    if (!(fault instanceof Fault))
      throw new Error(`column ${column.name}: a kernel refused what its check accepts`);
    return { ...at, reason: fault.reason, got: check.tell(value, fault.reason) };
  };

  return (table) => {
    const { rows } = table;
    let marked = 0;
    for (const [index, { isOptional, find }] of columns.entries()) {
      const { place } = table.columns[index]!;
      if (!isOptional) {
        let row = kernels.checkMissing(place.validityAt, 0, rows);
        for (; row < rows; row = kernels.checkMissing(place.validityAt, row + 1, rows))
          marked += mark(table, row, index);
      }
      if (find === undefined) continue;
      for (let row = find(place, 0, rows); row < rows; row = find(place, row + 1, rows))
        marked += mark(table, row, index);
    }
    for (let row = 0; marked > 0; row++) {
      const fault = faults[row]!;
      if (fault === 0) continue;
      faults[row] = 0;
      marked--;
      rejected.reject(rejectionOf(table, row, fault - 1), () => rowOf(views, table, row));
    }
  };
}

function finderOf(kernels: Kernels, spec: ColumnSpec, type: ColumnType): Finder | undefined {
  const [min, max] = boundsOf(spec);
  switch (type) {
    case "f64":
      return ({ dataAt, validityAt }, from, to) => kernels.checkF64(dataAt, validityAt, from, to, min, max);
    case "f32": {
      const [low, high] = [Math.fround(min), Math.fround(max)];
      return ({ dataAt, validityAt }, from, to) => kernels.checkF32(dataAt, validityAt, from, to, low, high);
    }
    case "i32":
      return ({ dataAt, validityAt }, from, to) => kernels.checkI32(dataAt, validityAt, from, to, min, max);
    case "u32":
      return ({ dataAt, validityAt }, from, to) => kernels.checkU32(dataAt, validityAt, from, to, min, max);
    case "u16":
      return ({ dataAt, validityAt }, from, to) => kernels.checkU16(dataAt, validityAt, from, to, min, max);
    case "u8":
      return ({ dataAt, validityAt }, from, to) => kernels.checkU8(dataAt, validityAt, from, to, min, max);
    case "u64": {
      const [low, high] = fullBoundsOf(spec, type);
      return ({ dataAt, validityAt }, from, to) => kernels.checkU64(dataAt, validityAt, from, to, low, high);
    }
    case "i64": {
      const [low, high] = fullBoundsOf(spec, type);
      return ({ dataAt, validityAt }, from, to) => kernels.checkI64(dataAt, validityAt, from, to, low, high);
    }
    case "timestamp": {
      const [low, high] = [BigInt(min), BigInt(max)];
      return ({ dataAt, validityAt }, from, to) => kernels.checkI64(dataAt, validityAt, from, to, low, high);
    }
    case "category": {
      // A code beyond them is no fault of the row's: reading its value throws.
      const last = spec.type === "category" ? spec.values.length - 1 : 0;
      return ({ dataAt, validityAt }, from, to) => kernels.checkU8(dataAt, validityAt, from, to, 0, last);
    }
    case "utf8": {
      const bytes = maxTextBytes(spec);
      const characters =
        (spec.class === "identifier" || isTextualCategory(spec) ? maxCharacters(spec) : undefined) ?? bytes;
      return ({ dataAt, validityAt, textAt }, from, to) =>
        kernels.checkLengths(dataAt, textAt, validityAt, from, to, bytes, characters);
    }
    case "bool":
      return undefined;
  }
}

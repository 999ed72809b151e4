/** How the columns of a table are declared in SQLite, and how their values become what `node:sqlite` takes: see sqlite.ts. */

import type { SQLInputValue } from "node:sqlite";
import { isPseudonymous } from "../../../datasets/column.ts";
import type { PublicColumn } from "../../../datasets/define.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "../../../datasets/moment-text.ts";
import type { TableShape } from "../../../datasets/shape.ts";
import { type Column, type PublicBatch, readInt64, readUint64 } from "../../../runtime/batch/index.ts";

/**
 * Puts the values of one column, of `rows` rows from `from` on, into a list of whole rows: the first at `at`, the next one
 * as far behind it as a row is long.
 */
export type CellReader = (
  batch: PublicBatch,
  from: number,
  rows: number,
  into: SQLInputValue[],
  at: number,
) => void;

export interface SqliteColumns {
  readonly declarations: readonly { readonly name: string; readonly type: string }[];
  readonly cells: readonly CellReader[];
}

/** 64-bit pseudonyms whose digits are remembered, at a place that their bits say. */
const REMEMBERED = 1024;
const MAX_I64 = 2n ** 63n - 1n;

export function sqliteColumns(shape: TableShape): SqliteColumns {
  const stride = shape.publicColumns.length;
  return {
    declarations: shape.publicColumns.map((column) => ({ name: column.name, type: declaredType(column) })),
    cells: shape.publicColumns.map((column) => cellReader(shape.plan.public(column.name), column, stride)),
  };
}

function declaredType({ field, spec }: PublicColumn): string {
  switch (field.type) {
    case "f64":
    case "f32":
      // Not NOT NULL: a NaN is NULL.
      return "REAL";
    case "timestamp":
    case "category":
    case "utf8":
      return notNull("TEXT", field.nullable);
    case "u64":
      return notNull(isPseudonymous(spec) ? "TEXT" : "INTEGER", field.nullable);
    default:
      return notNull("INTEGER", field.nullable);
  }
}

function notNull(type: string, isNullable: boolean): string {
  return isNullable ? type : `${type} NOT NULL`;
}

function cellReader(column: Column, { spec }: PublicColumn, stride: number): CellReader {
  const value = valueReader(column, isPseudonymous(spec));
  return (batch, from, rows, into, at) => {
    const validity = batch.validityAt(column);
    const { u8 } = batch.views;
    const read = value(batch);
    for (let row = from, place = at; row < from + rows; row++, place += stride) {
      const isMissing = validity !== 0 && ((u8[validity + (row >>> 3)]! >>> (row & 7)) & 1) === 0;
      into[place] = isMissing ? null : read(row);
    }
  };
}

/** For a batch, what reads a row's value from it. */
function valueReader(
  column: Column,
  isName: boolean,
): (batch: PublicBatch) => (row: number) => SQLInputValue {
  switch (column.type) {
    case "f64":
      return elements(column, ({ views }) => views.f64, 3, real);
    case "f32":
      return elements(column, ({ views }) => views.f32, 2, real);
    case "u8":
      return elements(column, ({ views }) => views.u8, 0, whole);
    case "u16":
      return elements(column, ({ views }) => views.u16, 1, whole);
    case "u32":
      return elements(column, ({ views }) => views.u32, 2, whole);
    case "i32":
      return elements(column, ({ views }) => views.i32, 2, whole);
    case "i64":
      return integers(column, true);
    case "u64":
      return isName ? names(column) : integers(column, false);
    case "timestamp":
      return moments(column);
    case "bool":
      return (batch) => {
        const { u8 } = batch.views;
        const at = batch.dataAt(column);
        return (row) => (u8[at + (row >>> 3)]! >>> (row & 7)) & 1;
      };
    case "category":
      return categories(column);
    case "utf8":
      return texts(column);
  }
}

function elements(
  column: Column,
  viewOf: (batch: PublicBatch) => { readonly [index: number]: number },
  shift: number,
  sqlValue: (value: number) => number | null,
) {
  return (batch: PublicBatch) => {
    const view = viewOf(batch);
    const first = batch.dataAt(column) >>> shift;
    return (row: number) => sqlValue(view[first + row]!);
  };
}

function real(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function whole(value: number): number {
  return value;
}

function integers(column: Column, isSigned: boolean) {
  return (batch: PublicBatch) => {
    const { i32, i64, u64 } = batch.views;
    const first = batch.dataAt(column) >>> 2;
    return (row: number) => {
      const near = isSigned ? readInt64(i32, first + row * 2) : readUint64(i32, first + row * 2);
      if (Number.isSafeInteger(near)) return near;
      const index = (first >>> 1) + row;
      if (isSigned) return i64[index]!;
      const exact = u64[index]!;
      return exact <= MAX_I64 ? exact : Number(exact);
    };
  };
}

function names(column: Column) {
  const lows = new Uint32Array(REMEMBERED);
  const highs = new Uint32Array(REMEMBERED);
  const known: (string | undefined)[] = Array.from({ length: REMEMBERED }, () => undefined);
  return (batch: PublicBatch) => {
    const { u32, u64 } = batch.views;
    const first = batch.dataAt(column) >>> 2;
    return (row: number) => {
      const low = u32[first + row * 2]!;
      const high = u32[first + row * 2 + 1]!;
      const place = (low ^ high) & (REMEMBERED - 1);
      const digits = known[place];
      if (digits !== undefined && lows[place] === low && highs[place] === high) return digits;
      lows[place] = low;
      highs[place] = high;
      const made = String(u64[(first >>> 1) + row]);
      known[place] = made;
      return made;
    };
  };
}

function moments(column: Column) {
  let lastMs = Number.NaN;
  let last = "";
  return (batch: PublicBatch) => {
    const { i32 } = batch.views;
    const first = batch.dataAt(column) >>> 2;
    return (row: number) => {
      const ms = readInt64(i32, first + row * 2);
      if (ms !== lastMs) {
        lastMs = ms;
        // A year of more than four digits: no validator lets it in.
        last = ms >= MIN_MOMENT_MS && ms <= MAX_MOMENT_MS ? new Date(ms).toISOString() : String(ms);
      }
      return last;
    };
  };
}

function categories(column: Column) {
  const values = column.values ?? [];
  return (batch: PublicBatch) => {
    const { u8 } = batch.views;
    const at = batch.dataAt(column);
    return (row: number) => {
      const value = values[u8[at + row]!];
      if (value !== undefined) return value;
      throw new RangeError(
        `column ${column.name}, row ${row}: expected a category below ${values.length}; came ${u8[at + row]}`,
      );
    };
  };
}

function texts(column: Column) {
  const decoder = new TextDecoder();
  return (batch: PublicBatch) => {
    const { u8, i32 } = batch.views;
    const offsets = batch.dataAt(column) >>> 2;
    const text = batch.textAt(column);
    // A copy: TextDecoder does not take shared memory.
    return (row: number) =>
      decoder.decode(u8.slice(text + i32[offsets + row]!, text + i32[offsets + row + 1]!));
  };
}

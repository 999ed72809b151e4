/** How the values of one Arrow column come into a table's column: what each of the readers beside this file is. */

import { bitAt, copyBits } from "../../runtime/batch/bits.ts";
import type { MemoryViews } from "../../runtime/batch/index.ts";
import type { Kernels } from "../../wasm/index.ts";
import type { BodyBytes } from "../body-bytes.ts";
import type { BodyFault } from "../decoder.ts";
import { TABLE_ROWS, type TableColumn } from "../table.ts";
import type { SourcePlace } from "./record-batch.ts";

/** Rows of a table with a value that its column does not take, or that could not be brought in: they go through the validator. */
export class OddRows {
  readonly #flags = new Uint8Array(TABLE_ROWS);
  any = false;

  add(row: number): void {
    this.#flags[row] = 1;
    this.any = true;
  }

  has(row: number): boolean {
    return this.#flags[row] === 1;
  }

  clear(): void {
    if (this.any) this.#flags.fill(0);
    this.any = false;
  }
}

export interface ReaderContext {
  readonly kernels: Kernels;
  readonly views: MemoryViews;
  readonly bytes: BodyBytes;
  readonly odd: OddRows;
}

export interface ColumnReader {
  /** Of the record batch at hand. */
  readonly place: SourcePlace;
  /**
   * Lets the table's column look at the values where they lie, where they lie as it has them: from row `from` on, a multiple of 8. They are the
   * table's first.
   */
  point?(column: TableColumn, from: number, count: number): void;
  /** How many of the next `count` values the column's own storage has room for, from row `to` of the table on. Default: all. */
  room?(column: TableColumn, from: number, count: number, to: number): number;
  /** Copies values into the column's own storage, from row `to` of the table on. Rows that this does not go for are odd. */
  append(column: TableColumn, from: number, count: number, to: number): BodyFault | undefined;
  /** A value as its sender had it; undefined: it is missing. */
  raw(row: number): unknown;
}

export function isThere(u8: Uint8Array, { validityAt }: SourcePlace, row: number): boolean {
  return validityAt === 0 || bitAt(u8, validityAt, row);
}

/** Copies whether values are there into a table's own bitmap. */
export function appendValidity(
  u8: Uint8Array,
  { validityAt }: SourcePlace,
  own: TableColumn["own"],
  from: number,
  count: number,
  to: number,
): void {
  if (validityAt !== 0) copyBits(u8, validityAt * 8 + from, u8, own.validityAt * 8 + to, count);
  else setBits(u8, own.validityAt, to, count);
}

function setBits(u8: Uint8Array, at: number, from: number, count: number): void {
  let bit = from;
  const to = from + count;
  for (; bit < to && (bit & 7) !== 0; bit++) u8[at + (bit >>> 3)]! |= 1 << (bit & 7);
  const whole = (to - bit) >>> 3;
  u8.fill(0xff, at + (bit >>> 3), at + (bit >>> 3) + whole);
  for (bit += whole * 8; bit < to; bit++) u8[at + (bit >>> 3)]! |= 1 << (bit & 7);
}

/** Rows that were decoded: laid out by columns in a buffer of their own, as encoders read them. */

import { alignUp } from "../../../runtime/arena.ts";
import { bitAt } from "../../../runtime/batch/bits.ts";
import {
  type BatchPlan,
  type Column,
  ELEMENT_BYTES,
  type MemoryViews,
  type PublicBatch,
  viewsOf,
} from "../../../runtime/batch/index.ts";

/** Offset 0 of a batch stands for "no bitmap": the first buffer begins behind it. */
const FIRST_AT = 64;

export class DecodedBatch implements PublicBatch {
  readonly plan: BatchPlan;
  readonly rows: number;
  /** A file does not say which numbers its rows have. */
  readonly firstSequence = 0;
  readonly writtenMs = 0;
  readonly views: MemoryViews;
  readonly #bufferAt: Float64Array;

  /** @param columns that are laid out; the plan may have more @param buffer of at least `decodedBytes`, on a multiple of 8 */
  constructor(plan: BatchPlan, columns: readonly Column[], rows: number, buffer: ArrayBuffer) {
    this.plan = plan;
    this.rows = rows;
    this.views = viewsOf(buffer);
    this.#bufferAt = new Float64Array(plan.bufferCount);
    let at = FIRST_AT;
    for (const column of columns) {
      const bits = alignUp(rows, 64) / 8;
      this.#bufferAt[column.data] = at;
      at += columnBytes(column, rows);
      if (column.validity < 0) continue;
      this.#bufferAt[column.validity] = at;
      at += bits;
    }
  }

  /** @throws RangeError for a column that was not asked for: it is not there */
  dataAt(column: Column): number {
    const at = this.#bufferAt[column.data]!;
    if (at === 0) throw new RangeError(`column ${column.name} was not read`);
    return at;
  }

  textAt(): number {
    return 0;
  }

  validityAt(column: Column): number {
    return column.validity < 0 ? 0 : this.#bufferAt[column.validity]!;
  }

  isValid(column: Column, row: number): boolean {
    return column.validity < 0 || bitAt(this.views.u8, this.validityAt(column), row);
  }
}

/** Bytes that a decoded batch takes. */
export function decodedBytes(columns: readonly Column[], rows: number): number {
  return columns.reduce(
    (bytes, column) => bytes + columnBytes(column, rows) + (column.validity < 0 ? 0 : alignUp(rows, 64) / 8),
    FIRST_AT,
  );
}

/** Makes all values of a nullable column missing. */
export function fillNull(batch: DecodedBatch, column: Column): void {
  const { u8 } = batch.views;
  const at = batch.dataAt(column);
  u8.fill(0, at, at + columnBytes(column, batch.rows));
  const validityAt = batch.validityAt(column);
  u8.fill(0, validityAt, validityAt + alignUp(batch.rows, 64) / 8);
}

/** What lies where a value is missing is anything: equal rows are to have equal bytes. */
export function zeroNulls(batch: DecodedBatch, column: Column): void {
  const { u8, u16, i32 } = batch.views;
  const validityAt = batch.validityAt(column);
  const at = batch.dataAt(column);
  const width = ELEMENT_BYTES[column.type];
  for (let row = 0; row < batch.rows; row += 8) {
    const byte = u8[validityAt + (row >>> 3)]!;
    if (byte === 0xff) continue;
    if (width === 0) {
      u8[at + (row >>> 3)]! &= byte;
      continue;
    }
    const end = Math.min(row + 8, batch.rows);
    for (let each = row; each < end; each++) {
      if (((byte >>> (each & 7)) & 1) === 1) continue;
      if (width === 1) u8[at + each] = 0;
      else if (width === 2) u16[(at >>> 1) + each] = 0;
      else if (width === 4) i32[(at >>> 2) + each] = 0;
      else {
        i32[(at >>> 2) + each * 2] = 0;
        i32[(at >>> 2) + each * 2 + 1] = 0;
      }
    }
  }
}

/** Bytes of a column's elements, rounded up so that the next buffer is aligned. */
function columnBytes({ type }: Column, rows: number): number {
  const width = ELEMENT_BYTES[type];
  return width === 0 ? alignUp(rows, 64) / 8 : alignUp(rows * width, 8);
}

/**
 * A table of pushed rows on their way into a lane: columns in shared memory, in the form that a batch has them, so that kernels check
 * them and good rows are copied once more, into the slot, and nowhere else.
 *
 * Whoever decodes a body fills it with the next rows of it, again and again: row formats write into the table's own storage; Arrow
 * points its columns at the body itself. A value that is not there is a validity bit that is not set. Then come defaults, checks and
 * derived columns, which mark bad rows; and the writer, which leaves those out.
 *
 * Invariant: at most TABLE_ROWS rows, so that nothing here grows with what is sent.
 */

import type { ColumnSpec } from "../datasets/column.ts";
import type { Dataset } from "../datasets/define.ts";
import { alignUp } from "../runtime/arena.ts";
import { type ColumnType, ELEMENT_BYTES, type MemoryViews, viewsOf } from "../runtime/batch/index.ts";
import { jsonPlanBytes } from "./json-plan-layout.ts";

/** Rows of one table, at the most. A multiple of 8: pieces of a bitmap begin on a byte. */
export const TABLE_ROWS = 2048;
/** Bytes of text that the table's own storage has for each text column. */
export const TABLE_TEXT_BYTES = 256 * 1024;

/** Where the values of a column lie, as byte offsets into the shared memory. */
export interface ColumnPlace {
  /** Elements, dense and little-endian: a bit for `bool`, a byte for `category`, int32 offsets (rows + 1) for `utf8`. On a multiple of the element's size. */
  dataAt: number;
  /** Bitmap, least significant bit first; set: the value is there. 0: all are. */
  validityAt: number;
  /** Bytes of a `utf8` column: what its offsets count from. */
  textAt: number;
}

/** One declared column, by its raw name and type. */
export interface TableColumn {
  readonly name: string;
  readonly spec: ColumnSpec;
  readonly type: ColumnType;
  /** The table's own storage of it: room for TABLE_ROWS, and a bitmap. */
  readonly own: Readonly<ColumnPlace>;
  /** Where its values are now. */
  place: ColumnPlace;
}

export class PushTable {
  readonly dataset: Dataset;
  /** In declared order. */
  readonly columns: readonly TableColumn[];
  /** Room for what the JSON decoders know of the table (json-plan.ts). */
  readonly jsonAt: number;
  /** Which of the pushed rows each row is, from 0. */
  readonly rowNumbers = new Uint32Array(TABLE_ROWS);
  /** 1: the row is refused, and was answered for. */
  readonly bad = new Uint8Array(TABLE_ROWS);
  rows = 0;
  /** Of the memory that its columns lie in. */
  readonly views: MemoryViews;

  /** @param at `tableBytes(dataset)` bytes of the shared memory, on a multiple of 8 */
  constructor(memory: { readonly buffer: ArrayBufferLike }, dataset: Dataset, at: number) {
    this.dataset = dataset;
    this.views = viewsOf(memory.buffer);
    let next = at;
    this.columns = Object.entries(dataset.columns).map(([name, spec]) => {
      const type = dataset.plan.raw(name).type;
      const own: ColumnPlace = { dataAt: next, validityAt: next + dataBytes(type), textAt: 0 };
      if (type === "utf8") own.textAt = own.validityAt + TABLE_ROWS / 8;
      next += columnBytes(type);
      return { name, spec, type, own, place: { ...own } };
    });
    this.jsonAt = next;
  }

  /**
   * Empties the table for rows that are written into its own storage: every value of every row is missing until it is written and
   * its bit set. What lies there else is left.
   */
  clear(): void {
    this.rows = 0;
    this.bad.fill(0);
    for (const { own, place, type } of this.columns) {
      Object.assign(place, own);
      this.views.u8.fill(0, own.validityAt, own.validityAt + TABLE_ROWS / 8);
      if (type === "bool") this.views.u8.fill(0, own.dataAt, own.dataAt + TABLE_ROWS / 8);
      if (type === "utf8") this.views.i32[own.dataAt >>> 2] = 0;
    }
  }

  /** The column of that declared name. @throws RangeError when there is none */
  column(name: string): TableColumn {
    const column = this.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new RangeError(`dataset ${this.dataset.name} has no column ${name}`);
    return column;
  }

  /** Whether the value is there. */
  isThere({ place: { validityAt } }: TableColumn, row: number): boolean {
    return validityAt === 0 || ((this.views.u8[validityAt + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
  }
}

/** Shared memory that the own storage of a dataset's table takes. */
export function tableBytes(dataset: Dataset): number {
  const types = Object.keys(dataset.columns).map((name) => dataset.plan.raw(name).type);
  return types.reduce((sum, type) => sum + columnBytes(type), 0) + jsonPlanBytes(dataset);
}

function columnBytes(type: ColumnType): number {
  const text = type === "utf8" ? TABLE_TEXT_BYTES : 0;
  return alignUp(dataBytes(type) + TABLE_ROWS / 8 + text, 64);
}

function dataBytes(type: ColumnType): number {
  if (type === "bool") return TABLE_ROWS / 8;
  if (type === "utf8") return alignUp((TABLE_ROWS + 1) * 4, 8);
  return TABLE_ROWS * ELEMENT_BYTES[type];
}

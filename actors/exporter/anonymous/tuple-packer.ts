/** Makes tuples of a batch's rows (cells.ts), each column generalized as it is to be. */

import type { GeneralizationStep } from "../../../datasets/column.ts";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { ColumnType, PublicBatch } from "../../../runtime/batch/index.ts";
import { packCells, tupleWords } from "./cells.ts";
import { generalizeCells } from "./generalize.ts";

/** Rows that are packed at once. */
const PART_ROWS = 1024;

export interface PackedColumn {
  /** Public name. */
  readonly name: string;
  readonly type: ColumnType;
  /** One after the other. */
  readonly steps: readonly GeneralizationStep[];
}

export class TuplePacker {
  /** Words of a tuple: at least one, which is 0 when there is no column. */
  readonly width: number;
  readonly #columns: readonly PackedColumn[];
  readonly #words: Uint32Array;

  constructor(columns: readonly PackedColumn[]) {
    this.#columns = columns;
    this.width = Math.max(1, tupleWords(columns.length));
    this.#words = new Uint32Array(PART_ROWS * this.width);
  }

  /** The rows' tuples from word 0 on, valid until the next call and the caller's to change. @param part at most PART_ROWS */
  pack(batch: PublicBatch, { from, to }: RowRun): Uint32Array {
    const words = this.#words.fill(0, 0, (to - from) * this.width);
    const cells = this.#columns.length;
    for (const [cell, { name, type, steps }] of this.#columns.entries()) {
      packCells(batch, batch.plan.public(name), from, to, words, cells, cell);
      for (const step of steps) generalizeCells(type, step, words, 0, to - from, cells, cell);
    }
    return words;
  }
}

/** The run in parts that can be packed. */
export function* partsOf({ from, to }: RowRun): Generator<RowRun> {
  for (let start = from; start < to; start += PART_ROWS) {
    yield { from: start, to: Math.min(start + PART_ROWS, to) };
  }
}

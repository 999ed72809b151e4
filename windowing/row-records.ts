/**
 * Which record each row of a batch goes to, and how far the rows have been added to theirs: many in one call of the accumulation. Before
 * anything that depends on what is left of the pool, or on what records hold, all rows before it are added.
 */

import type { BlockPool, Kernels } from "../wasm/index.ts";
import type { Accumulation } from "./accumulation.ts";
import type { RowColumns } from "./rows.ts";

const RECORD_BYTES = 4;
const LEAST_BYTES = 8;
const HIGH_WORD = 2 ** 32;

export interface RowRecordsOptions {
  readonly kernels: Kernels;
  readonly pool: BlockPool;
  readonly accumulation: Accumulation;
  readonly maxRows: number;
}

export class RowRecords {
  /** Byte offset: the record (u32) of row i is at `at` + 4 × i; 0: none. */
  readonly at: number;
  /** Adds the rows before this one that were not added yet. */
  readonly addBefore: (row: number) => void;
  readonly #options: RowRecordsOptions;
  readonly #bytes: number;
  readonly #u32: Uint32Array;
  #columns: RowColumns | undefined;
  #added = 0;

  /** @throws PoolExhausted */
  constructor(options: RowRecordsOptions) {
    this.#options = options;
    this.#u32 = new Uint32Array(options.kernels.memory.buffer);
    this.#bytes = 2 ** Math.ceil(Math.log2(Math.max(LEAST_BYTES, options.maxRows * RECORD_BYTES)));
    this.at = options.pool.allocate(this.#bytes);
    this.addBefore = (row) => this.#addBefore(row);
  }

  /** Begins with rows of `columns`, from row `from` on. @throws RangeError when there are more than `maxRows` */
  begin(columns: RowColumns, from: number): void {
    const { maxRows } = this.#options;
    if (columns.rows > maxRows) {
      throw new RangeError(`expected at most ${maxRows} rows in a batch; came ${columns.rows}`);
    }
    this.#columns = columns;
    this.#added = from;
  }

  /** Event time of a row that is at `timesAt` + 8 × row. */
  timeOf(timesAt: number, row: number): number {
    const word = timesAt / 4 + 2 * row;
    return (this.#u32[word + 1]! | 0) * HIGH_WORD + this.#u32[word]!;
  }

  /** The latest event time of some rows; -Infinity of none. */
  latestOf(timesAt: number, from: number, to: number): number {
    let latestMs = Number.NEGATIVE_INFINITY;
    for (let row = from; row < to; row++) {
      const timeMs = this.timeOf(timesAt, row);
      if (timeMs > latestMs) latestMs = timeMs;
    }
    return latestMs;
  }

  /** A row's record; 0: it has none. */
  put(row: number, record: number): void {
    this.#u32[this.at / RECORD_BYTES + row] = record;
  }

  /** Rows that go to no record. */
  leaveOut(from: number, to: number): void {
    const first = this.at / RECORD_BYTES;
    this.#u32.fill(0, first + from, first + to);
  }

  free(): void {
    this.#options.pool.free(this.at, this.#bytes);
  }

  #addBefore(row: number): void {
    if (this.#columns === undefined || row <= this.#added) return;
    this.#options.accumulation.add(this.#columns, this.at, this.#added, row);
    this.#added = row;
  }
}

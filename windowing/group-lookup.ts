/**
 * The groups of the rows that come next, looked up many at a time: a word (u32) a row, which the operator may overwrite when it has
 * dealt with the row (with the record that the row goes to).
 *
 * A look goes as far as the last one that was used to its end went, twice; where rows are given back again and again because something is
 * due at each, it goes not far, so that no row is looked up many times over.
 */

import type { BlockPool, Kernels } from "../wasm/index.ts";
import type { GroupTable } from "./group-table.ts";
import type { RowColumns } from "./rows.ts";

const LEAST_ROWS = 16;

export class GroupLookup {
  /** Byte offset of the words: row r's is at `at` + 4 × r. */
  readonly at: number;
  /** The words of all memory; row r's is `words[at / 4 + r]`. */
  readonly words: Uint32Array;
  readonly #pool: BlockPool;
  readonly #table: GroupTable;
  readonly #bytes: number;
  /** How many rows the next look takes. */
  #rows = LEAST_ROWS;
  /** The rows that are looked up: `columns` from #from to #to. */
  #columns: RowColumns | undefined;
  #from = 0;
  #to = 0;

  /** @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool, table: GroupTable, maxRows: number) {
    this.words = new Uint32Array(kernels.memory.buffer);
    this.#pool = pool;
    this.#table = table;
    this.#bytes = 2 ** Math.ceil(Math.log2(Math.max(2, maxRows) * 4));
    this.at = pool.allocate(this.#bytes);
  }

  /**
   * Begins with rows from `from` on.
   * @throws RangeError when there are more rows than there is room for
   */
  begin(columns: RowColumns, from: number): void {
    if (columns.rows * 4 > this.#bytes) {
      throw new RangeError(`expected at most ${this.#bytes / 4} rows at once; came ${columns.rows}`);
    }
    if (columns === this.#columns && from === this.#from) return;
    this.#columns = columns;
    this.#from = this.#to = from;
  }

  /** @returns the first row from `row` on (which is the next one) whose group's word is not there; `row` itself: it is a new group */
  look(columns: RowColumns, row: number): number {
    if (row < this.#to) return this.#to;
    const limit = Math.min(columns.rows, row + this.#rows);
    this.#to = this.#table.find(columns.keys, row, limit, this.at);
    if (this.#to === limit) this.#rows = Math.min(2 * this.#rows, this.#bytes / 4);
    return this.#to;
  }

  /** What was looked up from `row` on is good no more: a group was taken out of the table. */
  forget(row: number): void {
    if (row < this.#to) this.#to = row;
    this.#rows = LEAST_ROWS;
  }

  /** The next call goes on with row `row`; when that is behind the last, whatever comes next is new. */
  end(columns: RowColumns, row: number): void {
    this.#from = row;
    if (row === columns.rows) this.#columns = undefined;
  }

  free(): void {
    this.#pool.free(this.at, this.#bytes);
  }
}

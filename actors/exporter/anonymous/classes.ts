/**
 * The equivalence classes: rows that are alike in all quasi-identifiers, counted at one **node**, which says how far each
 * quasi-identifier is generalized. A coarser node is reckoned from the classes alone, without the rows.
 *
 * For each sensitive column also how often each value is in each class, which is what diversity.ts needs.
 *
 * Memory is bounded: with more than `maxClasses` classes, or twice as many pairs of class and value, the node is too fine, and
 * the classes are coarsened at once, by what has been seen so far.
 */

import type { GeneralizationStep } from "../../../datasets/column.ts";
import type { ColumnType } from "../../../runtime/batch/index.ts";
import { CELL_WORDS, isNullCell, tupleWords } from "./cells.ts";
import { generalizeCells } from "./generalize.ts";
import { TupleTable } from "./tuple-table.ts";

/** About 60 MiB with three quasi-identifiers, twice that while the tables grow. */
export const MAX_CLASSES = 2 ** 20;

/** Counters of a class: rows that are wanted, and rows that are only of the population. */
const WANTED = 0;
const OTHERS = 1;

export interface QuasiSteps {
  readonly type: ColumnType;
  readonly steps: readonly GeneralizationStep[];
}

export class Classes {
  readonly quasi: readonly QuasiSteps[];
  /** For each quasi-identifier, the index of its step. */
  readonly levels: number[];
  /** More classes than can be counted, at the coarsest node there is. Nothing else holds then. */
  tooMany = false;
  readonly #maxClasses: number;
  #classes: TupleTable;
  /** For each sensitive column: tuples of class number, high word, low word, null mask. */
  #values: TupleTable[];
  readonly #pair = new Uint32Array(4);

  constructor(quasi: readonly QuasiSteps[], sensitiveColumns: number, maxClasses = MAX_CLASSES) {
    this.quasi = quasi;
    this.levels = quasi.map(() => 0);
    this.#maxClasses = maxClasses;
    this.#classes = new TupleTable(tupleWords(quasi.length) || 1, 2);
    this.#values = Array.from({ length: sensitiveColumns }, () => new TupleTable(4));
  }

  get size(): number {
    return this.#classes.size;
  }

  /** Rows of a class that are wanted. */
  rowsOf(index: number): number {
    return this.#classes.counts[WANTED]![index]!;
  }

  /** Rows of the whole population in a class. */
  populationOf(index: number): number {
    return this.rowsOf(index) + this.#classes.counts[OTHERS]![index]!;
  }

  /** For a sensitive column: tuples of class number, high word, low word, null mask, and how often each was there. */
  valuesOf(sensitive: number): TupleTable {
    return this.#values[sensitive]!;
  }

  /** The class of a key of this node; -1 when there is none. */
  find(keys: Uint32Array, at: number): number {
    return this.#classes.find(keys, at);
  }

  /** Takes keys that are generalized by their first steps on to this node. */
  generalize(keys: Uint32Array, count: number): void {
    for (const [cell, { type, steps }] of this.quasi.entries()) {
      for (let level = 1; level <= this.levels[cell]!; level++) {
        generalizeCells(type, steps[level]!, keys, 0, count, this.quasi.length, cell);
      }
    }
  }

  /**
   * Counts rows.
   * @param keys of the rows, each generalized by its first steps; they are changed
   * @param values for each sensitive column the rows' tuples of one cell; absent for rows that are not wanted
   */
  add(keys: Uint32Array, count: number, values?: readonly Uint32Array[]): void {
    if (this.tooMany) return;
    const { width } = this.#classes;
    this.generalize(keys, count);
    for (let row = 0; row < count; row++) {
      const index = this.#classes.add(keys, row * width, 1, values === undefined ? OTHERS : WANTED);
      if (values !== undefined) {
        for (const [column, cells] of values.entries()) this.#addValue(column, index, cells, row);
      }
      while (this.#isTooFine()) {
        const cell = this.mostDistinct();
        if (cell < 0) {
          this.tooMany = true;
          return;
        }
        this.coarsen(cell);
        const { type, steps } = this.quasi[cell]!;
        const step = steps[this.levels[cell]!]!;
        generalizeCells(type, step, keys, row * width, count - row, this.quasi.length, cell);
      }
    }
  }

  /**
   * The quasi-identifier with the most distinct values among those that can go a step up: Datafly's choice (L. Sweeney,
   * "Achieving k-anonymity privacy protection using generalization and suppression", International Journal on Uncertainty,
   * Fuzziness and Knowledge-based Systems 10 (5), 2002). Of several the first; -1 when there is none, those with one value
   * left aside, as nothing is won with them.
   */
  mostDistinct(): number {
    let [most, found] = [1, -1];
    for (const [cell, { steps }] of this.quasi.entries()) {
      if (this.levels[cell]! === steps.length - 1) continue;
      const distinct = this.distinctValues(cell);
      if (distinct > most) [most, found] = [distinct, cell];
    }
    return found;
  }

  /** Distinct values of a quasi-identifier at this node, in rows that are wanted. Null is one. */
  distinctValues(cell: number): number {
    const cells = this.quasi.length;
    const { words, width } = this.#classes;
    const seen = new TupleTable(CELL_WORDS + 1);
    const value = new Uint32Array(CELL_WORDS + 1);
    for (let index = 0; index < this.size; index++) {
      if (this.rowsOf(index) === 0) continue;
      const at = index * width;
      value[0] = words[at + cell * CELL_WORDS]!;
      value[1] = words[at + cell * CELL_WORDS + 1]!;
      value[2] = isNullCell(words, at, cells, cell) ? 1 : 0;
      seen.add(value, 0);
    }
    return seen.size;
  }

  /** Takes a quasi-identifier one step up. */
  coarsen(cell: number): void {
    const { type, steps } = this.quasi[cell]!;
    this.levels[cell] = this.levels[cell]! + 1;
    const before = this.#classes;
    const { width, size, words } = before;
    generalizeCells(type, steps[this.levels[cell]!]!, words, 0, size, this.quasi.length, cell);
    const after = new TupleTable(width, 2);
    const merged = new Uint32Array(size);
    for (let index = 0; index < size; index++) {
      merged[index] = after.add(words, index * width, before.counts[WANTED]![index]!, WANTED);
      after.add(words, index * width, before.counts[OTHERS]![index]!, OTHERS);
    }
    this.#classes = after;
    this.#values = this.#values.map((values) => withClasses(values, merged));
  }

  #addValue(column: number, index: number, cells: Uint32Array, row: number): void {
    const at = row * (CELL_WORDS + 1);
    this.#pair[0] = index;
    this.#pair[1] = cells[at]!;
    this.#pair[2] = cells[at + 1]!;
    this.#pair[3] = cells[at + 2]!;
    this.#values[column]!.add(this.#pair, 0);
  }

  #isTooFine(): boolean {
    if (this.size > this.#maxClasses) return true;
    for (const values of this.#values) if (values.size > 2 * this.#maxClasses) return true;
    return false;
  }
}

/** The same pairs, each with the class that its class went into. */
function withClasses(values: TupleTable, merged: Uint32Array): TupleTable {
  const after = new TupleTable(values.width);
  const { words, width, size } = values;
  const counts = values.counts[0]!;
  for (let index = 0; index < size; index++) {
    const at = index * width;
    words[at] = merged[words[at]!]!;
    after.add(words, at, counts[index]!);
  }
  return after;
}

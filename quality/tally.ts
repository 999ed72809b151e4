/**
 * What one column of a range is counted up to, row by row and in bounded memory: missing and different values, those of a category one by
 * one, a hash of all of them, and of a measure the numbers of every n-th row. A number that is not finite counts as missing, as it does to
 * pandas; no dataset takes any.
 */

import type { PublicColumn } from "../datasets/define.ts";
import type { PublicBatch } from "../runtime/batch/index.ts";
import {
  CODES,
  FLAG_VALUES,
  type Form,
  formOf,
  readCodes,
  readNumbers,
  readThere,
  readWords,
} from "./cells.ts";
import { ColumnHash, textHash } from "./column-hash.ts";
import { DistinctCounter } from "./distinct-counter.ts";
import { NumberSample } from "./number-sample.ts";

/** Rows that are taken from a batch at once. */
const CHUNK_ROWS = 4096;
/** Shared by all tallies of a thread: they take their turns. The words of a number are its bits. */
const numbers = new Float64Array(CHUNK_ROWS);
const words = new Uint32Array(numbers.buffer);
const codes = new Uint8Array(CHUNK_ROWS);
const there = new Uint8Array(CHUNK_ROWS);

export interface TallyOptions {
  /** Rows that there may be, when that is known. Default 0: not known. */
  readonly expected?: number;
  /** Rows whose numbers are kept at the most. Default MAX_EXAMINED. */
  readonly maxExamined?: number;
}

export class ColumnTally {
  readonly column: PublicColumn;
  readonly form: Form;
  rows = 0;
  missing = 0;
  /** Rows by code; of a category or a flag. */
  readonly counts = new Float64Array(CODES);
  /** Of a measure. */
  readonly sample: NumberSample | undefined;
  readonly #distinct = new DistinctCounter();
  readonly #hash: ColumnHash;
  /** The words that stand for a code's text: of two lists, the same text is the same value. */
  readonly #textWords: Uint32Array;

  constructor(column: PublicColumn, { expected = 0, maxExamined }: TallyOptions = {}) {
    this.column = column;
    this.form = formOf(column);
    this.sample = this.form === "numbers" ? new NumberSample(maxExamined, expected) : undefined;
    const isFlag = column.field.type === "bool";
    this.#hash = new ColumnHash(isFlag ? "flag" : this.form);
    this.#textWords = Uint32Array.from(
      this.values.flatMap((text) => [textHash(text, 0x811c9dc5), textHash(text, 0x9e3779b1)]),
    );
  }

  /** What codes stand for; none for other columns. */
  get values(): readonly string[] {
    if (this.form !== "codes") return [];
    return this.column.field.type === "bool" ? FLAG_VALUES : (this.column.field.values ?? []);
  }

  get distinct(): number {
    if (this.form !== "codes") return this.#distinct.count;
    return this.counts.reduce((sum, rows) => sum + (rows > 0 ? 1 : 0), 0);
  }

  /** Columns of which this is the same have the same values in every row. */
  get hash(): string {
    return this.#hash.text();
  }

  /** Adds rows `from` to `to`, the latter not included. */
  add(batch: PublicBatch, from: number, to: number): void {
    const column = batch.plan.public(this.column.name);
    for (let at = from; at < to; at += CHUNK_ROWS) {
      const end = Math.min(to, at + CHUNK_ROWS);
      readThere(batch, column, at, end, there);
      if (this.form === "codes") {
        readCodes(batch, column, at, end, codes);
        this.#addCodes(end - at);
      } else if (this.form === "words") {
        readWords(batch, column, at, end, words);
        this.#addWords(end - at);
      } else {
        readNumbers(batch, column, at, end, numbers);
        this.#addNumbers(end - at);
      }
      this.rows += end - at;
    }
  }

  #addNumbers(count: number): void {
    for (let row = 0; row < count; row++) {
      // -0 is 0.
      const value = numbers[row]! + 0;
      const isThere = there[row] === 1 && value - value === 0;
      there[row] = isThere ? 1 : 0;
      numbers[row] = isThere ? value : Number.NaN;
    }
    this.sample?.add(numbers, count);
    this.#addWords(count);
  }

  #addWords(count: number): void {
    let missing = 0;
    for (let row = 0; row < count; row++) missing += 1 - there[row]!;
    this.missing += missing;
    this.#distinct.add(words, there, count);
    this.#hash.add(words, there, count);
  }

  #addCodes(count: number): void {
    for (let row = 0; row < count; row++) {
      if (there[row] === 0) {
        this.missing++;
        continue;
      }
      const code = codes[row]!;
      this.counts[code]!++;
      words[row * 2] = this.#textWords[code * 2]!;
      words[row * 2 + 1] = this.#textWords[code * 2 + 1]!;
    }
    this.#hash.add(words, there, count);
  }
}

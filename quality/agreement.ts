/**
 * How often what was chosen is what would have been: counted up row by row, over all, by a category, and by time.
 *
 * A row is looked at when its unit's pseudonym, as a fraction of 2^64, is below the fraction of the traffic that is wanted. Pseudonyms are
 * keyed hashes, so that is a fair share, and always the same: what is in for one request is in for all its rows, and whoever is in for 10 %
 * is in for 50 %. Rows that do not say what was chosen, or what would have been, are not compared.
 */

import type { Dataset } from "../datasets/define.ts";
import type { Shadow } from "../datasets/spec.ts";
import type { PublicBatch } from "../runtime/batch/index.ts";
import { CODES, readCodes, readNumbers, readThere, readWords } from "./cells.ts";
import { bounds, type Span } from "./quality-report.ts";
import type { AgreementReport } from "./report.ts";
import { agreementOf } from "./wilson.ts";

/** Pieces of time that a report may have. */
export const MAX_PIECES = 2000;

const CHUNK_ROWS = 4096;
const TWO_32 = 2 ** 32;

export interface AgreementOptions {
  /** Finite bounds. */
  readonly span: Span;
  /** Pieces of time begin at multiples of it since 1970. */
  readonly everyMs: number;
  /** From 0 to 1. */
  readonly fraction: number;
}

/** Pieces of time that a span falls into. */
export function piecesOf({ fromMs, toMs }: Span, everyMs: number): number {
  return Math.max(0, Math.ceil(toMs / everyMs) - Math.floor(fromMs / everyMs));
}

export class AgreementTally {
  /** Public columns that it needs. */
  readonly columns: readonly string[];
  readonly #dataset: Dataset;
  readonly #options: AgreementOptions;
  readonly #names: Shadow & { readonly time: string };
  readonly #values: readonly string[];
  /** For each code of what was chosen, the code of what would have been that has the same text; -1: none has. */
  readonly #same = new Int16Array(CODES).fill(-1);
  /** By code, and by piece: compared, agreed. */
  readonly #by = new Float64Array(2 * CODES);
  readonly #over: Float64Array;
  readonly #firstPiece: number;
  readonly #high: number;
  readonly #low: number;
  readonly #actual = new Uint8Array(CHUNK_ROWS);
  readonly #oracle = new Uint8Array(CHUNK_ROWS);
  readonly #group = new Uint8Array(CHUNK_ROWS);
  readonly #unit = new Uint32Array(CHUNK_ROWS * 2);
  /** Which rows have what was chosen, what would have been, and what it is told by. */
  readonly #isChosen = new Uint8Array(CHUNK_ROWS);
  readonly #isKnown = new Uint8Array(CHUNK_ROWS);
  readonly #isGrouped = new Uint8Array(CHUNK_ROWS);
  readonly #time = new Float64Array(CHUNK_ROWS);
  #compared = 0;
  #agreed = 0;

  constructor(dataset: Dataset, shadow: Shadow, options: AgreementOptions) {
    const { span, everyMs, fraction } = options;
    this.#dataset = dataset;
    this.#options = options;
    this.#names = { ...shadow, time: dataset.time };
    this.columns = [...new Set(Object.values(this.#names))];
    const listOf = (name: string) => dataset.plan.public(name).values ?? [];
    const oracles = listOf(shadow.oracle);
    this.#values = listOf(shadow.by);
    listOf(shadow.actual).forEach((text, code) => {
      this.#same[code] = oracles.indexOf(text);
    });
    this.#firstPiece = Math.floor(span.fromMs / everyMs);
    this.#over = new Float64Array(2 * piecesOf(span, everyMs));
    // Exact: a fraction times a power of two.
    const bound = fraction * TWO_32;
    this.#high = Math.floor(bound);
    this.#low = (bound - this.#high) * TWO_32;
  }

  /** Adds rows `from` to `to`, the latter not included, all of them within the span. */
  add(batch: PublicBatch, from: number, to: number): void {
    for (let at = from; at < to; at += CHUNK_ROWS) this.#add(batch, at, Math.min(to, at + CHUNK_ROWS));
  }

  report(): AgreementReport {
    const { span, everyMs, fraction } = this.#options;
    const pieces = Array.from({ length: this.#over.length / 2 }, (_, index) => {
      const startMs = (this.#firstPiece + index) * everyMs;
      return {
        fromMs: Math.max(span.fromMs, startMs),
        toMs: Math.min(span.toMs, startMs + everyMs),
        ...agreementOf(this.#over[index * 2]!, this.#over[index * 2 + 1]!),
      };
    });
    return {
      dataset: this.#dataset.name,
      ...bounds(span),
      fraction,
      all: agreementOf(this.#compared, this.#agreed),
      by: this.#values.map((value, code) => ({
        value,
        ...agreementOf(this.#by[code * 2]!, this.#by[code * 2 + 1]!),
      })),
      over: pieces,
    };
  }

  #add(batch: PublicBatch, from: number, to: number): void {
    const column = (name: string) => batch.plan.public(name);
    const { actual, oracle, by, unit, time } = this.#names;
    readCodes(batch, column(actual), from, to, this.#actual);
    readCodes(batch, column(oracle), from, to, this.#oracle);
    readCodes(batch, column(by), from, to, this.#group);
    readThere(batch, column(actual), from, to, this.#isChosen);
    readThere(batch, column(oracle), from, to, this.#isKnown);
    readThere(batch, column(by), from, to, this.#isGrouped);
    readWords(batch, column(unit), from, to, this.#unit);
    readNumbers(batch, column(time), from, to, this.#time);
    for (let row = 0; row < to - from; row++) {
      if (this.#isChosen[row] === 0 || this.#isKnown[row] === 0 || !this.#isIn(row)) continue;
      const agrees = this.#same[this.#actual[row]!] === this.#oracle[row] ? 1 : 0;
      this.#compared++;
      this.#agreed += agrees;
      if (this.#isGrouped[row] === 1) count(this.#by, this.#group[row]!, agrees);
      const piece = Math.floor(this.#time[row]! / this.#options.everyMs) - this.#firstPiece;
      count(this.#over, piece, agrees);
    }
  }

  #isIn(row: number): boolean {
    const high = this.#unit[row * 2 + 1]!;
    return high < this.#high || (high === this.#high && this.#unit[row * 2]! < this.#low);
  }
}

function count(counts: Float64Array, at: number, agrees: number): void {
  counts[at * 2]!++;
  counts[at * 2 + 1]! += agrees;
}

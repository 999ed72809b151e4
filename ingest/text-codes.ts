/**
 * Codes of a category column's texts: what the validator makes of a text, and the place of that among the column's values. Where a list is
 * closed only by what stands for all others (`otherwise`, places), what a text comes to is found once a body, not once a row.
 *
 * What is remembered is where in the body a text lies, so that nothing of it is kept once the body is wiped. One object a body and column.
 */

import type { ColumnSpec } from "../datasets/column.ts";
import { columnCheck } from "../datasets/column-check.ts";
import type { BodyBytes } from "./body-bytes.ts";

/** Texts that are remembered at the most; longer ones than so many bytes are not. */
const SLOTS = 64;
const LONGEST = 64;

/** What is made once for a column. */
export class TextCodeRules {
  readonly #check: (text: string) => unknown;
  readonly #codes: ReadonlyMap<unknown, number>;

  constructor(spec: ColumnSpec) {
    const { check } = columnCheck(spec);
    this.#check = (text) => check(text);
    this.#codes = new Map(spec.type === "category" ? spec.values.map((value, code) => [value, code]) : []);
  }

  /** -1: the validator refuses it. */
  codeOf(text: string): number {
    return this.#codes.get(this.#check(text)) ?? -1;
  }
}

export class TextCodes {
  readonly #bytes: BodyBytes;
  readonly #rules: TextCodeRules;
  /** Of each slot: where its text lies, its bytes, its code; -1: it has none. */
  readonly #from = new Float64Array(SLOTS);
  readonly #length = new Int8Array(SLOTS).fill(-1);
  readonly #code = new Uint8Array(SLOTS);

  constructor(bytes: BodyBytes, rules: TextCodeRules) {
    this.#bytes = bytes;
    this.#rules = rules;
  }

  /** Code of the text that bytes `from` to `to` (not included) are; -1 when it is none that the column takes, or no UTF-8. */
  codeOf(from: number, to: number): number {
    const length = to - from;
    if (length > LONGEST) return this.#look(from, to);
    const { u8 } = this.#bytes;
    let hash = length;
    for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + u8[at]!) | 0;
    const slot = (hash ^ (hash >>> 6) ^ (hash >>> 12)) & (SLOTS - 1);
    if (this.#length[slot] === length && this.#bytes.areSame(this.#from[slot]!, from, length)) {
      return this.#code[slot]!;
    }
    const code = this.#look(from, to);
    if (code < 0) return code;
    this.#from[slot] = from;
    this.#length[slot] = length;
    this.#code[slot] = code;
    return code;
  }

  #look(from: number, to: number): number {
    const text = this.#bytes.text(from, to);
    return text === undefined ? -1 : this.#rules.codeOf(text);
  }
}

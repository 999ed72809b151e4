/** A dataset's columns as MessagePack has them: by the bytes of their names. */

import type { Dataset } from "../datasets/define.ts";
import type { ColumnType } from "../runtime/batch/index.ts";
import type { BodyBytes } from "./body-bytes.ts";
import { TextCodeRules, TextCodes } from "./text-codes.ts";

export class MsgpackColumns {
  /** In declared order, as in the table; a name as its bytes. */
  readonly names: readonly Uint8Array[];
  readonly types: readonly ColumnType[];
  readonly #rules: readonly (TextCodeRules | undefined)[];
  readonly #byName: ReadonlyMap<string, ColumnType>;
  /** Places of the columns whose names have so many bytes. */
  readonly #byLength: readonly (readonly number[])[];

  constructor({ columns }: Dataset) {
    const encoder = new TextEncoder();
    const specs = Object.values(columns);
    this.names = Object.keys(columns).map((name) => encoder.encode(name));
    this.types = specs.map(({ type }) => type);
    this.#rules = specs.map((spec) => (spec.type === "category" ? new TextCodeRules(spec) : undefined));
    this.#byName = new Map(Object.entries(columns).map(([name, { type }]) => [name, type]));
    const byLength: number[][] = [];
    for (const [index, { length }] of this.names.entries()) {
      byLength[length] ??= [];
      byLength[length].push(index);
    }
    this.#byLength = byLength;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Whether it is a column whose numbers may be beyond 2^53. */
  isWide(name: string): boolean {
    const type = this.#byName.get(name);
    return type === "u64" || type === "i64";
  }

  isMoment(name: string): boolean {
    return this.#byName.get(name) === "timestamp";
  }

  /** What remembers the categories' texts of one body, by column. */
  codesFor(bytes: BodyBytes): readonly (TextCodes | undefined)[] {
    return this.#rules.map((rules) => (rules === undefined ? undefined : new TextCodes(bytes, rules)));
  }

  /** The column that bytes `at` to `at + length` name, of which `guess` is looked at first; -1: none. */
  named(u8: Uint8Array, at: number, length: number, guess: number): number {
    if (this.#is(guess, u8, at, length)) return guess;
    for (const index of this.#byLength[length] ?? []) if (this.#is(index, u8, at, length)) return index;
    return -1;
  }

  #is(index: number, u8: Uint8Array, at: number, length: number): boolean {
    const name = this.names[index]!;
    if (name.length !== length) return false;
    // Names that begin alike differ at their end.
    for (let byte = length - 1; byte >= 0; byte--) if (u8[at + byte] !== name[byte]) return false;
    return true;
  }
}

/**
 * Makes dead letters of refused rows. What a letter keeps of a row is what could as well stand in the log: pseudonyms in the place
 * of identifiers, numbers, truth values, moments, values of closed lists. A row that has anything else anywhere, a column that nobody declared,
 * a text where a number belongs, an identifier that its column does not take, is not kept at all: such a value may be anybody's name in
 * the wrong place. Then only the reason stays.
 *
 * A number is kept whatever it is: that is what a bound that is widened later is for.
 */

import type { ColumnSpec } from "../../datasets/column.ts";
import { columnCheck, Fault } from "../../datasets/column-check.ts";
import type { Dataset } from "../../datasets/define.ts";
import type { Rejection } from "../../datasets/rejection.ts";
import type { RawRow } from "../../ingest/decoder.ts";
import type { LetterValue, NewLetter } from "../dead-letters/protocol.ts";
import type { ValuePseudonyms } from "./value-pseudonyms.ts";

/** @param row as its sender had it */
export type LetterMaker = (rejection: Rejection, row: RawRow) => NewLetter;

/** What a letter can keep of a value that is there; undefined: nothing, and of its row neither. */
type Keep = (value: unknown) => LetterValue | undefined;

/** A whole number of 64 bits as text. */
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,19})$/;

/** Makes the maker of a dataset's letters. */
export function createLetterMaker(dataset: Dataset, pseudonyms: ValuePseudonyms): LetterMaker {
  const keeps = new Map(
    Object.entries(dataset.columns).map(([name, spec]): [string, Keep] => [name, keepOf(spec, pseudonyms)]),
  );

  const keepRow = (row: NonNullable<RawRow>): NewLetter["row"] => {
    const kept: Record<string, LetterValue> = {};
    for (const name of Object.keys(row)) {
      const value = row[name];
      const keep = keeps.get(name);
      if (keep === undefined) return null;
      if (value === undefined) continue;
      const made = value === null ? null : keep(value);
      if (made === undefined) return null;
      kept[name] = made;
    }
    return kept;
  };

  return ({ reason, column, expected, got }, row) => {
    const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
    return {
      reason,
      // The name of a column that nobody declared is its sender's text.
      column: column !== null && keeps.has(column) ? column : null,
      expected,
      got,
      row: isRow ? keepRow(row) : null,
    };
  };
}

function keepOf(spec: ColumnSpec, pseudonyms: ValuePseudonyms): Keep {
  const { check } = columnCheck(spec);
  if (spec.class === "identifier") {
    return (value) => {
      const checked = check(value);
      return checked instanceof Fault || checked === null ? undefined : pseudonyms.of(spec, checked);
    };
  }
  return (value) => {
    const checked = check(value);
    if (!(checked instanceof Fault)) return typeof checked === "bigint" ? String(checked) : checked;
    // Refused: then only what says nothing but a number.
    if (spec.class !== "measure" && spec.class !== "moment") return undefined;
    if (typeof value === "boolean") return spec.class === "measure" ? value : undefined;
    if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
    if (typeof value === "bigint") return boundedDecimal(String(value));
    const is64 = spec.type === "u64" || spec.type === "i64";
    return is64 && typeof value === "string" ? boundedDecimal(value) : undefined;
  };
}

function boundedDecimal(text: string): string | undefined {
  return DECIMAL.test(text) ? text : undefined;
}

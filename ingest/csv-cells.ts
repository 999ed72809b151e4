/** What a field of CSV is in a column of each type: in the quick way a cell of the table, in the slow one a value of a plain object. */

import type { Dataset } from "../datasets/define.ts";
import type { ColumnType } from "../runtime/batch/index.ts";
import type { BodyBytes } from "./body-bytes.ts";
import { readDecimal } from "./decimal.ts";
import type { RowBuilder } from "./row-builder.ts";
import { TextCodeRules, type TextCodes } from "./text-codes.ts";

export interface CsvColumn {
  readonly name: string;
  /** Place in the table. */
  readonly index: number;
  readonly type: ColumnType;
  /** Of a category. */
  readonly codes: TextCodeRules | undefined;
  /** What a field that is there is in a plain object. */
  valueOf(text: string): unknown;
}

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const WHOLE = /^-?[0-9]+$/;
/** As our exports write what is no number. */
const NO_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["True", true],
  ["False", false],
]);

/** In declared order. */
export function csvColumns(dataset: Dataset): readonly CsvColumn[] {
  return Object.entries(dataset.columns).map(([name, spec], index) => {
    const { type } = spec;
    const codes = type === "category" ? new TextCodeRules(spec) : undefined;
    return { name, index, type, codes, valueOf: (text) => plainValue(type, text) };
  });
}

/** Writes the field at bytes `from` to `to`, without its quotes. False: it does not go in as it is. */
export function putField(
  bytes: BodyBytes,
  builder: RowBuilder,
  { index, type }: CsvColumn,
  codes: TextCodes | undefined,
  from: number,
  to: number,
): boolean {
  switch (type) {
    case "bool":
      return putBool(bytes.u8, builder, index, from, to);
    case "category": {
      const code = codes === undefined ? -1 : codes.codeOf(from, to);
      return code >= 0 && builder.setCode(index, code);
    }
    case "utf8":
      return builder.setText(index, from, to);
    case "timestamp": {
      const ms = readDecimal(bytes, from, to);
      if (!Number.isNaN(ms)) return builder.setNumber(index, ms);
      return builder.setNumber(index, bytes.moment(from, to));
    }
    default:
      return builder.setNumber(index, readDecimal(bytes, from, to));
  }
}

function putBool(u8: Uint8Array, builder: RowBuilder, index: number, from: number, to: number): boolean {
  // "rue" and "alse", behind a letter of either case.
  const first = u8[from]! | 0x20;
  if (to - from === 4 && first === 0x74 && u8[from + 1] === 0x72 && u8[from + 2] === 0x75) {
    return u8[from + 3] === 0x65 && builder.setBool(index, true);
  }
  if (to - from === 5 && first === 0x66 && u8[from + 1] === 0x61 && u8[from + 2] === 0x6c) {
    return u8[from + 3] === 0x73 && u8[from + 4] === 0x65 && builder.setBool(index, false);
  }
  return false;
}

function plainValue(type: ColumnType, text: string): unknown {
  switch (type) {
    case "bool":
      return BOOLEANS.get(text) ?? text;
    case "category":
    case "utf8":
      return text;
    default: {
      if (!NUMBER.test(text)) return NO_NUMBERS.get(text) ?? text;
      const value = Number(text);
      // As decimal text the validator reads all 64 bits.
      const isWide = (type === "u64" || type === "i64") && !Number.isSafeInteger(value) && WHOLE.test(text);
      return isWide ? text : value;
    }
  }
}

/**
 * Rows as JSON: one object a row, columns in declared order, on one line.
 *
 * - Moments are RFC 3339 in UTC with milliseconds.
 * - 64-bit pseudonyms are strings of decimal digits: all 64 bits are used, and JavaScript's readers would round them. 64-bit
 *   measures are numbers, printed exactly.
 * - A float is the shortest decimal that reads back as it: 12.3, not 12.300000190734863.
 * - NaN and ±∞, which JSON does not have, are null, as missing values are.
 *
 * json-schema.ts says the same of records (records/jsonl.ts) as a JSON Schema.
 */

import { RowText, type TextFormat } from "./row-text.ts";
import type { TableShape } from "./shape.ts";

const JSON_FORMAT: TextFormat = {
  missing: "null",
  notANumber: "null",
  infinity: "null",
  negativeInfinity: "null",
  quote: '"',
  encodeText: (text) => JSON.stringify(text),
};

/** A writer of what stands in rows' objects behind members that somebody else wrote, for who wants bytes. Behind each stands `after`. */
export function jsonMembers(shape: TableShape, after: string): RowText {
  return new RowText(shape, JSON_FORMAT, ({ name }) => `,${JSON.stringify(name)}:`, `}${after}`);
}

/** A writer of rows' objects, for who wants bytes: no string is made. Before each row stands `before`, behind it `after`. */
export function jsonRows(shape: TableShape, before = "", after = ""): RowText {
  const beforeCell = ({ name }: { readonly name: string }, index: number) =>
    `${index === 0 ? `${before}{` : ","}${JSON.stringify(name)}:`;
  return new RowText(shape, JSON_FORMAT, beforeCell, `}${after}`);
}

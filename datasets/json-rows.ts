/**
 * Rows as JSON: one object a row, columns in declared order, on one line.
 *
 * - Moments are RFC 3339 in UTC with milliseconds.
 * - 64-bit pseudonyms are strings of decimal digits: all 64 bits are used, and JavaScript's readers would round them. 64-bit
 *   measures are numbers, printed exactly.
 * - A float is the shortest decimal that reads back as it: 12.3, not 12.300000190734863.
 * - NaN and ±∞, which JSON does not have, are null, as missing values are.
 *
 * json-schema.ts says the same as a JSON Schema.
 */

import type { PublicBatch } from "../runtime/batch/index.ts";
import type { Dataset } from "./define.ts";
import { type RowTextWriter, rowTextWriter, type TextFormat } from "./row-text.ts";
import { TextSink } from "./text-sink.ts";

/** Row `row` of the batch, which must be one of the dataset's. The text ends without a line break. */
export type JsonEncoder = (batch: PublicBatch, row: number) => string;

const JSON_FORMAT: TextFormat = {
  missing: "null",
  notANumber: "null",
  infinity: "null",
  negativeInfinity: "null",
  quote: '"',
  encodeText: (text) => JSON.stringify(text),
};

/** Makes an encoder of one row at a time, as events want them. */
export function createJsonEncoder(dataset: Dataset): JsonEncoder {
  const write = createJsonRowWriter(dataset);
  const sink = new TextSink();
  return (batch, row) => {
    sink.clear();
    write(sink, batch, row);
    return sink.text();
  };
}

/** Makes a writer that appends a row's object to a sink, for who wants bytes: no string is made. */
export function createJsonRowWriter(dataset: Dataset): RowTextWriter {
  const before = ({ name }: { readonly name: string }, index: number) =>
    `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`;
  return rowTextWriter(dataset, JSON_FORMAT, before, "}");
}

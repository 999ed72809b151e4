/**
 * Rows as CSV (RFC 4180), a header line first, columns in declared order. Where the RFC leaves or is given room:
 *
 * - Lines end in "\n", as every reader takes and line tools want.
 * - A missing value is an empty field. Text that is empty is `""`, so that the two stay apart for readers that care.
 * - NaN and ±∞ are `nan`, `inf`, `-inf`, as pandas reads them.
 * - `bool` is true or false; moments are RFC 3339 in UTC with milliseconds.
 * - 64-bit numbers are written exactly, floats as the shortest decimal that reads back as them.
 * - Only text is ever quoted: when it holds a comma, a quote or a line break, or is empty.
 */

import type { PublicBatch } from "../runtime/batch/index.ts";
import type { Dataset } from "./define.ts";
import { rowTextWriter, type TextFormat } from "./row-text.ts";
import { TextSink } from "./text-sink.ts";

export interface CsvEncoder {
  /** Appends rows `fromRow` (default 0) to `toRow` (default all), the latter not included, of a batch of the dataset. */
  append(batch: PublicBatch, fromRow?: number, toRow?: number): void;
  /** Bytes that wait to be taken. */
  readonly byteLength: number;
  /** The UTF-8 of whole lines appended since the last time: a copy, the caller's own. */
  take(): Uint8Array<ArrayBuffer>;
}

const CSV_FORMAT: TextFormat = {
  missing: "",
  notANumber: "nan",
  infinity: "inf",
  negativeInfinity: "-inf",
  quote: "",
  encodeText: csvField,
};

/** The header line, its line break included. */
export function csvHeader(dataset: Dataset): string {
  return `${dataset.publicColumns.map(({ name }) => csvField(name)).join(",")}\n`;
}

/** Makes an encoder of rows in blocks; it does not write the header. */
export function createCsvEncoder(dataset: Dataset): CsvEncoder {
  const sink = new TextSink();
  const write = rowTextWriter(dataset, CSV_FORMAT, (_, index) => (index === 0 ? "" : ","), "\n");
  return {
    append(batch, fromRow = 0, toRow = batch.rows) {
      for (let row = fromRow; row < toRow; row++) write(sink, batch, row);
    },
    get byteLength() {
      return sink.length;
    },
    take: () => sink.take(),
  };
}

function csvField(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

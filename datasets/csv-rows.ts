/**
 * Rows as CSV (RFC 4180), a header line first, columns in declared order. Where the RFC leaves or is given room:
 *
 * - Lines end in "\n", as every reader takes and line tools want.
 * - A missing value is an empty field. Text that is empty is `""`, so that the two stay apart for readers that care. In a table
 *   of one column both are `""`, as many readers pass over empty lines.
 * - NaN and ±∞ are `nan`, `inf`, `-inf`, as pandas reads them.
 * - `bool` is true or false; moments are RFC 3339 in UTC with milliseconds.
 * - 64-bit numbers are written exactly, floats as the shortest decimal that reads back as them.
 * - Only text is ever quoted: when it holds a comma, a quote or a line break, or is empty.
 */

import { RowText, type TextFormat } from "./row-text.ts";
import type { TableShape } from "./shape.ts";

const CSV_FORMAT: TextFormat = {
  missing: "",
  notANumber: "nan",
  infinity: "inf",
  negativeInfinity: "-inf",
  quote: "",
  encodeText: csvField,
};

/** The header line, its line break included. */
export function csvHeader(shape: TableShape): string {
  return `${shape.publicColumns.map(({ name }) => csvField(name)).join(",")}\n`;
}

/** A writer of rows' lines; it does not write the header. */
export function csvRows(shape: TableShape): RowText {
  const format = shape.publicColumns.length === 1 ? { ...CSV_FORMAT, missing: '""' } : CSV_FORMAT;
  return new RowText(shape, format, (_, index) => (index === 0 ? "" : ","), "\n");
}

/** Text as a field: quoted when it must be, and when it is empty, so that it is not taken for a missing one. */
export function csvField(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * CSV: a header line, then a line a row, as datasets/csv-rows.ts writes them. Read by pandas.read_csv, R, spreadsheets and
 * every database's bulk loader.
 *
 * What it cannot hold: types, and anything of the export itself (dataset, profile, range). What is missing, NaN and ±∞ are
 * told apart: an empty field, `nan`, `inf`, `-inf`. 64-bit numbers are written exactly; whether they are read so is up to the
 * reader.
 */

import { csvHeader, csvRows } from "../../../datasets/csv-rows.ts";
import type { Format } from "../format.ts";
import { openTextFile, TEXT_COMPRESSIONS } from "./text-file.ts";

export const csv: Format = {
  name: "csv",
  extension: "csv",
  contentType: "text/csv; charset=utf-8; header=present",
  compressions: TEXT_COMPRESSIONS,
  open: (facts, sink) =>
    openTextFile({ head: csvHeader(facts.shape), rows: csvRows(facts.shape), tail: "" }, facts, sink),
};

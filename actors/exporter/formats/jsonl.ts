/**
 * JSON Lines (https://jsonlines.org): an object a row, each on a line that ends in "\n", as datasets/json-rows.ts writes them.
 *
 * What it cannot hold: NaN and ±∞ are null, as what is missing is. 64-bit pseudonyms are strings of digits, as most readers
 * would round them; 64-bit measures are numbers, written exactly.
 */

import { jsonRows } from "../../../datasets/json-rows.ts";
import type { Format } from "../format.ts";
import { openTextFile, TEXT_COMPRESSIONS } from "./text-file.ts";

export const jsonl: Format = {
  name: "jsonl",
  extension: "jsonl",
  contentType: "application/jsonl",
  compressions: TEXT_COMPRESSIONS,
  open: (facts, sink) =>
    openTextFile({ head: "", rows: jsonRows(facts.shape, "", "\n"), tail: "" }, facts, sink),
};

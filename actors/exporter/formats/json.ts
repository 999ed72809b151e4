/**
 * JSON: one array of objects, an object a line, so that it can be looked at and read line by line all the same. The objects
 * are those of JSON Lines (jsonl.ts), and hold what those hold.
 */

import { jsonRows } from "../../../datasets/json-rows.ts";
import type { Format } from "../format.ts";
import { openTextFile, TEXT_COMPRESSIONS } from "./text-file.ts";

export const json: Format = {
  name: "json",
  extension: "json",
  contentType: "application/json",
  compressions: TEXT_COMPRESSIONS,
  open: (facts, sink) =>
    openTextFile({ head: "[", rows: jsonRows(facts.shape, ",\n"), tail: "\n]\n", skip: 1 }, facts, sink),
};

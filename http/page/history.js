// What is stored already: an export as CSV, which is small and read without a library. The columns asked for here hold neither
// commas nor quotes.

import { ask, bodyOf } from "./api.js";

const FILE_MS = 60_000;

/** Rows as arrays of text, in the order of the columns. @throws ApiError */
export async function storedRows(dataset, columns, fromMs, toMs) {
  const query = new URLSearchParams({
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    columns: columns.join(","),
  });
  const response = await ask(`/v1/export/${dataset}.csv?${query}`, {}, FILE_MS);
  const lines = (await bodyOf(response, "text")).split(/\r?\n/);
  return lines
    .slice(1)
    .filter((line) => line !== "")
    .map((line) => line.split(","));
}

/** A cell as a number; an empty one is missing. */
export const cellNumber = (cell) => (cell === undefined || cell === "" ? null : Number(cell));

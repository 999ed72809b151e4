// What is stored already: an export as CSV, which is small and read without a library. The columns asked for here hold neither
// commas nor quotes.

import { ApiError, ask, bodyOf } from "./api.js";

const FILE_MS = 60_000;
/** Who answers may be starting again just then: so often it is asked in all. */
const TRIES = 4;

/** Rows as arrays of text, in the order of the columns. @throws ApiError */
export async function storedRows(dataset, columns, fromMs, toMs) {
  const query = new URLSearchParams({
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    columns: columns.join(","),
  });
  const response = await askAgain(`/v1/export/${dataset}.csv?${query}`);
  const lines = (await bodyOf(response, "text")).split(/\r?\n/);
  return lines
    .slice(1)
    .filter((line) => line !== "")
    .map((line) => line.split(","));
}

async function askAgain(path) {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await ask(path, {}, FILE_MS);
    } catch (error) {
      if (!(error instanceof ApiError) || error.againMs === undefined || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.againMs));
      // Nothing is asked while nobody looks: who comes back is shown what is stored anew.
      if (document.hidden) throw error;
    }
  }
}

/** A cell as a number; an empty one is missing. */
export const cellNumber = (cell) => (cell === undefined || cell === "" ? null : Number(cell));

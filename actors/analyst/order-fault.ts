import { type Refused, refuse } from "../refused.ts";
import { MAX_PARAMS, MAX_QUERY_MS, MAX_RESULT_ROWS, MAX_SQL_CHARACTERS, type OpenQuery } from "./protocol.ts";

/** What is wrong with what was asked, before DuckDB is. */
export function orderFault({
  sql,
  params,
  maxRows = 1,
  timeoutMs = 1,
}: Omit<OpenQuery, "kind">): Refused<"refused"> | undefined {
  const isWithin = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most;
  if (sql.length > MAX_SQL_CHARACTERS) {
    return refuse("refused", `expected SQL of at most ${MAX_SQL_CHARACTERS} characters; came ${sql.length}`);
  }
  if (params.length > MAX_PARAMS) {
    return refuse("refused", `expected at most ${MAX_PARAMS} parameters; came ${params.length}`);
  }
  if (!isWithin(maxRows, MAX_RESULT_ROWS)) {
    return refuse(
      "refused",
      `maxRows: expected a whole number from 1 to ${MAX_RESULT_ROWS}; came ${maxRows}`,
    );
  }
  if (!isWithin(timeoutMs, MAX_QUERY_MS)) {
    return refuse(
      "refused",
      `timeoutMs: expected a whole number from 1 to ${MAX_QUERY_MS}; came ${timeoutMs}`,
    );
  }
  return undefined;
}

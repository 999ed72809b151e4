/** Rows that are objects already, as a body: for who pushes from inside the process. */

import type { BodyDecoder, DecodeContext } from "../../ingest/decoder.ts";
import type { RowBuilder } from "../../ingest/row-builder.ts";
import { type PushTable, TABLE_ROWS } from "../../ingest/table.ts";

/** @param builder of the table that is asked for */
export function decodeObjects(
  { validate, rejected }: Pick<DecodeContext, "validate" | "rejected">,
  builder: RowBuilder,
  rows: readonly unknown[],
): BodyDecoder {
  let next = 0;
  return {
    next(table: PushTable) {
      table.clear();
      const stop = Math.min(rows.length, next + TABLE_ROWS);
      for (; next < stop; next++) {
        const value = rows[next];
        const verdict = validate(value, next);
        if (!verdict.ok) {
          const isRow = verdict.rejection.reason !== "not-an-object";
          rejected.reject(verdict.rejection, () =>
            isRow ? (value as Readonly<Record<string, unknown>>) : undefined,
          );
        } else if (!builder.append(verdict.row, next)) return "more";
      }
      return next === rows.length ? "end" : "more";
    },
  };
}

/**
 * Which rows are wanted, as a line of text: `cpu_percent > 50 and (name_hash = 123 or private_bytes_mb is null)`.
 *
 *     condition  column op value            op is = != <> < <= > >=
 *              | column [not] in (value, …)
 *              | column is [not] null
 *     joined by `and`, `or`, `not` and parentheses; `and` binds closer than `or`, `not` closer than both
 *
 * | column                | value                                                                             |
 * |-----------------------|-----------------------------------------------------------------------------------|
 * | numbers               | a number: 12, -0.5, 1e6. Whole numbers are compared exactly, all 64 bits of them  |
 * | f32                   | a number, rounded to one: `= 12.3` holds for what is written as 12.3              |
 * | 64-bit                | also its digits in quotes, as JSON has them                                       |
 * | moments               | '2026-01-01T00:00:00Z', any offset; or '2026-01-01', its midnight in UTC          |
 * | categories            | 'one of the list'; = != and in only                                               |
 * | flags                 | true or false; = != and in only                                                   |
 *
 * Text stands in single quotes, one within it twice. Words are read in any case. What is missing is as in SQL: a comparison
 * with it is neither true nor false, and so is its negation; only rows for which the whole is true are wanted. A NaN is
 * equal to nothing and not above or below anything, so `!=` holds for it.
 *
 * Bounds: 2000 characters, 100 values, 32 levels of parentheses and `not`.
 */

import type { PublicBatch } from "../runtime/batch/index.ts";
import { compileCondition } from "./predicate-masks.ts";
import { PredicateFault, parseCondition } from "./predicate-parser.ts";
import type { RowRun } from "./row-run.ts";
import type { TableShape } from "./shape.ts";

/** Holds buffers for the rows of one batch: one for each reader. */
export interface Predicate {
  /** Names of the columns that it looks at. */
  readonly columns: readonly string[];
  /** Of the rows `run` of a batch of the table's plan those that are wanted, ascending, none empty. */
  runs(batch: PublicBatch, run: RowRun): readonly RowRun[];
}

export type ParsedPredicate =
  | { readonly ok: true; readonly predicate: Predicate }
  /** Says where, what was expected, and what came. */
  | { readonly ok: false; readonly message: string };

/** Reads a predicate on the columns of a table. */
export function parsePredicate(text: string, shape: TableShape): ParsedPredicate {
  try {
    const condition = parseCondition(text, shape);
    const columns = new Set<string>();
    const masks = compileCondition(condition, shape, columns);
    return {
      ok: true,
      predicate: { columns: [...columns], runs: (batch, run) => runsOf(masks(batch, run), run) },
    };
  } catch (error) {
    if (error instanceof PredicateFault) return { ok: false, message: error.message };
    throw error;
  }
}

function runsOf(mask: Uint8Array, { from, to }: RowRun): readonly RowRun[] {
  const runs: RowRun[] = [];
  const rows = to - from;
  for (let row = mask.indexOf(1); row >= 0 && row < rows; row = mask.indexOf(1, row)) {
    let end = row + 1;
    while (end < rows && mask[end] === 1) end++;
    runs.push({ from: from + row, to: from + end });
    row = end;
  }
  return runs;
}

/** Which rows of a batch are wanted, as runs of neighbours: event times need not be in order within a batch. */

import type { RowRun } from "../../datasets/row-run.ts";
import type { TableShape } from "../../datasets/shape.ts";
import { type PublicBatch, readInt64 } from "../../runtime/batch/index.ts";
import { type Compacted, isCompacted, NOTHING_COMPACTED } from "./lake/manifest.ts";

export interface RowBounds {
  /** Event times in milliseconds: from inclusive, to exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Sequence number after the last row wanted. */
  readonly endSequence: number;
  /** Rows of the log that are read from the lake instead. Default: none. */
  readonly compacted?: Compacted;
}

/** @returns ascending, none empty */
export function rowRuns(table: TableShape, batch: PublicBatch, bounds: RowBounds): readonly RowRun[] {
  const { fromMs, toMs, endSequence, compacted = NOTHING_COMPACTED } = bounds;
  const { i32 } = batch.views;
  const times = batch.dataAt(table.plan.public(table.time)) >>> 2;
  const first = batch.firstSequence;
  const rows = Math.min(batch.rows, endSequence - first);
  const runs: RowRun[] = [];
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const timeMs = readInt64(i32, times + row * 2);
    if (timeMs >= fromMs && timeMs < toMs && !isCompacted(compacted, timeMs, first + row)) continue;
    if (row > from) runs.push({ from, to: row });
    from = row + 1;
  }
  if (rows > from) runs.push({ from, to: rows });
  return runs;
}

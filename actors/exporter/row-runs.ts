/** Which rows of a batch an export wants, as runs of neighbours: event times need not be in order within a batch. */

import type { Dataset } from "../../datasets/define.ts";
import { type PublicBatch, readInt64 } from "../../runtime/batch/index.ts";
import type { RowRun } from "./format.ts";

export interface RowBounds {
  /** Event times in milliseconds: from inclusive, to exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Sequence number after the last row wanted. */
  readonly endSequence: number;
}

export function* rowRuns(dataset: Dataset, batch: PublicBatch, bounds: RowBounds): Generator<RowRun> {
  const { i32 } = batch.views;
  const times = batch.dataAt(dataset.plan.public(dataset.time)) >>> 2;
  const rows = Math.min(batch.rows, bounds.endSequence - batch.firstSequence);
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const timeMs = readInt64(i32, times + row * 2);
    if (timeMs >= bounds.fromMs && timeMs < bounds.toMs) continue;
    if (row > from) yield { from, to: row };
    from = row + 1;
  }
  if (rows > from) yield { from, to: rows };
}

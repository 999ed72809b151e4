/** Which rows of the log a round takes, as runs of neighbours that are of one hour. */

import type { Dataset } from "../../datasets/define.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import { type PublicBatch, readInt64 } from "../../runtime/batch/index.ts";
import { type Compacted, isCompacted } from "../store/lake/manifest.ts";
import { hourOf } from "../store/lake/partition.ts";
import type { TimeRange } from "./segment-rows.ts";

/** Rows of one hour. */
export interface HourRun extends RowRun {
  readonly hourMs: number;
}

/** From where to where a round goes. */
export interface Move {
  readonly from: Compacted;
  readonly to: Compacted;
}

/** Rows of a batch that the round takes and whose times are in the range. */
export function plannedRuns(dataset: Dataset, batch: PublicBatch, move: Move, times: TimeRange): HourRun[] {
  const runs: HourRun[] = [];
  let run: { from: number; to: number; hourMs: number } | undefined;
  const timeOf = timeReader(dataset, batch);
  for (let row = 0; row < batch.rows; row++) {
    const timeMs = timeOf(row);
    const sequence = batch.firstSequence + row;
    const isTaken = timeMs >= times.fromMs && timeMs < times.toMs && isMoved(move, timeMs, sequence);
    if (!isTaken) continue;
    const hourMs = hourOf(timeMs);
    if (run === undefined || run.to !== row || run.hourMs !== hourMs) {
      run = { from: row, to: row, hourMs };
      runs.push(run);
    }
    run.to = row + 1;
  }
  return runs;
}

/** What one batch adds to what is known of a round before it begins. */
export interface Tally {
  /** Rows that the round takes, by hour. */
  readonly hours: Map<number, number>;
  /** Rows that the lake does not have before the round. */
  uncompacted: number;
  /** Number of the first row that it does not have after it; Infinity while there is none. */
  firstLeft: number;
}

export function addToTally(tally: Tally, dataset: Dataset, batch: PublicBatch, { from, to }: Move): void {
  const timeOf = timeReader(dataset, batch);
  for (let row = 0; row < batch.rows; row++) {
    const timeMs = timeOf(row);
    const sequence = batch.firstSequence + row;
    if (isCompacted(from, timeMs, sequence)) continue;
    tally.uncompacted++;
    if (isCompacted(to, timeMs, sequence)) {
      const hourMs = hourOf(timeMs);
      tally.hours.set(hourMs, (tally.hours.get(hourMs) ?? 0) + 1);
    } else {
      tally.firstLeft = Math.min(tally.firstLeft, sequence);
    }
  }
}

function isMoved({ from, to }: Move, timeMs: number, sequence: number): boolean {
  return isCompacted(to, timeMs, sequence) && !isCompacted(from, timeMs, sequence);
}

function timeReader(dataset: Dataset, batch: PublicBatch): (row: number) => number {
  const { i32 } = batch.views;
  const at = batch.dataAt(dataset.plan.public(dataset.time)) >>> 2;
  return (row) => readInt64(i32, at + row * 2);
}

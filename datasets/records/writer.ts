/** What every format gives: records without anything around them. framing.ts makes chunks of them. */

import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { RowRun } from "../row-run.ts";

export interface RecordWriter {
  /** What stands before the first record of a stream, and behind its last. */
  readonly preamble: Uint8Array<ArrayBuffer>;
  readonly end: Uint8Array<ArrayBuffer>;
  /** The records of these rows; valid until the next call. */
  write(batch: PublicBatch, runs: readonly RowRun[]): Uint8Array;
}

export const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** How many rows the runs have together. */
export function rowsIn(runs: readonly RowRun[]): number {
  let rows = 0;
  for (const { from, to } of runs) rows += to - from;
  return rows;
}

/** The rows of one dataset and time range as they were at one moment: what an export is made of. */

import type { Dataset } from "../../datasets/define.ts";
import type { StoredPart } from "./stored-rows.ts";

export interface SnapshotWish {
  /** Event times in milliseconds: from inclusive, to exclusive. ±Infinity: no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Public columns that are wanted; the others may be missing from the batches. Default: all. */
  readonly columns?: readonly string[];
}

export interface Snapshot {
  /** Rows that may be in it at the most; at least as many as `parts` gives. */
  readonly mostRows: number;
  /**
   * Reads it. May be called again, for another reading of the same rows in the same order, when the one before is over.
   * @param columns of those that were wanted, the ones that this reading is about; default: all of them
   */
  parts(columns?: readonly string[]): Generator<StoredPart, void, void>;
}

/** Takes the snapshot: what is stored later is not in it. */
export type TakeSnapshot = (dataset: Dataset, wish: SnapshotWish) => Snapshot;

/** How large the largest frame of a log may be, and what memory follows from it: who writes and who reads use the same figure. */

import type { Dataset } from "../../../datasets/define.ts";
import { datasets } from "../../../datasets/index.ts";
import { maxBatchBytes, maxPublicBytes } from "../../../datasets/write-rows.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { frameBytes } from "./log-format.ts";

const LEAST_BYTES = 4 * 2 ** 20;

/** Bytes of a slot of the dataset's lane. */
export function slotBytesOf(dataset: Dataset): number {
  return alignUp(maxBatchBytes(dataset), 64);
}

/** Bytes that frames gather in before they are written, or are read back through: several of the largest. They hold public parts alone. */
export function logWindowBytes(): number {
  const largest = Math.max(...datasets.map((dataset) => frameBytes(maxPublicBytes(dataset))));
  return Math.max(LEAST_BYTES, alignUp(largest * 2, 8));
}

/** Rows that may leave, wherever they lie: in a slot, or in a message read back from a file. What encoders read from. */

import type { BatchPlan, Column } from "./schema.ts";
import type { MemoryViews } from "./views.ts";

export interface PublicBatch {
  readonly plan: BatchPlan;
  readonly rows: number;
  /** Number of the first row in its dataset; row i has `firstSequence + i`. */
  readonly firstSequence: number;
  /** Wall time at which it was written, ms; 0: not known. Read back from the log it is rounded up to whole seconds. */
  readonly writtenMs: number;
  /** What the offsets below count in. */
  readonly views: MemoryViews;
  /** Byte offset of a column's elements (or int32 offsets, for text). */
  dataAt(column: Column): number;
  /** Byte offset of a text column's bytes. */
  textAt(column: Column): number;
  /** Byte offset of a column's validity bitmap (bit set: valid, least significant bit first), or 0: all are valid. */
  validityAt(column: Column): number;
  isValid(column: Column, row: number): boolean;
  /** The whole of it as one Arrow IPC message, where it lies as one: a view, valid as long as the batch is. */
  message?(): Uint8Array;
}

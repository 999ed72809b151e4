/**
 * What a window keeps of a group: a record of a fixed size in the kernels' memory, and what that points at. An operator knows when
 * and where; an accumulation knows what. There are three: figures.ts (moments and percentiles of measures), distinct.ts (how many
 * different values), top.ts (which values are the most frequent, or weigh the most).
 *
 * Everything is a function of the values and of the order they were added in, never of how they were cut into calls.
 */

import type { RowColumns } from "./rows.ts";
import type { StateReader, StateWriter } from "./state.ts";

export interface Accumulation {
  /** Which of them this is; what it is made with is part of a checkpoint's `meaning`, not of this. */
  readonly kind: "figures" | "distinct" | "top";
  /** Values that could not be taken in full for want of memory: they count, but are in no percentile, say. */
  readonly truncated: number;
  /** Makes an empty record. @returns its byte offset, a multiple of 8, never 0. @throws PoolExhausted, having kept nothing */
  make(): number;
  /**
   * Adds rows `from` … `to` − 1 in order, each to the record whose byte offset (u32) is at `recordsAt` + 4 × row; 0: to none.
   * Never throws for want of memory: what does not fit is counted in `truncated`.
   */
  add(columns: RowColumns, recordsAt: number, from: number, to: number): void;
  /** Adds all that `from` has seen to `into`; `from` stays as it is. What does not fit is counted in `truncated`. */
  merge(into: number, from: number): void;
  /** Whether nothing was added that counts (null and NaN do not). */
  isEmpty(record: number): boolean;
  /** Empties a record, which keeps its memory. */
  clear(record: number): void;
  free(record: number): void;
  save(record: number, out: StateWriter): void;
  /** Makes a record as it was saved. @throws PoolExhausted; RangeError when the bytes are no record of this kind */
  load(from: StateReader): number;
}

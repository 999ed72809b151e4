/** How many different values a column has, about: HyperLogLog. */

/** Smallest and largest block of distinct values. Sizes between are powers of two. */
export const HLL_MIN_BYTES = 64;
export const HLL_MAX_BYTES = 4096;
/** Standard error of an estimate, relative; up to some 380 values it is exact but once in a thousand sets. */
export const HLL_STANDARD_ERROR = 1.04 / 64;
/**
 * A slot: u32 the byte offset of its block (0: none), u32 whether it is frozen (0 or 1), f64 rows that had a value; behind them eight
 * bytes of the host's own.
 */
export const HLL_SLOT_BYTES = 24;
export const HLL_SLOT_FROZEN_OFFSET = 4;
export const HLL_SLOT_ROWS_OFFSET = 8;
export const HLL_SLOT_HOST_OFFSET = 16;

export interface DistinctKernels {
  /**
   * Makes an empty set of distinct values (HyperLogLog) in the `bytes` bytes at `block` (8-byte aligned); `bytes` is a power of two,
   * HLL_MIN_BYTES to HLL_MAX_BYTES. It is relocatable, and a function of the set of its values and of `bytes`: neither order nor repetition shows.
   */
  hllInit(block: number, bytes: number): void;
  /** Block size it lies in. */
  hllBytes(block: number): number;
  /**
   * Adds rows `start` … `end` − 1 of a dense column of 64-bit values. Returns the first row not added, `end` when all are: then it needs a
   * block twice as large; hllGrow, and go on from that row. The largest block takes everything.
   */
  hllAdd(block: number, values: number, start: number, end: number): number;
  /**
   * Adds each row's value to the slot at `offset` bytes into its record, whose byte offset is the u32 at `records` + 4 × row (0: to none).
   * `type` is a place in VALUE_TYPES. Null and NaN are passed over, −0 is 0. Returns the first row not added, `end` when all are: its
   * slot has no block, or one that has to be twice as large; the host sees to it, or freezes the slot, and goes on from that row. Of a
   * frozen slot, what does not fit is counted among its rows and in the f64 at `truncated`.
   */
  hllScatter(
    records: number,
    offset: number,
    type: number,
    values: number,
    validity: number,
    start: number,
    end: number,
    truncated: number,
  ): number;
  /** Makes at `to` the same set in a block of `bytes` bytes, larger than it was; the blocks must not overlap. Not from the largest block. */
  hllGrow(from: number, to: number, bytes: number): void;
  /** Adds all values of `from` to `into`. Returns 0, or the block size that `into` needs: then hllGrow it, and merge again. */
  hllMerge(into: number, from: number): number;
  /** How many different values were added, about; deterministic. 0 when none. */
  hllEstimate(block: number): number;
}

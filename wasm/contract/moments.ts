/** Moments: count, minimum, maximum, sum, mean and variance of a column. */

/** Bytes of one block of moments. */
export const MOMENTS_BYTES = 64;

export interface MomentKernels {
  /** Empties the block of MOMENTS_BYTES at `state` (8-byte aligned). */
  momentsInit(state: number): void;
  /** Adds one value. NaN is not added: it is counted apart, here and in the column forms. */
  momentsAdd(state: number, value: number): void;
  /** Adds a column; null rows are passed over, and not counted anywhere. */
  momentsAddF64(state: number, values: number, validity: number, rows: number): void;
  momentsAddF32(state: number, values: number, validity: number, rows: number): void;
  momentsAddI32(state: number, values: number, validity: number, rows: number): void;
  momentsAddU32(state: number, values: number, validity: number, rows: number): void;
  /** As above; values past 2^53 are rounded to the nearest double. */
  momentsAddU64(state: number, values: number, validity: number, rows: number): void;
  /** Adds all that `from` has seen to `into`; `from` stays as it is. */
  momentsMerge(into: number, from: number): void;
  /** Values added (NaN and null not among them). */
  momentsCount(state: number): number;
  /** NaN values met. */
  momentsNanCount(state: number): number;
  /** Smallest and largest value; NaN when empty. Zeros of either sign come out as 0. */
  momentsMin(state: number): number;
  momentsMax(state: number): number;
  /** Sum; 0 when empty. Exact for whole numbers while count × (maximum − minimum), and the sum, stay below 2^53. */
  momentsSum(state: number): number;
  /** Σx²; 0 when empty. */
  momentsSumOfSquares(state: number): number;
  /** Arithmetic mean; NaN when empty. */
  momentsMean(state: number): number;
  /**
   * Σ(x − mean)² / (count − ddof); `ddof` 0 for the population, 1 for a sample. NaN when count ≤ ddof. Stable: relative
   * error stays near 1e-12 however far the values lie from zero. NaN once an infinite value was added.
   */
  momentsVariance(state: number, ddof: number): number;
}

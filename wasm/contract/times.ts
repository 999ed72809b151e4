/** Columns of times. */

export interface TimeKernels {
  /**
   * Writes `rows` times of another unit as milliseconds, an i64 each, what lies below them cut off. `perMs`: how many of the unit a millisecond has; 0: they
   * are seconds.
   */
  timesToMs(times: number, out: number, rows: number, perMs: number): void;
  /**
   * The first row from `from` on whose time (i64 at `times` + 8 × row) is below `lowMs`, or not below `highMs`; `to` when none is.
   * Bounds may be infinite, and are not NaN.
   */
  timesWithin(times: number, from: number, to: number, lowMs: number, highMs: number): number;
}

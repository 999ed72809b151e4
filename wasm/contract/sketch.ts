/** Sketches: quantiles of a column within a relative error, as DDSketch has them. */

/** Smallest and largest sketch block. Sizes between are powers of two. */
export const SKETCH_MIN_BYTES = 256;
export const SKETCH_MAX_BYTES = 32768;
/** Relative error that no quantile of a sketch exceeds (1/129 for normal numbers, 1/128 for subnormal ones). */
export const SKETCH_RELATIVE_ERROR = 1 / 128;

export interface SketchKernels {
  /**
   * Makes an empty sketch in the `bytes` bytes at `sketch` (8-byte aligned); `bytes` is a power of two, SKETCH_MIN_BYTES to
   * SKETCH_MAX_BYTES. A sketch is relocatable: its bytes may be copied elsewhere, or into another memory, and go on.
   */
  sketchInit(sketch: number, bytes: number): void;
  /**
   * Adds one value (NaN is counted apart). Returns 0, or, having changed nothing, the block size it needs: then sketchGrow and
   * add again. Never asks for more than SKETCH_MAX_BYTES.
   */
  sketchAdd(sketch: number, value: number): number;
  /**
   * Adds rows `start` … `end` − 1 of a column (null rows are passed over). Returns the first row not added: `end` when all
   * are in; otherwise the block is too small: sketchGrow to sketchNeeds(sketch) bytes and go on from that row.
   */
  sketchAddF64(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddF32(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddI32(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddU32(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddU64(sketch: number, values: number, validity: number, start: number, end: number): number;
  /** Block size that the last refused add or merge asked for; 0 when the last one went in. */
  sketchNeeds(sketch: number): number;
  /** Block size this sketch lies in. */
  sketchBytes(sketch: number): number;
  /** Bytes from its beginning that a copy of this sketch has to have. */
  sketchUsed(sketch: number): number;
  /** Makes at `to` the same sketch in a block of `bytes` bytes, at least as large; the blocks must not overlap. `from` is left as it is. */
  sketchGrow(from: number, to: number, bytes: number): void;
  /** Adds all that `from` has seen to `into`. Returns 0, or, having changed nothing, the block size that `into` needs. */
  sketchMerge(into: number, from: number): number;
  /**
   * The value at rank q × (count − 1), rounded down (the lower order statistic, as the DDSketch paper has it), within
   * SKETCH_RELATIVE_ERROR and never outside min … max. `q` is clamped to 0 … 1. NaN when empty.
   */
  sketchQuantile(sketch: number, q: number): number;
  /** The same for `n` doubles at `qs`; writes `n` doubles at `out`. */
  sketchQuantiles(sketch: number, qs: number, n: number, out: number): void;
  /** Values added, infinities and zeros among them, NaN and null not. */
  sketchCount(sketch: number): number;
  sketchNanCount(sketch: number): number;
  /** Exact; NaN when empty. */
  sketchMin(sketch: number): number;
  sketchMax(sketch: number): number;
  /** Values that lie in a bin that was merged for want of room: no error bound holds for them. 0 within 125 octaves. */
  sketchCollapsed(sketch: number): number;

  /**
   * Takes out a value that was added. Returns 1, or 0 (and has done nothing) when it is not there: NaN never is. minimum and maximum stay as
   * they are, bins too: the answers are those of the values left only as far as slideWorn and slideSum see to it.
   */
  sketchRemove(sketch: number, value: number): 0 | 1;
}

/** Cells: moments with a sketch beside them, added to by group. */

import { MOMENTS_BYTES } from "./moments.ts";

/** Bytes of one cell: a block of moments, and in its last eight bytes what leads to the cell's sketch. */
export const CELL_BYTES = MOMENTS_BYTES;

/**
 * momentsInit makes an empty cell, without a sketch; what asks moments may be asked of a cell. What is in its sketch is to be had after
 * cellSketch alone.
 */
export interface CellKernels {
  /**
   * The cells* functions add each row's value to the cell at `offset` bytes into its record, whose byte offset is the u32 at `records` +
   * 4 × row (0: to none). Rows are taken in order, null rows are passed over; a value counts as by momentsAdd on the cell and sketchAdd on
   * its sketch, NaN in the moments alone. They return the first row not added, `to` when all are in: its cell has no sketch, or one
   * that has to grow to sketchNeeds; the host attaches a larger one, or freezes the cell, and goes on from that row. In a frozen
   * cell's moments everything goes, into its sketch what fits; what does not is counted in the f64 at `truncated`.
   */
  cellsAddF64(
    values: number,
    validity: number,
    records: number,
    offset: number,
    from: number,
    to: number,
    truncated: number,
  ): number;
  cellsAddF32: CellKernels["cellsAddF64"];
  cellsAddI64: CellKernels["cellsAddF64"];
  cellsAddI32: CellKernels["cellsAddF64"];
  cellsAddU64: CellKernels["cellsAddF64"];
  cellsAddU32: CellKernels["cellsAddF64"];
  cellsAddU16: CellKernels["cellsAddF64"];
  cellsAddU8: CellKernels["cellsAddF64"];
  /** Makes a sketch in a block of its own (made empty, moved by sketchGrow, or loaded) that of the cell. */
  cellAttach(cell: number, sketch: number): void;
  /** The cell's sketch, fit to be read, moved or copied; 0: it has none. */
  cellSketch(cell: number): number;
  /** From now on the cell does not ask for room. */
  cellFreeze(cell: number): void;
  cellIsFrozen(cell: number): 0 | 1;
  /**
   * Merges cells `first` … `count` − 1 of the record at `from` into those at `into`. Returns the first one not merged, `count` when all
   * are: it has no sketch, or one that has to grow, as in cellsAddF64. A cell that a frozen one is merged into is frozen.
   */
  cellsMerge(into: number, from: number, first: number, count: number, truncated: number): number;
}

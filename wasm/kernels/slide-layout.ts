/**
 * Where what of a slide lies.
 *
 * Slide: u32 measures, capacity, first chunk, last chunk, head (place of the oldest row in the first chunk), tail (rows in the last
 * one), the front's last chunk (0: the front is empty) and rows of the front in that, rows, near, first spare chunk, spare chunks, rows of the front;
 * at 64 a cell a measure: the back's moments, u32 the sketch of the whole window (0: none yet), u32 whether it is lost.
 * Chunk: u32 next, previous, unused, unused; capacity times; a column of values a measure; a cell a measure: the front behind it.
 */

import { momentsAdd } from "./moments";

export const MEASURES: usize = 0;
export const CAPACITY: usize = 4;
export const FIRST: usize = 8;
export const LAST: usize = 12;
export const HEAD: usize = 16;
export const TAIL: usize = 20;
export const FRONT: usize = 24;
export const FRONT_ROWS: usize = 28;
export const ROWS: usize = 32;
export const NEAR: usize = 36;
export const SPARE: usize = 40;
export const SPARES: usize = 44;
export const FRONT_COUNT: usize = 48;
export const CELLS: usize = 64;

export const NEXT: usize = 0;
export const PREVIOUS: usize = 4;
export const TIMES: usize = 16;

export const CELL: usize = 64;
export const SKETCH: usize = 56;
export const LOST: usize = 60;
/** What stands for null among values: no arithmetic makes this NaN, and those that come in are made into another. */
export const NULL: u64 = 0x7ff8006e756c6c00;
export const NAN: u64 = 0x7ff8000000000000;

/** Adds a value to a cell's moments, unless it is null. */
// @ts-expect-error: decorator
@inline
export function addBits(cell: usize, bits: u64): void {
  if (bits != NULL) momentsAdd(cell, reinterpret<f64>(bits));
}

// @ts-expect-error: decorator
@inline
export function copyCell(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}

/** The cell of a measure. */
// @ts-expect-error: decorator
@inline
export function cellOf(slide: usize, m: u32): usize {
  return slide + CELLS + <usize>m * CELL;
}

/** A measure's values in a chunk. */
// @ts-expect-error: decorator
@inline
export function valuesOf(chunk: usize, capacity: u32, m: u32): usize {
  return chunk + TIMES + (<usize>(capacity * (m + 1)) << 3);
}

/** The cell of a measure that has the front behind the chunk's last row. */
// @ts-expect-error: decorator
@inline
export function behind(chunk: usize, capacity: u32, measures: u32, m: u32): usize {
  return chunk + TIMES + (<usize>(capacity * (measures + 1)) << 3) + <usize>m * CELL;
}

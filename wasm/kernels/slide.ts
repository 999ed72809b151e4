/**
 * The rows of a window that slides, oldest first, and what they come to: a queue of two stacks (the back and the front), for as many
 * measures as wanted. A row that comes is added to the back's moments; when one has to leave and the front is empty, the back becomes the front:
 * from its last row backwards the moments of it and all after it are made. The window is then what its oldest row has there,
 * merged with the back. Nothing is ever subtracted; each row is added three times and merged once, however long the window is.
 *
 * Rows lie in chunks of `capacity` rows, linked both ways. The front's moments are kept in full for the rows of the oldest chunk (`near`),
 * and of the others only those behind each chunk's last row, from which the chunk's own are made when it becomes the oldest.
 */

import { cellAttach } from "./cells";
import { momentsInit, momentsMerge } from "./moments";
import { sketchRemove } from "./sketch-remove";
import {
  addBits,
  behind,
  CAPACITY,
  CELL,
  cellOf,
  CELLS,
  copyCell,
  FIRST,
  FRONT,
  FRONT_COUNT,
  FRONT_ROWS,
  HEAD,
  LAST,
  MEASURES,
  NAN,
  NEAR,
  NEXT,
  NULL,
  PREVIOUS,
  ROWS,
  SKETCH,
  SPARE,
  SPARES,
  TAIL,
  TIMES,
  valuesOf,
} from "./slide-layout";
import { numberAt } from "./typed-value";
import { isValid } from "./validity";

export function slideInit(slide: usize, measures: u32, capacity: u32, near: usize): void {
  memory.fill(slide, 0, CELLS);
  store<u32>(slide, measures, MEASURES);
  store<u32>(slide, capacity, CAPACITY);
  store<u32>(slide, capacity, TAIL);
  store<u32>(slide, <u32>near, NEAR);
  for (let m: u32 = 0; m < measures; m++) momentsInit(cellOf(slide, m));
}

/** Writes rows' values to where the u32 at `slots` + 4 × row says (0: nowhere), as f64; null is one of the NaN. */
export function slideStore(columns: usize, measures: i32, slots: usize, from: i32, to: i32): void {
  for (let row = from; row < to; row++) {
    const slot = <usize>load<u32>(slots + ((<usize>row) << 2));
    if (slot == 0) continue;
    for (let m = 0; m < measures; m++) {
      const column = columns + <usize>m * 12;
      const validity = <usize>load<u32>(column, 8);
      let bits = NULL;
      if (validity == 0 || isValid(validity, row)) {
        const value = numberAt(load<i32>(column), <usize>load<u32>(column, 4), row);
        bits = value == value ? reinterpret<u64>(value) : NAN;
      }
      store<u64>(slot + ((<usize>m) << 3), bits);
    }
  }
}

/** Rows that there is room for. */
export function slideRoom(slide: usize): u32 {
  const capacity = load<u32>(slide, CAPACITY);
  return capacity - load<u32>(slide, TAIL) + capacity * load<u32>(slide, SPARES);
}

/** Gives it a chunk to take more rows in. */
export function slideLend(slide: usize, chunk: usize): void {
  store<u32>(chunk, load<u32>(slide, SPARE), NEXT);
  store<u32>(slide, <u32>chunk, SPARE);
  store<u32>(slide, load<u32>(slide, SPARES) + 1, SPARES);
}

/** Takes back a chunk that has no rows; 0: there is none. */
export function slideReturn(slide: usize): u32 {
  const chunk = load<u32>(slide, SPARE);
  if (chunk == 0) return 0;
  store<u32>(slide, load<u32>(<usize>chunk, NEXT), SPARE);
  store<u32>(slide, load<u32>(slide, SPARES) - 1, SPARES);
  return chunk;
}

/** Appends a row, which is not older than the last; there is room for it, in the last chunk or in a spare one. */
export function slideAdd(slide: usize, time: f64, values: usize): void {
  const measures = load<u32>(slide, MEASURES);
  const capacity = load<u32>(slide, CAPACITY);
  let tail = load<u32>(slide, TAIL);
  if (tail == capacity) {
    append(slide);
    tail = 0;
  }
  const chunk = <usize>load<u32>(slide, LAST);
  store<f64>(chunk + ((<usize>tail) << 3), time, TIMES);
  for (let m: u32 = 0; m < measures; m++) {
    const bits = load<u64>(values + ((<usize>m) << 3));
    store<u64>(valuesOf(chunk, capacity, m) + ((<usize>tail) << 3), bits);
    addBits(cellOf(slide, m), bits);
  }
  store<u32>(slide, tail + 1, TAIL);
  store<u32>(slide, load<u32>(slide, ROWS) + 1, ROWS);
}

/** Takes out all rows whose time is not after `untilTime`; chunks that are empty then are spare. */
export function slideEvict(slide: usize, untilTime: f64): void {
  const capacity = load<u32>(slide, CAPACITY);
  const measures = load<u32>(slide, MEASURES);
  let rows = load<u32>(slide, ROWS);
  while (rows > 0) {
    const chunk = <usize>load<u32>(slide, FIRST);
    const head = load<u32>(slide, HEAD);
    if (load<f64>(chunk + ((<usize>head) << 3), TIMES) > untilTime) return;
    if (load<u32>(slide, FRONT) == 0) slideTurn(slide);
    for (let m: u32 = 0; m < measures; m++) {
      const sketch = <usize>load<u32>(cellOf(slide, m), SKETCH);
      if (sketch != 0) sketchRemove(sketch, load<f64>(valuesOf(chunk, capacity, m) + ((<usize>head) << 3)));
    }
    const next = head + 1;
    store<u32>(slide, next, HEAD);
    store<u32>(slide, --rows, ROWS);
    const front = load<u32>(slide, FRONT_COUNT) - 1;
    store<u32>(slide, front, FRONT_COUNT);
    if (front == 0) store<u32>(slide, 0, FRONT);
    if (next == capacity || rows == 0) dropFirst(slide);
  }
}

/** Makes all rows the front, which is empty. */
export function slideTurn(slide: usize): void {
  const measures = load<u32>(slide, MEASURES);
  const capacity = load<u32>(slide, CAPACITY);
  let chunk = <usize>load<u32>(slide, LAST);
  let rows = load<u32>(slide, TAIL);
  store<u32>(slide, <u32>chunk, FRONT);
  store<u32>(slide, rows, FRONT_ROWS);
  store<u32>(slide, load<u32>(slide, ROWS), FRONT_COUNT);
  for (let m: u32 = 0; m < measures; m++) {
    momentsInit(behind(chunk, capacity, measures, m));
    const cell = cellOf(slide, m);
    const link = load<u64>(cell, SKETCH);
    momentsInit(cell);
    store<u64>(cell, link, SKETCH);
  }
  for (const first = <usize>load<u32>(slide, FIRST); chunk != first; rows = capacity) {
    const previous = <usize>load<u32>(chunk, PREVIOUS);
    for (let m: u32 = 0; m < measures; m++) {
      const sum = behind(previous, capacity, measures, m);
      copyCell(sum, behind(chunk, capacity, measures, m));
      const values = valuesOf(chunk, capacity, m);
      for (let i = rows; i > 0; i--) addBits(sum, load<u64>(values + ((<usize>(i - 1)) << 3)));
    }
    chunk = previous;
  }
  makeNear(slide);
}

/** Writes what the window comes to at `out`: a cell a measure. Its sketches stay the slide's own. */
export function slideSum(slide: usize, out: usize): void {
  const measures = load<u32>(slide, MEASURES);
  const isFront = load<u32>(slide, FRONT) != 0;
  const near = <usize>load<u32>(slide, NEAR) + <usize>(load<u32>(slide, HEAD) * measures) * CELL;
  for (let m: u32 = 0; m < measures; m++) {
    const cell = cellOf(slide, m);
    const sum = out + <usize>m * CELL;
    if (isFront) {
      copyCell(sum, near + <usize>m * CELL);
      momentsMerge(sum, cell);
    } else {
      copyCell(sum, cell);
    }
    store<u64>(sum, 0, SKETCH);
    const sketch = load<u32>(cell, SKETCH);
    if (sketch != 0) cellAttach(sum, sketch);
  }
}

/** A spare chunk becomes the last. */
function append(slide: usize): void {
  const chunk = <usize>slideReturn(slide);
  const last = <usize>load<u32>(slide, LAST);
  store<u32>(chunk, 0, NEXT);
  store<u32>(chunk, <u32>last, PREVIOUS);
  if (last == 0) {
    store<u32>(slide, <u32>chunk, FIRST);
    store<u32>(slide, 0, HEAD);
  } else {
    store<u32>(last, <u32>chunk, NEXT);
  }
  store<u32>(slide, <u32>chunk, LAST);
}

/** No row of the first chunk is left. */
function dropFirst(slide: usize): void {
  const chunk = <usize>load<u32>(slide, FIRST);
  const next = load<u32>(chunk, NEXT);
  store<u32>(slide, next, FIRST);
  store<u32>(slide, 0, HEAD);
  if (next == 0) {
    store<u32>(slide, 0, LAST);
    store<u32>(slide, load<u32>(slide, CAPACITY), TAIL);
  } else {
    store<u32>(<usize>next, 0, PREVIOUS);
    if (load<u32>(slide, FRONT) != 0) makeNear(slide);
  }
  slideLend(slide, chunk);
}

/** The front from each row of the first chunk on. */
function makeNear(slide: usize): void {
  const measures = load<u32>(slide, MEASURES);
  const capacity = load<u32>(slide, CAPACITY);
  const chunk = <usize>load<u32>(slide, FIRST);
  const head = load<u32>(slide, HEAD);
  const near = <usize>load<u32>(slide, NEAR);
  const rows = <u32>chunk == load<u32>(slide, FRONT) ? load<u32>(slide, FRONT_ROWS) : capacity;
  for (let m: u32 = 0; m < measures; m++) {
    const values = valuesOf(chunk, capacity, m);
    let after = behind(chunk, capacity, measures, m);
    for (let i = rows; i > head; i--) {
      const sum = near + <usize>((i - 1) * measures + m) * CELL;
      copyCell(sum, after);
      addBits(sum, load<u64>(values + ((<usize>(i - 1)) << 3)));
      after = sum;
    }
  }
}

/**
 * Copies rows of a table's column into a batch's, run by run, so that rows between the runs are left out. Under a missing value a batch
 * has zeros, whatever lay there: the same rows give the same bytes.
 */

import { bitAt, copyBits } from "../runtime/batch/bits.ts";
import { copyElements } from "../runtime/batch/copy-elements.ts";
import { type Batch, type Column, ELEMENT_BYTES, type MemoryViews } from "../runtime/batch/index.ts";
import type { ColumnPlace } from "./table.ts";

/** Runs of rows, in order. They are overwritten by the next `find`. */
export class RowRuns {
  readonly #edges: Int32Array;
  count = 0;
  /** Of all runs. */
  rows = 0;

  /** @param maxRows that a run is looked for in, at the most */
  constructor(maxRows: number) {
    this.#edges = new Int32Array(maxRows + 2);
  }

  /** The runs of rows in [from, to) that are not `bad`. */
  find(bad: Uint8Array, from: number, to: number): this {
    this.count = 0;
    this.rows = 0;
    for (let row = from; row < to; ) {
      const start = bad.indexOf(0, row);
      if (start < 0 || start >= to) break;
      const next = bad.indexOf(1, start);
      row = next < 0 || next > to ? to : next;
      this.#edges[this.count * 2] = start;
      this.#edges[this.count * 2 + 1] = row;
      this.rows += row - start;
      this.count++;
    }
    return this;
  }

  start(run: number): number {
    return this.#edges[run * 2]!;
  }

  end(run: number): number {
    return this.#edges[run * 2 + 1]!;
  }
}

/** Bytes of text that the rows have in a `utf8` column. What lies under missing values does not count. */
export function textBytesIn(views: MemoryViews, place: ColumnPlace, runs: RowRuns): number {
  let bytes = 0;
  for (let run = 0; run < runs.count; run++) {
    bytes +=
      spanOf(views, place, runs.start(run), runs.end(run)) -
      hiddenBytes(views, place, runs.start(run), runs.end(run));
  }
  return bytes;
}

/**
 * Copies the rows of the runs, which are as many as the batch has.
 * @throws TypeError when a value is missing in a column that is declared never null: the batch is not published then
 */
export function copyColumn(batch: Batch, column: Column, place: ColumnPlace, runs: RowRuns): void {
  copyValidity(batch, column, place, runs);
  if (column.type === "utf8") copyText(batch, column, place, runs);
  else if (column.type === "bool") copyBooleans(batch, column, place, runs);
  else copyFixed(batch, column, place, runs, ELEMENT_BYTES[column.type]);
}

function copyValidity(batch: Batch, column: Column, { validityAt }: ColumnPlace, runs: RowRuns): void {
  if (validityAt === 0) return;
  const { u8 } = batch.views;
  if (column.validity >= 0) {
    copyBitRuns(u8, validityAt, batch.validityAt(column), runs);
    return;
  }
  for (let run = 0; run < runs.count; run++) {
    for (let row = runs.start(run); row < runs.end(run); ) {
      if ((row & 7) === 0 && u8[validityAt + (row >>> 3)] === 0xff) row += 8;
      else if (bitAt(u8, validityAt, row)) row++;
      else
        throw new TypeError(`a row to be written has no value in column ${column.name}, which is never null`);
    }
  }
}

function copyFixed(batch: Batch, column: Column, place: ColumnPlace, runs: RowRuns, width: number): void {
  const { views } = batch;
  const at = batch.dataAt(column);
  let to = at;
  for (let run = 0; run < runs.count; run++) {
    const start = runs.start(run);
    const count = runs.end(run) - start;
    copyElements(views, place.dataAt + start * width, views, to, width, count);
    to += count * width;
  }
  if (place.validityAt !== 0 && column.validity >= 0) zeroMissing(batch, column, width);
}

/** Zeros under missing values. Eight that follow each other are often many more: a column that nobody gave. */
function zeroMissing(batch: Batch, column: Column, width: number): void {
  const { u8 } = batch.views;
  const at = batch.dataAt(column);
  const validity = batch.validityAt(column);
  const { rows } = batch;
  const whole = validity + (rows >>> 3);
  for (let row = 0; row < rows; row += 8) {
    let bitmap = validity + (row >>> 3);
    const there = u8[bitmap]!;
    if (there === 0xff) continue;
    if (there === 0 && bitmap < whole) {
      const from = row;
      while (++bitmap < whole && u8[bitmap] === 0) row += 8;
      u8.fill(0, at + from * width, at + (row + 8) * width);
      continue;
    }
    // The bits behind the last row are set.
    for (let missing = ~there & 0xff; missing !== 0; missing &= missing - 1) {
      const from = at + (row + 31 - Math.clz32(missing & -missing)) * width;
      for (let byte = from; byte < from + width; byte++) u8[byte] = 0;
    }
  }
}

function copyBooleans(batch: Batch, column: Column, place: ColumnPlace, runs: RowRuns): void {
  const { u8 } = batch.views;
  const at = batch.dataAt(column);
  copyBitRuns(u8, place.dataAt, at, runs);
  if (place.validityAt === 0 || column.validity < 0) return;
  const validity = batch.validityAt(column);
  for (let byte = 0; byte < (batch.rows + 7) >>> 3; byte++)
    u8[at + byte] = u8[at + byte]! & u8[validity + byte]!;
}

function copyText(batch: Batch, column: Column, place: ColumnPlace, runs: RowRuns): void {
  const { u8, i32 } = batch.views;
  const from = place.dataAt >>> 2;
  const first = batch.textAt(column);
  let to = (batch.dataAt(column) >>> 2) + 1;
  let at = 0;
  const take = (start: number, end: number) => {
    const begin = i32[from + start]!;
    const by = at - begin;
    for (let row = start; row < end; row++) i32[to++] = i32[from + row + 1]! + by;
    const bytes = i32[from + end]! - begin;
    u8.copyWithin(first + at, place.textAt + begin, place.textAt + begin + bytes);
    at += bytes;
  };
  for (let run = 0; run < runs.count; run++) {
    const end = runs.end(run);
    if (hiddenBytes(batch.views, place, runs.start(run), end) === 0) {
      take(runs.start(run), end);
      continue;
    }
    for (let row = runs.start(run); row < end; ) {
      const start = row;
      while (row < end && bitAt(u8, place.validityAt, row)) row++;
      if (row > start) take(start, row);
      for (; row < end && !bitAt(u8, place.validityAt, row); row++) i32[to++] = at;
    }
  }
}

/** Bytes that the offsets of rows `from` to `to` span, whatever is there. */
function spanOf({ i32 }: MemoryViews, { dataAt }: ColumnPlace, from: number, to: number): number {
  return i32[(dataAt >>> 2) + to]! - i32[(dataAt >>> 2) + from]!;
}

/** How many of them lie under missing values. */
function hiddenBytes(
  { u8, i32 }: MemoryViews,
  { dataAt, validityAt }: ColumnPlace,
  from: number,
  to: number,
): number {
  if (validityAt === 0) return 0;
  const offsets = dataAt >>> 2;
  let bytes = 0;
  for (let row = from & ~7; row < to; row += 8) {
    for (let missing = ~u8[validityAt + (row >>> 3)]! & 0xff; missing !== 0; missing &= missing - 1) {
      const at = row + 31 - Math.clz32(missing & -missing);
      if (at >= from && at < to) bytes += i32[offsets + at + 1]! - i32[offsets + at]!;
    }
  }
  return bytes;
}

function copyBitRuns(u8: Uint8Array, from: number, to: number, runs: RowRuns): void {
  let done = 0;
  for (let run = 0; run < runs.count; run++) {
    const start = runs.start(run);
    const count = runs.end(run) - start;
    copyBits(u8, from * 8 + start, u8, to * 8 + done, count);
    done += count;
  }
}

/**
 * Values as pairs of 32-bit words, high and low, in which order is order: of two values of a column the lesser one has the
 * lesser words, read as unsigned numbers. Classes are looked up by them, rows are sorted by them, and they turn back into the
 * very values.
 *
 * A tuple is the cells of some columns, then a mask with a bit for each that is null: a null cell is 0 and the bit tells it
 * from a zero. NaN is one value, above infinity; -0 is 0.
 */

import type { Batch, Column, ColumnType, PublicBatch } from "../../../runtime/batch/index.ts";

/** Words of one cell. */
export const CELL_WORDS = 2;
const SIGN = 0x80000000;
const NAN_HIGH = 0xfff80000;

const pair = new Uint32Array(2);
const double = new Float64Array(pair.buffer);
/** Where a double's high half lies in `pair`: machines of either byte order are taken. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;
const TWO_32 = 4294967296;

/** Words of a tuple of that many cells. */
export function tupleWords(cells: number): number {
  return cells * CELL_WORDS + ((cells + 31) >>> 5);
}

/** Whether cell `cell` of the tuple at `at` is null. */
export function isNullCell(words: Uint32Array, at: number, cells: number, cell: number): boolean {
  return ((words[at + cells * CELL_WORDS + (cell >>> 5)]! >>> (cell & 31)) & 1) === 1;
}

/** Makes a cell nothing, not even null: what is left of a column that is removed. */
export function clearCell(words: Uint32Array, at: number, cells: number, cell: number): void {
  words[at + cell * CELL_WORDS] = 0;
  words[at + cell * CELL_WORDS + 1] = 0;
  const mask = at + cells * CELL_WORDS + (cell >>> 5);
  words[mask] = words[mask]! & ~(1 << (cell & 31));
}

/**
 * Writes cell `cell` of the tuples of rows `from` to `to`: the first tuple at word 0 of `into`, each of `cells` cells. The
 * masks must have been cleared.
 * @param column of the batch's own plan
 */
export function packCells(
  batch: PublicBatch,
  column: Column,
  from: number,
  to: number,
  into: Uint32Array,
  cells: number,
  cell: number,
): void {
  const stride = tupleWords(cells);
  const write = packer(batch, column);
  const bit = 1 << (cell & 31);
  let at = cell * CELL_WORDS;
  let mask = cells * CELL_WORDS + (cell >>> 5);
  for (let row = from; row < to; row++, at += stride, mask += stride) {
    if (!column.nullable || batch.isValid(column, row)) {
      write(row, into, at);
    } else {
      into[at] = 0;
      into[at + 1] = 0;
      into[mask] = into[mask]! | bit;
    }
  }
}

/**
 * Writes cell `cell` of `count` tuples, the first at word 0, as the first elements of a batch's column, whose bits and
 * validity are as `begin` left them.
 */
export function unpackCells(
  words: Uint32Array,
  count: number,
  cells: number,
  cell: number,
  batch: Batch,
  column: Column,
): void {
  const stride = tupleWords(cells);
  const write = unpacker(batch, column);
  for (let row = 0, at = 0; row < count; row++, at += stride) {
    if (isNullCell(words, at, cells, cell)) batch.setNull(column, row);
    else write(row, words[at + cell * CELL_WORDS]!, words[at + cell * CELL_WORDS + 1]!);
  }
}

/** The number that a cell of a numeric type holds; of 64-bit integers the nearest double. */
export function cellNumber(type: ColumnType, words: Uint32Array, at: number): number {
  const high = words[at]!;
  const low = words[at + 1]!;
  if (type === "f64" || type === "f32") return doubleOf(high, low);
  if (type === "timestamp" || type === "i64") return ((high ^ SIGN) | 0) * TWO_32 + low;
  if (type === "u64") return high * TWO_32 + low;
  return type === "i32" ? (low ^ SIGN) | 0 : low;
}

/** Puts a number into a cell of a numeric type. It must be one that the type holds. */
export function putCellNumber(type: ColumnType, words: Uint32Array, at: number, value: number): void {
  if (type === "f64" || type === "f32") {
    putDouble(words, at, type === "f32" ? Math.fround(value) : value);
    return;
  }
  if (type === "timestamp" || type === "i64" || type === "u64") {
    const high = Math.floor(value / TWO_32);
    words[at] = type === "u64" ? high : high ^ SIGN;
    words[at + 1] = value - high * TWO_32;
    return;
  }
  words[at] = 0;
  words[at + 1] = type === "i32" ? value ^ SIGN : value;
}

function packer(batch: PublicBatch, column: Column): (row: number, into: Uint32Array, at: number) => void {
  const { f64, f32, u32, u16, u8 } = batch.views;
  const data = batch.dataAt(column);
  const words = data >>> 2;
  const one = (read: (row: number) => number) => (row: number, into: Uint32Array, at: number) => {
    into[at] = 0;
    into[at + 1] = read(row);
  };
  switch (column.type) {
    case "f64":
      return (row, into, at) => putDouble(into, at, f64[(data >>> 3) + row]!);
    case "f32":
      return (row, into, at) => putDouble(into, at, f32[words + row]!);
    case "timestamp":
    case "i64":
    case "u64": {
      const flip = column.type === "u64" ? 0 : SIGN;
      return (row, into, at) => {
        into[at] = u32[words + row * 2 + 1]! ^ flip;
        into[at + 1] = u32[words + row * 2]!;
      };
    }
    case "i32":
      return one((row) => u32[words + row]! ^ SIGN);
    case "u32":
      return one((row) => u32[words + row]!);
    case "u16":
      return one((row) => u16[(data >>> 1) + row]!);
    case "u8":
    case "category":
      return one((row) => u8[data + row]!);
    case "bool":
      return one((row) => (u8[data + (row >>> 3)]! >>> (row & 7)) & 1);
    case "utf8":
      throw textLeaves(column);
  }
}

function unpacker(batch: Batch, column: Column): (row: number, high: number, low: number) => void {
  const { f64, f32, u32, u16, u8 } = batch.views;
  const data = batch.dataAt(column);
  const words = data >>> 2;
  switch (column.type) {
    case "f64":
      return (row, high, low) => {
        f64[(data >>> 3) + row] = doubleOf(high, low);
      };
    case "f32":
      return (row, high, low) => {
        f32[words + row] = doubleOf(high, low);
      };
    case "timestamp":
    case "i64":
    case "u64": {
      const flip = column.type === "u64" ? 0 : SIGN;
      return (row, high, low) => {
        u32[words + row * 2] = low;
        u32[words + row * 2 + 1] = high ^ flip;
      };
    }
    case "i32":
      return (row, _, low) => {
        u32[words + row] = low ^ SIGN;
      };
    case "u32":
      return (row, _, low) => {
        u32[words + row] = low;
      };
    case "u16":
      return (row, _, low) => {
        u16[(data >>> 1) + row] = low;
      };
    case "u8":
    case "category":
      return (row, _, low) => {
        u8[data + row] = low;
      };
    case "bool":
      return (row, _, low) => {
        if (low === 1) batch.setTrue(column, row);
      };
    case "utf8":
      throw textLeaves(column);
  }
}

/** Positive doubles order as their bits; of negative ones the bits are turned round. */
function putDouble(words: Uint32Array, at: number, value: number): void {
  if (Number.isNaN(value)) {
    words[at] = NAN_HIGH;
    words[at + 1] = 0;
    return;
  }
  double[0] = value + 0;
  const high = pair[HIGH]!;
  const isNegative = high >= SIGN;
  words[at] = isNegative ? ~high : high ^ SIGN;
  words[at + 1] = isNegative ? ~pair[LOW]! : pair[LOW]!;
}

function doubleOf(high: number, low: number): number {
  const isNegative = high < SIGN;
  pair[HIGH] = isNegative ? ~high : high ^ SIGN;
  pair[LOW] = isNegative ? ~low : low;
  return double[0]!;
}

function textLeaves({ name }: Column): RangeError {
  return new RangeError(`column ${name} is text, which is not exported: text that leaves would be raw`);
}

/**
 * A condition as loops over columns: each part fills a mask, a byte a row, 1 where it is true. No object is made for a row,
 * and what a loop reads from is one typed array.
 *
 * SQL's third truth value needs no third value here: negation is taken down to the columns, where it turns the test around
 * for the values that are there. What is missing passes neither the test nor its negation.
 */

import type { Column, ColumnType, PublicBatch } from "../runtime/batch/index.ts";
import type { Condition } from "./predicate-parser.ts";
import type { ValueTest } from "./predicate-values.ts";
import type { RowRun } from "./row-run.ts";
import type { TableShape } from "./shape.ts";

/** Gives a mask of the rows, which is there until the next call. It may be longer than the rows are many. */
export type Masks = (batch: PublicBatch, rows: RowRun) => Uint8Array;

/** Sets the mask of each row that passes to 1, and leaves the others: whether something is missing is not looked at. */
type Marker = (batch: PublicBatch, rows: RowRun, mask: Uint8Array) => void;

const ELEMENT_VIEWS = {
  f64: ["f64", 3],
  f32: ["f32", 2],
  u32: ["u32", 2],
  i32: ["i32", 2],
  u16: ["u16", 1],
  u8: ["u8", 0],
} as const;
const MIN_I64 = -(2n ** 63n);
const MAX_I64 = 2n ** 63n - 1n;
const MAX_U64 = 2n ** 64n - 1n;

/** @param columns the names of the columns that it looks at are added to it */
export function compileCondition(condition: Condition, shape: TableShape, columns: Set<string>): Masks {
  const compile = (part: Condition, isNegated: boolean): Masks => {
    switch (part.kind) {
      case "not":
        return compile(part.part, !isNegated);
      case "and":
      case "or": {
        const parts = part.parts.map((inner) => compile(inner, isNegated));
        return joined((part.kind === "and") !== isNegated, parts);
      }
      case "missing":
        columns.add(part.column);
        return missing(shape.plan.public(part.column), !isNegated);
      case "passes": {
        columns.add(part.column);
        const column = shape.plan.public(part.column);
        return passing(column, markers(column, part.tests), isNegated);
      }
    }
  };
  return compile(condition, false);
}

function joined(isAnd: boolean, parts: readonly Masks[]): Masks {
  const [first, ...others] = parts;
  return (batch, rows) => {
    const mask = first!(batch, rows);
    const count = rows.to - rows.from;
    for (const part of others) {
      const other = part(batch, rows);
      if (isAnd) for (let row = 0; row < count; row++) mask[row] = mask[row]! & other[row]!;
      else for (let row = 0; row < count; row++) mask[row] = mask[row]! | other[row]!;
    }
    return mask;
  };
}

function missing(column: Column, isWanted: boolean): Masks {
  const buffer = new MaskBuffer();
  return (batch, rows) => {
    const mask = buffer.of(rows, isWanted ? 0 : 1);
    forMissing(batch, column, rows, mask, isWanted ? 1 : 0);
    return mask;
  };
}

function passing(column: Column, marks: readonly Marker[], isNegated: boolean): Masks {
  const buffer = new MaskBuffer();
  return (batch, rows) => {
    const mask = buffer.of(rows, 0);
    for (const mark of marks) mark(batch, rows, mask);
    const count = rows.to - rows.from;
    if (isNegated) for (let row = 0; row < count; row++) mask[row] = mask[row]! ^ 1;
    forMissing(batch, column, rows, mask, 0);
    return mask;
  };
}

/** Sets the mask of each row whose value is missing. */
function forMissing(
  batch: PublicBatch,
  column: Column,
  { from, to }: RowRun,
  mask: Uint8Array,
  value: number,
) {
  const bitmap = batch.validityAt(column);
  if (bitmap === 0) return;
  const { u8 } = batch.views;
  for (let row = from; row < to; row++) {
    if (((u8[bitmap + (row >>> 3)]! >>> (row & 7)) & 1) === 0) mask[row - from] = value;
  }
}

/** All tests on a list are one table; intervals are looked at one by one. */
function markers(column: Column, tests: readonly ValueTest[]): readonly Marker[] {
  const places = tests.flatMap((test) => (test.kind === "listed" ? test.places : []));
  if (places.length > 0) return [listedMarker(column, places)];
  return tests.map((test): Marker => {
    if (test.kind === "listed") throw new RangeError(`column ${column.name} has no list of values`);
    if (column.type === "u64" || column.type === "i64" || column.type === "timestamp") {
      return wideMarker(column, BigInt(test.least), BigInt(test.most));
    }
    return narrowMarker(column, column.type, Number(test.least), Number(test.most));
  });
}

function listedMarker(column: Column, places: readonly number[]): Marker {
  const isListed = new Uint8Array(256);
  for (const place of places) isListed[place] = 1;
  const isBool = column.type === "bool";
  return (batch, { from, to }, mask) => {
    const { u8 } = batch.views;
    const at = batch.dataAt(column);
    for (let row = from; row < to; row++) {
      const place = isBool ? (u8[at + (row >>> 3)]! >>> (row & 7)) & 1 : u8[at + row]!;
      mask[row - from] = isListed[place]!;
    }
  };
}

function narrowMarker(column: Column, type: ColumnType, least: number, most: number): Marker {
  const [view, shift] = ELEMENT_VIEWS[type as keyof typeof ELEMENT_VIEWS];
  return (batch, { from, to }, mask) => {
    const values = batch.views[view];
    const first = batch.dataAt(column) >>> shift;
    for (let row = from; row < to; row++) {
      const value = values[first + row]!;
      if (value >= least && value <= most) mask[row - from] = 1;
    }
  };
}

/** 64 bits are compared as two words: a double does not hold them, and a bigint is an object. */
function wideMarker(column: Column, least: bigint, most: bigint): Marker {
  const isSigned = column.type !== "u64";
  const [lowest, highest] = isSigned ? [MIN_I64, MAX_I64] : [0n, MAX_U64];
  const from64 = least < lowest ? lowest : least;
  const to64 = most > highest ? highest : most;
  if (from64 > to64) return () => {};
  const [leastHigh, leastLow] = [Number(from64 >> 32n), Number(from64 & 0xffffffffn)];
  const [mostHigh, mostLow] = [Number(to64 >> 32n), Number(to64 & 0xffffffffn)];
  return (batch, { from, to }, mask) => {
    const lows = batch.views.u32;
    const highs = isSigned ? batch.views.i32 : lows;
    const first = batch.dataAt(column) >>> 2;
    for (let row = from; row < to; row++) {
      const low = lows[first + row * 2]!;
      const high = highs[first + row * 2 + 1]!;
      const isAbove = high > leastHigh || (high === leastHigh && low >= leastLow);
      if (isAbove && (high < mostHigh || (high === mostHigh && low <= mostLow))) mask[row - from] = 1;
    }
  };
}

/** A mask that grows with the longest run of rows. */
class MaskBuffer {
  #bytes = new Uint8Array(0);

  of({ from, to }: RowRun, value: number): Uint8Array {
    if (this.#bytes.length < to - from)
      this.#bytes = new Uint8Array(Math.max(to - from, this.#bytes.length * 2));
    return this.#bytes.fill(value, 0, to - from);
  }
}

/**
 * Figures of measures: count, sum, mean, variance, extremes and percentiles of numeric columns.
 *
 * A record is a cell (kernels.ts) for each measure: moments, and a sketch that is made with the first value and grows with what it has
 * to hold. Where the pool has no room for that, the cell is frozen until it is cleared: values that its sketch has no bin for are
 * in all figures but the percentiles, and counted in `truncated`.
 */

import {
  type BlockPool,
  CELL_BYTES,
  type Kernels,
  PoolExhausted,
  SKETCH_MAX_BYTES,
  SKETCH_MIN_BYTES,
} from "../wasm/index.ts";
import type { Accumulation } from "./accumulation.ts";
import type { RowColumns, ValueType } from "./rows.ts";
import type { StateReader, StateWriter } from "./state.ts";

type CellsAdd = Kernels["cellsAddF64"];

/** Of a cell, its moments alone. */
const SAVED_BYTES = 56;
/** What a saved sketch has at the least. */
const SKETCH_HEADER_BYTES = 80;
/** In place of a saved sketch's bytes. */
const NO_SKETCH = 0;
/** First double of the pool's block that the kernels count truncated values in. */
const SCRATCH_BYTES = 64;

export class Figures implements Accumulation {
  readonly kind = "figures";
  readonly measures: number;
  readonly #kernels: Kernels;
  readonly #pool: BlockPool;
  readonly #add: Readonly<Record<ValueType, CellsAdd>>;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  /** How far each column has got, within a call of `add`. */
  readonly #rows: Int32Array;
  readonly #recordBytes: number;
  readonly #scratchAt: number;

  /** @param measures columns of the rows, from 1 on. @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool, measures: number) {
    this.measures = measures;
    this.#kernels = kernels;
    this.#pool = pool;
    this.#add = {
      f64: kernels.cellsAddF64,
      f32: kernels.cellsAddF32,
      i64: kernels.cellsAddI64,
      i32: kernels.cellsAddI32,
      u64: kernels.cellsAddU64,
      u32: kernels.cellsAddU32,
      u16: kernels.cellsAddU16,
      u8: kernels.cellsAddU8,
    };
    const { buffer } = kernels.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#rows = new Int32Array(measures);
    this.#recordBytes = 2 ** Math.ceil(Math.log2(measures * CELL_BYTES));
    this.#scratchAt = pool.allocate(SCRATCH_BYTES);
    this.#f64[this.#scratchAt / 8] = 0;
  }

  get truncated(): number {
    return this.#f64[this.#scratchAt / 8]!;
  }

  /** Takes note of values that who else writes such records had no room for in percentiles. */
  countTruncated(values: number): void {
    this.#f64[this.#scratchAt / 8]! += values;
  }

  make(): number {
    const record = this.#pool.allocate(this.#recordBytes);
    for (let measure = 0; measure < this.measures; measure++) {
      this.#kernels.momentsInit(record + measure * CELL_BYTES);
    }
    return record;
  }

  add(columns: RowColumns, recordsAt: number, from: number, to: number): void {
    const rows = this.#rows;
    for (let measure = 0; measure < rows.length; measure++) {
      rows[measure] = this.#addColumn(columns, measure, recordsAt, from, to);
    }
    // Room is made in the order of the rows, whatever the columns and calls: where it ends must not depend on how rows were cut.
    for (;;) {
      let first = 0;
      for (let measure = 1; measure < rows.length; measure++) {
        if (rows[measure]! < rows[first]!) first = measure;
      }
      const row = rows[first]!;
      if (row === to) return;
      this.#makeRoom(this.#u32[recordsAt / 4 + row]! + first * CELL_BYTES);
      rows[first] = this.#addColumn(columns, first, recordsAt, row, to);
    }
  }

  merge(into: number, from: number): void {
    const { measures } = this;
    let measure = this.#kernels.cellsMerge(into, from, 0, measures, this.#scratchAt);
    while (measure < measures) {
      this.#makeRoom(into + measure * CELL_BYTES);
      measure = this.#kernels.cellsMerge(into, from, measure, measures, this.#scratchAt);
    }
  }

  isEmpty(record: number): boolean {
    for (let measure = 0; measure < this.measures; measure++) {
      if (this.count(record, measure) !== 0) return false;
    }
    return true;
  }

  clear(record: number): void {
    for (let cell = record; cell < this.#endOf(record); cell += CELL_BYTES) {
      const sketch = this.#kernels.cellSketch(cell);
      this.#kernels.momentsInit(cell);
      if (sketch === 0) continue;
      this.#kernels.sketchInit(sketch, this.#kernels.sketchBytes(sketch));
      this.#kernels.cellAttach(cell, sketch);
    }
  }

  free(record: number): void {
    for (let cell = record; cell < this.#endOf(record); cell += CELL_BYTES) {
      const sketch = this.#kernels.cellSketch(cell);
      if (sketch !== 0) this.#pool.free(sketch, this.#kernels.sketchBytes(sketch));
    }
    this.#pool.free(record, this.#recordBytes);
  }

  save(record: number, out: StateWriter): void {
    for (let cell = record; cell < this.#endOf(record); cell += CELL_BYTES) {
      const sketch = this.#kernels.cellSketch(cell);
      out.bytes(this.#u8, cell, SAVED_BYTES);
      out.u8(this.#kernels.cellIsFrozen(cell));
      const used = sketch === 0 ? NO_SKETCH : this.#kernels.sketchUsed(sketch);
      out.u32(used);
      if (used === NO_SKETCH) continue;
      out.u32(this.#kernels.sketchBytes(sketch));
      out.bytes(this.#u8, sketch, used);
    }
  }

  load(from: StateReader): number {
    const record = this.make();
    try {
      for (let cell = record; cell < this.#endOf(record); cell += CELL_BYTES) this.#loadCell(cell, from);
    } catch (error) {
      this.free(record);
      throw error;
    }
    return record;
  }

  /** Gives the memory back that is no record's: those are to be freed before. It must not be used afterwards. */
  close(): void {
    this.#pool.free(this.#scratchAt, SCRATCH_BYTES);
  }

  /** Values added; NaN and null are not among them. */
  count(record: number, measure: number): number {
    return this.#kernels.momentsCount(record + measure * CELL_BYTES);
  }

  nanCount(record: number, measure: number): number {
    return this.#kernels.momentsNanCount(record + measure * CELL_BYTES);
  }

  /** 0 when there is no value; all that follow are NaN then. */
  sum(record: number, measure: number): number {
    return this.#kernels.momentsSum(record + measure * CELL_BYTES);
  }

  mean(record: number, measure: number): number {
    return this.#kernels.momentsMean(record + measure * CELL_BYTES);
  }

  /** Of the values themselves: divided by their count. NaN when one of them is infinite. */
  variance(record: number, measure: number): number {
    return this.#kernels.momentsVariance(record + measure * CELL_BYTES, 0);
  }

  stddev(record: number, measure: number): number {
    return Math.sqrt(this.variance(record, measure));
  }

  min(record: number, measure: number): number {
    return this.#kernels.momentsMin(record + measure * CELL_BYTES);
  }

  max(record: number, measure: number): number {
    return this.#kernels.momentsMax(record + measure * CELL_BYTES);
  }

  /** The value at rank q × (count − 1), rounded down, within SKETCH_RELATIVE_ERROR. @param q from 0 to 1 */
  quantile(record: number, measure: number, q: number): number {
    const sketch = this.#kernels.cellSketch(record + measure * CELL_BYTES);
    return sketch === 0 ? Number.NaN : this.#kernels.sketchQuantile(sketch, q);
  }

  /** The same for each of `qs`, into the first elements of `out`. */
  quantiles(record: number, measure: number, qs: ArrayLike<number>, out: { [index: number]: number }): void {
    for (let i = 0; i < qs.length; i++) out[i] = this.quantile(record, measure, qs[i]!);
  }

  #endOf(record: number): number {
    return record + this.measures * CELL_BYTES;
  }

  /** @returns the first row that was not added, for want of room in its sketch */
  #addColumn(columns: RowColumns, measure: number, recordsAt: number, from: number, to: number): number {
    const { type, at, validity } = columns.values[measure]!;
    const add = this.#add[type];
    return add(at, validity, recordsAt, measure * CELL_BYTES, from, to, this.#scratchAt);
  }

  /** Makes a cell's sketch, or lets it grow to what it asks for; freezes the cell when there is no room. */
  #makeRoom(cell: number): void {
    const before = this.#kernels.cellSketch(cell);
    const bytes = before === 0 ? SKETCH_MIN_BYTES : this.#kernels.sketchNeeds(before);
    let sketch: number;
    try {
      sketch = this.#pool.allocate(bytes);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.#kernels.cellFreeze(cell);
      return;
    }
    if (before === 0) {
      this.#kernels.sketchInit(sketch, bytes);
    } else {
      this.#kernels.sketchGrow(before, sketch, bytes);
      this.#pool.free(before, this.#kernels.sketchBytes(before));
    }
    this.#kernels.cellAttach(cell, sketch);
  }

  #loadCell(cell: number, from: StateReader): void {
    from.bytes(this.#u8, cell, SAVED_BYTES);
    // Before the sketch is there: it counts less than the moments do.
    if (from.u8() !== 0) this.#kernels.cellFreeze(cell);
    const used = from.u32();
    if (used !== NO_SKETCH) this.#kernels.cellAttach(cell, this.#loadSketch(used, from));
  }

  #loadSketch(used: number, from: StateReader): number {
    const bytes = from.u32();
    const isBlock =
      bytes >= SKETCH_MIN_BYTES && bytes <= SKETCH_MAX_BYTES && Number.isInteger(Math.log2(bytes));
    if (!isBlock || used < SKETCH_HEADER_BYTES || used > bytes) {
      throw new RangeError(`expected a sketch in a block; came ${used} bytes in one of ${bytes}`);
    }
    const sketch = this.#pool.allocate(bytes);
    try {
      from.bytes(this.#u8, sketch, used);
      if (this.#kernels.sketchBytes(sketch) === bytes && this.#kernels.sketchUsed(sketch) === used) {
        return sketch;
      }
      throw new RangeError(`expected a sketch of ${used} bytes in a block of ${bytes}; came something else`);
    } catch (error) {
      this.#pool.free(sketch, bytes);
      throw error;
    }
  }
}

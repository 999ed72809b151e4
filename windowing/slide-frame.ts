/**
 * What all slides of an operator have in common: sizes of their blocks, views, room for a row, the record that windows come out in, and where
 * a kernel finds the columns.
 */

import {
  type BlockPool,
  CELL_BYTES,
  type Kernels,
  SLIDE_CHUNK_HEAD_BYTES,
  SLIDE_COLUMN_BYTES,
  SLIDE_HEAD_BYTES,
  VALUE_TYPES,
} from "../wasm/index.ts";
import type { Figures } from "./figures.ts";
import type { RowColumns } from "./rows.ts";

/** Rows of a chunk: as many as fill its block best. */
const LEAST_CAPACITY = 8;
const MOST_CAPACITY = 16;

export class SlideFrame {
  readonly kernels: Kernels;
  readonly pool: BlockPool;
  readonly figures: Figures;
  readonly measures: number;
  readonly capacity: number;
  readonly slideBytes: number;
  readonly chunkBytes: number;
  readonly nearBytes: number;
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  /** An f64 that a kernel counts in, and behind it room for a row. */
  readonly scratchAt: number;
  /** A record of the figures. The sketches that it names are the slides'. */
  readonly record: number;
  readonly #scratchBytes: number;
  readonly #columnsAt: number;
  readonly #columnsBytes: number;

  /** @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool, figures: Figures) {
    const { measures } = figures;
    const chunkBytes = (rows: number) =>
      blockOf(SLIDE_CHUNK_HEAD_BYTES + 8 * rows * (1 + measures) + measures * CELL_BYTES);
    let capacity = LEAST_CAPACITY;
    for (let rows = LEAST_CAPACITY + 1; rows <= MOST_CAPACITY; rows++) {
      if (chunkBytes(rows) / rows <= chunkBytes(capacity) / capacity) capacity = rows;
    }
    this.kernels = kernels;
    this.pool = pool;
    this.figures = figures;
    this.measures = measures;
    this.capacity = capacity;
    this.slideBytes = blockOf(SLIDE_HEAD_BYTES + measures * CELL_BYTES);
    this.chunkBytes = chunkBytes(capacity);
    this.nearBytes = blockOf(capacity * measures * CELL_BYTES);
    this.u8 = new Uint8Array(kernels.memory.buffer);
    this.u32 = new Uint32Array(kernels.memory.buffer);
    this.f64 = new Float64Array(kernels.memory.buffer);
    this.#scratchBytes = blockOf(8 + 8 * measures);
    this.#columnsBytes = blockOf(measures * SLIDE_COLUMN_BYTES);
    this.record = figures.make();
    try {
      this.scratchAt = pool.allocate(this.#scratchBytes);
      try {
        this.#columnsAt = pool.allocate(this.#columnsBytes);
      } catch (error) {
        pool.free(this.scratchAt, this.#scratchBytes);
        throw error;
      }
    } catch (error) {
      figures.free(this.record);
      throw error;
    }
    this.f64[this.scratchAt / 8] = 0;
  }

  /** Copies the values of rows to where the words (u32) at `slotsAt` + 4 × row say; 0: nowhere. */
  store(columns: RowColumns, slotsAt: number, from: number, to: number): void {
    let word = this.#columnsAt / 4;
    for (let measure = 0; measure < this.measures; measure++) {
      const { type, at, validity } = columns.values[measure]!;
      this.u32[word++] = VALUE_TYPES.indexOf(type);
      this.u32[word++] = at;
      this.u32[word++] = validity;
    }
    this.kernels.slideStore(this.#columnsAt, this.measures, slotsAt, from, to);
  }

  free(): void {
    for (let measure = 0; measure < this.measures; measure++) {
      this.kernels.momentsInit(this.record + measure * CELL_BYTES);
    }
    this.figures.free(this.record);
    this.pool.free(this.scratchAt, this.#scratchBytes);
    this.pool.free(this.#columnsAt, this.#columnsBytes);
  }
}

/** The smallest block for that many bytes. */
export function blockOf(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

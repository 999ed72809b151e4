/**
 * An accumulation for tests: a record remembers every row's values, in the order they came. So a test sees exactly which rows are in
 * a window, and that they were added one by one in order. A record takes a block of the pool, so that a pool can be exhausted.
 */

import { type BlockPool, type Kernels, PoolExhausted } from "../../wasm/index.ts";
import type { Accumulation } from "../../windowing/accumulation.ts";
import type { RowColumns, ValueColumn } from "../../windowing/rows.ts";
import type { StateReader, StateWriter } from "../../windowing/state.ts";

/** A row's values; null where there is none. */
export type Traced = readonly (number | null)[];

const RECORD_BYTES = 64;

export class RowTrace implements Accumulation {
  readonly kind = "figures";
  readonly truncated = 0;
  readonly #view: DataView;
  readonly #pool: BlockPool;
  readonly #records = new Map<number, Traced[]>();

  constructor(kernels: Kernels, pool: BlockPool) {
    this.#view = new DataView(kernels.memory.buffer);
    this.#pool = pool;
  }

  /** Records that are not freed. */
  get records(): number {
    return this.#records.size;
  }

  read(record: number): readonly Traced[] {
    return [...this.#of(record)];
  }

  make(): number {
    const record = this.#pool.allocate(RECORD_BYTES);
    this.#records.set(record, []);
    return record;
  }

  add(columns: RowColumns, recordsAt: number, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      const record = this.#view.getUint32(recordsAt + 4 * row, true);
      if (record !== 0) this.#of(record).push(columns.values.map((column) => this.#value(column, row)));
    }
  }

  merge(into: number, from: number): void {
    this.#of(into).push(...this.#of(from));
  }

  isEmpty(record: number): boolean {
    return !this.#of(record).some((values) => values.some((value) => value !== null && !Number.isNaN(value)));
  }

  clear(record: number): void {
    this.#of(record).length = 0;
  }

  free(record: number): void {
    this.#of(record);
    this.#records.delete(record);
    this.#pool.free(record, RECORD_BYTES);
  }

  save(record: number, out: StateWriter): void {
    const rows = this.#of(record);
    out.u32(rows.length);
    for (const values of rows) {
      out.u32(values.length);
      for (const value of values) {
        out.u8(value === null ? 0 : 1);
        out.f64(value ?? 0);
      }
    }
  }

  load(from: StateReader): number {
    const rows: Traced[] = [];
    for (let left = from.u32(); left > 0; left--) {
      const values: (number | null)[] = [];
      for (let more = from.u32(); more > 0; more--) {
        const isValue = from.u8() === 1;
        const value = from.f64();
        values.push(isValue ? value : null);
      }
      rows.push(values);
    }
    const record = this.make();
    this.#of(record).push(...rows);
    return record;
  }

  #of(record: number): Traced[] {
    const rows = this.#records.get(record);
    if (rows === undefined) throw new Error(`there is no record at ${record}`);
    return rows;
  }

  #value(column: ValueColumn, row: number): number | null {
    if (column.validity !== 0) {
      const bits = this.#view.getUint8(column.validity + (row >> 3));
      if (((bits >> (row & 7)) & 1) === 0) return null;
    }
    const { type, at } = column;
    const view = this.#view;
    if (type === "f64") return view.getFloat64(at + 8 * row, true);
    if (type === "f32") return view.getFloat32(at + 4 * row, true);
    if (type === "i64") return Number(view.getBigInt64(at + 8 * row, true));
    if (type === "u64") return Number(view.getBigUint64(at + 8 * row, true));
    if (type === "i32") return view.getInt32(at + 4 * row, true);
    if (type === "u32") return view.getUint32(at + 4 * row, true);
    if (type === "u16") return view.getUint16(at + 2 * row, true);
    return view.getUint8(at + row);
  }
}

/** A row trace that has room for so many records, and throws beyond. */
export class BoundedRowTrace extends RowTrace {
  /** Records that it was asked for and had no room for. */
  refusals = 0;
  readonly #most: number;

  constructor(kernels: Kernels, pool: BlockPool, most: number) {
    super(kernels, pool);
    this.#most = most;
  }

  override make(): number {
    if (this.records < this.#most) return super.make();
    this.refusals++;
    throw new PoolExhausted("no record is left");
  }
}

/**
 * The rows of a batch as an operator takes them: columns in the kernels' memory. A batch in a slot, or in the window that the log is
 * read through, lies there already; one that was laid out anew, as its dataset was declared otherwise then, is copied there.
 */

import type { Dataset, WindowSpec } from "../../datasets/define.ts";
import { windowedColumns } from "../../datasets/windowed-columns.ts";
import { alignUp } from "../../runtime/arena.ts";
import { type Column, type ColumnType, ELEMENT_BYTES, type PublicBatch } from "../../runtime/batch/index.ts";
import type { KeyColumn, RowColumns, ValueColumn, ValueType } from "../../windowing/rows.ts";
import { loggedMs } from "../store/log/log-format.ts";

const VALUE_TYPES: Readonly<Partial<Record<ColumnType, ValueType>>> = {
  f64: "f64",
  f32: "f32",
  i64: "i64",
  i32: "i32",
  u64: "u64",
  u32: "u32",
  u16: "u16",
  u8: "u8",
  category: "u8",
};

/** Rows that are handed on at once: their validity begins with a byte. */
export function mostRows({ batchRows }: Dataset): number {
  return alignUp(batchRows, 8);
}

/** Bytes that the columns of a batch take when they have to be copied. */
export function columnBytes(source: Dataset, by: WindowSpec): number {
  const rows = mostRows(source);
  const columns = [source.time, ...(by.groupBy === undefined ? [] : [by.groupBy]), ...windowedColumns(by)];
  return columns.reduce(
    (bytes, name) =>
      bytes + alignUp(rows * ELEMENT_BYTES[source.plan.public(name).type], 8) + alignUp(rows / 8, 8),
    0,
  );
}

export class BatchColumns {
  readonly #source: Dataset;
  readonly #time: Column;
  readonly #key: Column | undefined;
  readonly #values: readonly Column[];
  readonly #u8: Uint8Array;
  readonly #copyAt: number;
  #copied = 0;

  /** @param copyAt `columnBytes` of the shared memory, on a multiple of 8 */
  constructor(memory: WebAssembly.Memory, source: Dataset, by: WindowSpec, copyAt: number) {
    const { plan } = source;
    this.#source = source;
    this.#time = plan.public(source.time);
    this.#key = by.groupBy === undefined ? undefined : plan.public(by.groupBy);
    this.#values = windowedColumns(by).map((name) => plan.public(name));
    this.#u8 = new Uint8Array(memory.buffer);
    this.#copyAt = copyAt;
  }

  /** All rows, in pieces that an operator takes; mostly one. Each is there until the next is asked for. */
  *of(batch: PublicBatch): Generator<RowColumns, void, void> {
    const most = mostRows(this.#source);
    for (let from = 0; from < batch.rows; from += most) {
      yield this.#piece(batch, from, Math.min(most, batch.rows - from));
    }
  }

  #piece(batch: PublicBatch, from: number, rows: number): RowColumns {
    this.#copied = 0;
    const at = (column: Column) => this.#data(batch, column, from, rows);
    const columns = {
      rows,
      timesAt: at(this.#time),
      values: this.#values.map(
        (column): ValueColumn => ({
          type: VALUE_TYPES[column.type] as ValueType,
          at: at(column),
          validity: this.#validity(batch, column, from, rows),
        }),
      ),
      writtenMs: loggedMs(batch.writtenMs),
    };
    const key = this.#key;
    if (key === undefined) return columns;
    return { ...columns, keys: { width: ELEMENT_BYTES[key.type] as KeyColumn["width"], at: at(key) } };
  }

  #data(batch: PublicBatch, column: Column, from: number, rows: number): number {
    const width = ELEMENT_BYTES[column.type];
    return this.#here(batch, batch.dataAt(column) + from * width, rows * width);
  }

  #validity(batch: PublicBatch, column: Column, from: number, rows: number): number {
    const at = batch.validityAt(column);
    return at === 0 || column.validity < 0 ? 0 : this.#here(batch, at + from / 8, (rows + 7) >>> 3);
  }

  /** Where bytes of the batch are in the kernels' memory. */
  #here({ views }: PublicBatch, at: number, bytes: number): number {
    if (views.buffer === this.#u8.buffer) return at;
    const target = this.#copyAt + this.#copied;
    this.#u8.set(views.u8.subarray(at, at + bytes), target);
    this.#copied += alignUp(bytes, 8);
    return target;
  }
}

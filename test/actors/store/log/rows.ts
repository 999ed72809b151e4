/** Synthetic public rows: written into batches by the type of each column, and read back without the code under test. */

import type { Dataset } from "../../../../datasets/define.ts";
import {
  type Batch,
  type Column,
  type ColumnType,
  ELEMENT_BYTES,
  type PublicBatch,
} from "../../../../runtime/batch/index.ts";

export type Value = number | bigint | string | boolean | null;
export type PlainRow = Readonly<Record<string, Value>>;

export interface FillOptions {
  readonly random: () => number;
  /** Event time of each row, ms. */
  readonly timeMs: (row: number) => number;
}

/** Fills a batch that was begun: nulls and all 64 bits of pseudonyms are among its values. Does not seal it. */
export function fillRows(batch: Batch, dataset: Dataset, { random, timeMs }: FillOptions): void {
  const { rows } = batch;
  const classes = new Map(dataset.publicColumns.map(({ name, spec }) => [name, spec.class]));
  const view = new DataView(batch.views.buffer);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const column of dataset.plan.publicColumns) {
    for (let row = 0; row < rows; row++) {
      if (column.name === dataset.time) {
        view.setBigInt64(batch.dataAt(column) + row * 8, BigInt(timeMs(row)), true);
        min = Math.min(min, timeMs(row));
        max = Math.max(max, timeMs(row));
      } else if (column.nullable && random() < 0.2) {
        batch.setNull(column, row);
      } else {
        setValue(view, batch, column, row, random);
        // A pseudonym has all 64 bits; a figure is what a double holds.
        const isMeasure = classes.get(column.name) === "measure";
        if (isMeasure && column.type === "u64") view.setUint16(batch.dataAt(column) + row * 8 + 6, 0, true);
      }
    }
  }
  batch.setTimes(min, max, 0);
}

/** @param columns default: all of its plan */
export function readRows(batch: PublicBatch, columns = batch.plan.publicColumns): PlainRow[] {
  const view = new DataView(batch.views.buffer);
  return Array.from({ length: batch.rows }, (_, row) =>
    Object.fromEntries(columns.map((column) => [column.name, valueAt(view, batch, column, row)])),
  );
}

function setValue(view: DataView, batch: Batch, column: Column, row: number, random: () => number): void {
  const at = batch.dataAt(column) + row * ELEMENT_BYTES[column.type];
  const setters: Readonly<Record<ColumnType, () => void>> = {
    f64: () => view.setFloat64(at, Math.round(random() * 1e9) / 1e3, true),
    f32: () => view.setFloat32(at, random() * 100, true),
    u32: () => view.setUint32(at, random() * 2 ** 32, true),
    i32: () => view.setInt32(at, (random() - 0.5) * 2 ** 32, true),
    u16: () => view.setUint16(at, random() * 65536, true),
    u8: () => view.setUint8(at, random() * 256),
    u64: () => {
      view.setUint32(at, random() * 2 ** 32, true);
      view.setUint32(at + 4, random() * 2 ** 32, true);
    },
    i64: () => view.setBigInt64(at, BigInt(Math.floor(random() * 1e12)), true),
    timestamp: () => view.setBigInt64(at, BigInt(Math.floor(random() * 1e12)), true),
    bool: () => {
      if (random() < 0.5) batch.setTrue(column, row);
    },
    category: () => view.setUint8(at, random() * (column.values?.length ?? 1)),
    utf8: () => {
      throw new Error("no public column is text");
    },
  };
  setters[column.type]();
}

function valueAt(view: DataView, batch: PublicBatch, column: Column, row: number): Value {
  if (!batch.isValid(column, row)) return null;
  const at = batch.dataAt(column) + row * ELEMENT_BYTES[column.type];
  switch (column.type) {
    case "f64":
      return view.getFloat64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "u16":
      return view.getUint16(at, true);
    case "u8":
      return view.getUint8(at);
    case "u64":
      return view.getBigUint64(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "timestamp":
      return Number(view.getBigInt64(at, true));
    case "bool":
      return ((view.getUint8(batch.dataAt(column) + (row >>> 3)) >>> (row & 7)) & 1) === 1;
    case "category":
      return column.values?.[view.getUint8(at)] ?? null;
    case "utf8":
      throw new Error("no public column is text");
  }
}

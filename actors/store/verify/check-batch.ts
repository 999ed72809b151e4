/** Whether a batch holds what a batch can hold: its buffers where they may be, categories from their list, times as said. */

import { type Column, ELEMENT_BYTES, type PublicBatch, readInt64 } from "../../../runtime/batch/index.ts";

/** Smallest and largest event time, ms; ±Infinity of a batch without rows. */
export interface TimeSpan {
  readonly minMs: number;
  readonly maxMs: number;
}

/** @returns the column whose buffers are not within bytes `from` to `to` of what the batch lies in, or undefined */
export function bufferFault(batch: PublicBatch, from: number, to: number): string | undefined {
  const bits = (batch.rows + 7) >>> 3;
  const fault = batch.plan.publicColumns.find((column) => {
    const width = ELEMENT_BYTES[column.type];
    const data = column.type === "utf8" ? (batch.rows + 1) * 4 : width === 0 ? bits : batch.rows * width;
    const isWithin = (at: number, bytes: number) => at >= from && at + bytes <= to;
    const hasValidity = column.validity < 0 || isWithin(batch.validityAt(column), bits);
    return !hasValidity || !isWithin(batch.dataAt(column), data);
  });
  return fault === undefined ? undefined : `column ${fault.name} lies outside of it`;
}

/** @returns the column that holds what is not in its list, or undefined */
export function valueFault(batch: PublicBatch, columns: readonly Column[]): string | undefined {
  const { u8 } = batch.views;
  for (const column of columns) {
    if (column.type !== "category") continue;
    const count = column.values?.length ?? 0;
    const at = batch.dataAt(column);
    for (let row = 0; row < batch.rows; row++) {
      if (u8[at + row]! >= count && batch.isValid(column, row)) {
        return `column ${column.name} has value ${u8[at + row]} of ${count} in row ${row}`;
      }
    }
  }
  return undefined;
}

export function timeSpan(batch: PublicBatch, time: Column): TimeSpan {
  const { i32 } = batch.views;
  const times = batch.dataAt(time) >>> 2;
  let [minMs, maxMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < batch.rows; row++) {
    const timeMs = readInt64(i32, times + row * 2);
    minMs = Math.min(minMs, timeMs);
    maxMs = Math.max(maxMs, timeMs);
  }
  return { minMs, maxMs };
}

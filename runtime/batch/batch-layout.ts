/**
 * Where what of a batch lies in its slot: header, buffer table, Arrow metadata, public buffers, raw buffers. The buffer table has the offset
 * in the slot and the length of each buffer, two words each, in the order of the plan's buffer numbers.
 */

import { alignUp } from "../arena.ts";
import { type RecordBatchTemplate, recordBatchTemplate } from "./ipc.ts";
import { type BatchPlan, type Column, ELEMENT_BYTES } from "./schema.ts";
import type { MemoryViews } from "./views.ts";

export const HEADER_BYTES = 96;

/** Bytes that each `utf8` column of a batch may take: by public column name, or raw name for those with own buffers. */
export type TextBytes = Readonly<Record<string, number>>;

/** Bytes that a batch of `rows` of this plan takes in a slot; as `Batch.bytesFor`, for who has no memory yet. */
export function batchBytes(plan: BatchPlan, rows: number, textBytes: TextBytes = {}): number {
  return endOf(bodyOffset(plan, recordBatchTemplate(plan.publicColumns)), plan, rows, textBytes);
}

/** Where a batch's Arrow body begins in its slot: behind header, buffer table and metadata. */
export function bodyOffset(plan: BatchPlan, template: RecordBatchTemplate): number {
  return alignUp(HEADER_BYTES + plan.bufferCount * 8, 8) + template.bytes.byteLength;
}

/** Where a batch of `rows` whose body begins at `bodyAt` ends in its slot. */
export function endOf(bodyAt: number, plan: BatchPlan, rows: number, textBytes: TextBytes): number {
  let bytes = bodyAt;
  for (const column of [...plan.publicColumns, ...plan.rawOnlyColumns]) {
    for (const part of bufferBytes(column, rows, textBytes)) bytes = alignUp(bytes, 8) + part;
  }
  return alignUp(bytes, 8);
}

/** Byte offset of a buffer in the memory. */
export function bufferAt(i32: Int32Array, slot: number, index: number): number {
  return slot + i32[((slot + HEADER_BYTES) >>> 2) + index * 2]!;
}

/** Bytes of a buffer. */
export function bufferLength(i32: Int32Array, slot: number, index: number): number {
  return i32[((slot + HEADER_BYTES) >>> 2) + index * 2 + 1]!;
}

/**
 * Lays out a column's buffers, all of its rows valid, and its bits 0. Gaps before them are zeroed; other elements are as they were.
 * @param at where they may begin, as an offset in the slot
 * @returns where they end
 */
export function layColumn(
  { i32, u8 }: MemoryViews,
  slot: number,
  at: number,
  column: Column,
  rows: number,
  textBytes: TextBytes,
): number {
  const parts = bufferBytes(column, rows, textBytes);
  let table = ((slot + HEADER_BYTES) >>> 2) + firstBuffer(column) * 2;
  let end = at;
  for (const bytes of parts) {
    const aligned = alignUp(end, 8);
    if (aligned !== end) u8.fill(0, slot + end, slot + aligned);
    i32[table++] = aligned;
    i32[table++] = bytes;
    end = aligned + bytes;
  }
  if (column.validity >= 0) {
    const start = bufferAt(i32, slot, column.validity);
    u8.fill(0xff, start, start + (parts[0] ?? 0));
  }
  if (column.type === "bool") {
    const start = bufferAt(i32, slot, column.data);
    u8.fill(0, start, start + ((rows + 7) >>> 3));
  }
  // The first offset of a text column is always 0; the writer sets the others.
  if (column.type === "utf8") i32[bufferAt(i32, slot, column.data) >>> 2] = 0;
  return end;
}

function firstBuffer(column: Column): number {
  return column.validity >= 0 ? column.validity : column.data;
}

/** Lengths of a column's buffers, in the order they have in the buffer table. */
function bufferBytes(column: Column, rows: number, textBytes: TextBytes): readonly number[] {
  const parts: number[] = [];
  const bits = (rows + 7) >>> 3;
  if (column.validity >= 0) parts.push(bits);
  if (column.type === "utf8") {
    parts.push((rows + 1) * 4, textBytes[column.name] ?? 0);
  } else if (column.type === "bool") {
    parts.push(bits);
  } else {
    parts.push(rows * ELEMENT_BYTES[column.type]);
  }
  return parts;
}

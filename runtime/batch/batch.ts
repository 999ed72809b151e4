/**
 * A record batch in a slot of a lane, written and read in place.
 *
 *     header         96 bytes (batch-header.ts): state, rows, first sequence, event times, which request the rows came by
 *     buffer table   offset and length of each buffer, 8 bytes each
 *     message        Arrow IPC: metadata, then the public buffers, each on a multiple of 8
 *     raw part       buffers of what may not leave, wiped before any later stage sees the slot
 *
 * A `Batch` is a flyweight: one object a stage, moved from slot to slot by `begin` and `bind`. It holds no bytes.
 */

import { alignUp } from "../arena.ts";
import { BatchHeader } from "./batch-header.ts";
import {
  bodyOffset,
  bufferAt,
  bufferLength,
  endOf,
  HEADER_BYTES,
  layColumn,
  type TextBytes,
} from "./batch-layout.ts";
import { writeMetadata } from "./batch-metadata.ts";
import { type RecordBatchTemplate, recordBatchTemplate } from "./ipc.ts";
import type { PublicBatch } from "./public-batch.ts";
import { type BatchPlan, type Column, ELEMENT_BYTES } from "./schema.ts";

export interface BatchOptions {
  /** Number of the first row in its dataset; whole, from 0 to 2^53. */
  readonly firstSequence: number;
  /** Number of the first row of the next batch; default `firstSequence` + rows. More than that away: the rows between were dropped. */
  readonly endSequence?: number;
  readonly textBytes?: TextBytes;
}

export class Batch extends BatchHeader implements PublicBatch {
  readonly plan: BatchPlan;
  readonly #template: RecordBatchTemplate;
  readonly #bodyAt: number;

  /** @param memory the shared one, or whatever else has a buffer of a multiple of 8 bytes that does not grow */
  constructor(memory: { readonly buffer: ArrayBufferLike }, plan: BatchPlan) {
    super(memory);
    this.plan = plan;
    this.#template = recordBatchTemplate(plan.publicColumns);
    this.#bodyAt = bodyOffset(plan, this.#template);
  }

  /** Bytes that a batch of `rows` takes in a slot. */
  bytesFor(rows: number, textBytes: TextBytes = {}): number {
    return endOf(this.#bodyAt, this.plan, rows, textBytes);
  }

  /**
   * Lays out an empty batch of `rows` (≥ 0) in the slot at byte `slot` and binds to it, in state RAW. Validity bitmaps
   * start all valid and bits all 0, gaps are zeroed (the same rows give the same bytes, whatever lay there before); all
   * other elements are the writer's to fill.
   * @throws RangeError when `slotBytes` are too few: the caller asks `bytesFor` first
   */
  begin(slot: number, slotBytes: number, rows: number, options: BatchOptions): this {
    const textBytes = options.textBytes ?? {};
    const needed = this.bytesFor(rows, textBytes);
    if (needed > slotBytes) {
      throw new RangeError(`a batch of ${rows} rows takes ${needed} bytes; the slot has ${slotBytes}`);
    }
    this.at = slot;
    const { views } = this;
    let at = this.#bodyAt;
    for (const column of this.plan.publicColumns) at = layColumn(views, slot, at, column, rows, textBytes);
    const rawAt = alignUp(at, 8);
    views.u8.fill(0, slot + at, slot + rawAt);
    at = rawAt;
    for (const column of this.plan.rawOnlyColumns) at = layColumn(views, slot, at, column, rows, textBytes);
    this.start({
      rows,
      firstSequence: options.firstSequence,
      endSequence: options.endSequence ?? options.firstSequence + rows,
      messageAt: this.#bodyAt - this.#template.bytes.byteLength,
      rawAt,
      endAt: alignUp(at, 8),
    });
    return this;
  }

  /** Moves to the batch in the slot at byte `slot`. */
  bind(slot: number): this {
    this.at = slot;
    return this;
  }

  /**
   * As `bind`, and makes sure that nothing raw is left in it.
   * @throws Error when the batch has not been made public: a stage in front of the anonymizer asked for it
   */
  bindPublic(slot: number): this {
    this.bind(slot);
    if (this.state !== "public") throw new Error("a batch was read before its identifiers were taken out");
    return this;
  }

  /** Byte offset of a column's elements (or int32 offsets, for text) in the shared memory. */
  dataAt(column: Column): number {
    return this.#bufferAt(column.data);
  }

  /** Byte offset of a text column's bytes. */
  textAt(column: Column): number {
    return this.#bufferAt(column.text);
  }

  /** Bytes that a text column may take in this batch. */
  textCapacity(column: Column): number {
    return bufferLength(this.views.i32, this.at, column.text);
  }

  /** Byte offset of a column's validity bitmap (bit set: valid, least significant bit first), or 0: all are valid. */
  validityAt(column: Column): number {
    return column.validity < 0 ? 0 : this.#bufferAt(column.validity);
  }

  isValid(column: Column, row: number): boolean {
    if (column.validity < 0) return true;
    return ((this.views.u8[this.#bufferAt(column.validity) + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
  }

  /** Marks a fixed-width element as missing and zeroes it. @throws RangeError on a column that is never null */
  setNull(column: Column, row: number): void {
    if (column.validity < 0) throw new RangeError(`column ${column.name} is declared never null`);
    const at = this.#bufferAt(column.validity) + (row >>> 3);
    this.views.u8[at] = this.views.u8[at]! & ~(1 << (row & 7));
    const bytes = ELEMENT_BYTES[column.type];
    const element = this.#bufferAt(column.data) + row * bytes;
    this.views.u8.fill(0, element, element + bytes);
  }

  /** Sets an element of a `bool` column to true; all are false after `begin`. */
  setTrue(column: Column, row: number): void {
    const at = this.#bufferAt(column.data) + (row >>> 3);
    this.views.u8[at] = this.views.u8[at]! | (1 << (row & 7));
  }

  /**
   * Writes the Arrow metadata of the public part, sets the state to PUBLIC, and so makes `message` valid.
   * The raw part must have been wiped, or never have been there.
   */
  seal(): void {
    const placed = { slot: this.at, messageAt: this.messageAt, endAt: this.rawPart().at };
    writeMetadata(this.views, placed, this.plan, this.#template, this.rows);
    this.state = "public";
  }

  /**
   * Drops all rows: wipes the slot behind its header and makes it a batch of none, so that later stages pass over it. The
   * numbers of its rows stay used. The header goes last, so that it can be repeated by who finds it half done.
   */
  discard(slotBytes: number): void {
    const { firstSequence, endSequence } = this;
    this.views.u8.fill(0, this.at + HEADER_BYTES, this.at + slotBytes);
    this.begin(this.at, slotBytes, 0, { firstSequence, endSequence });
  }

  #bufferAt(index: number): number {
    return bufferAt(this.views.i32, this.at, index);
  }
}

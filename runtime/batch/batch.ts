/**
 * A record batch in a slot of a lane, written and read in place.
 *
 *     header         96 bytes: state, rows, first sequence, event times, which request the rows came by
 *     buffer table   offset and length of each buffer, 8 bytes each
 *     message        Arrow IPC: metadata, then the public buffers, each on a multiple of 8
 *     raw part       buffers of what may not leave, wiped before any later stage sees the slot
 *
 * A `Batch` is a flyweight: one object a stage, moved from slot to slot by `begin` and `bind`. It holds no bytes.
 *
 * The state word only moves forward: RAW → PSEUDONYMIZED → PUBLIC. Between the last two the raw part is wiped. The words
 * are set in that order so that a stage that died between any two writes can be repeated: while RAW, the raw part is whole
 * and everything derived from it can be derived again; once PSEUDONYMIZED, only the wiping is repeated. A public batch may be given up:
 * it is public still, and who stands behind the stage that could not take it passes it over.
 */

import { alignUp } from "../arena.ts";
import { type RecordBatchTemplate, recordBatchTemplate } from "./ipc.ts";
import type { PublicBatch } from "./public-batch.ts";
import { keyText, putKey } from "./request-key.ts";
import { type BatchPlan, type Column, ELEMENT_BYTES } from "./schema.ts";
import { type MemoryViews, viewsOf, writeInt64 } from "./views.ts";

const STATE = 0;
const ROWS = 1;
const SEQUENCE_F64 = 1;
const MIN_TIME_F64 = 2;
const MAX_TIME_F64 = 3;
const WRITTEN_F64 = 4;
const MESSAGE_AT = 10;
const MESSAGE_BYTES = 11;
const RAW_AT = 12;
const RAW_BYTES = 13;
const END_SEQUENCE_F64 = 7;
/** Key in four words, checksum of the body, first row; zeros: there is none. */
const ORIGIN = 16;
const HEADER_BYTES = 96;

export type BatchState = "raw" | "pseudonymized" | "public";
const STATE_CODES: Readonly<Record<BatchState, number>> = { raw: 1, pseudonymized: 2, public: 3 };
/** Public too, and no stage behind the one that gave it up is to take its rows. */
const GIVEN_UP = 4;

/** Bytes that each `utf8` column of a batch may take: by public column name, or raw name for those with own buffers. */
export type TextBytes = Readonly<Record<string, number>>;

/** Which request a batch's rows came by, and which of its rows they are. Nothing in it says what the rows are. */
export interface BatchOrigin {
  /** 128 bits in 32 hex digits, not all 0. */
  readonly key: string;
  /** Checksum of the request's body, 32 bits. */
  readonly body: number;
  /** Which of the accepted rows of the request the batch's first one is, from 0. The others follow it one by one. */
  readonly firstRow: number;
}

export interface BatchOptions {
  /** Number of the first row in its dataset; whole, from 0 to 2^53. */
  readonly firstSequence: number;
  /** Number of the first row of the next batch; default `firstSequence` + rows. More than that away: the rows between were dropped. */
  readonly endSequence?: number;
  readonly textBytes?: TextBytes;
}

export class Batch implements PublicBatch {
  readonly plan: BatchPlan;
  readonly views: MemoryViews;
  readonly #template: RecordBatchTemplate;
  readonly #bodyAt: number;
  #slot = -1;

  /** @param memory the shared one, or whatever else has a buffer of a multiple of 8 bytes that does not grow */
  constructor(memory: { readonly buffer: ArrayBufferLike }, plan: BatchPlan) {
    this.plan = plan;
    this.views = viewsOf(memory.buffer);
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
    this.#slot = slot;
    const { i32, f64, u8 } = this.views;
    const words = slot >>> 2;
    let at = this.#bodyAt;
    const lay = (column: Column) => {
      const parts = bufferBytes(column, rows, textBytes);
      let table = words + (HEADER_BYTES >>> 2) + firstBuffer(column) * 2;
      for (const bytes of parts) {
        const aligned = alignUp(at, 8);
        if (aligned !== at) u8.fill(0, slot + at, slot + aligned);
        at = aligned;
        i32[table++] = at;
        i32[table++] = bytes;
        at += bytes;
      }
      if (column.validity >= 0) {
        const start = this.#bufferAt(column.validity);
        u8.fill(0xff, start, start + (parts[0] ?? 0));
      }
      if (column.type === "bool") {
        const start = this.#bufferAt(column.data);
        u8.fill(0, start, start + ((rows + 7) >>> 3));
      }
      // The first offset of a text column is always 0; the writer sets the others.
      if (column.type === "utf8") i32[this.#bufferAt(column.data) >>> 2] = 0;
    };
    this.plan.publicColumns.forEach(lay);
    const rawAt = alignUp(at, 8);
    u8.fill(0, slot + at, slot + rawAt);
    at = rawAt;
    this.plan.rawOnlyColumns.forEach(lay);
    i32[words + ROWS] = rows;
    i32[words + MESSAGE_AT] = this.#bodyAt - this.#template.bytes.byteLength;
    i32[words + MESSAGE_BYTES] = rawAt - this.#bodyAt + this.#template.bytes.byteLength;
    i32[words + RAW_AT] = rawAt;
    i32[words + RAW_BYTES] = alignUp(at, 8) - rawAt;
    const doubles = slot >>> 3;
    f64[doubles + SEQUENCE_F64] = options.firstSequence;
    f64[doubles + END_SEQUENCE_F64] = options.endSequence ?? options.firstSequence + rows;
    f64[doubles + MIN_TIME_F64] = Number.POSITIVE_INFINITY;
    f64[doubles + MAX_TIME_F64] = Number.NEGATIVE_INFINITY;
    f64[doubles + WRITTEN_F64] = 0;
    i32.fill(0, words + ORIGIN, words + HEADER_BYTES / 4);
    i32[words + STATE] = STATE_CODES.raw;
    return this;
  }

  /** Moves to the batch in the slot at byte `slot`. */
  bind(slot: number): this {
    this.#slot = slot;
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

  get slot(): number {
    return this.#slot;
  }

  get rows(): number {
    return this.views.i32[(this.#slot >>> 2) + ROWS]!;
  }

  get state(): BatchState {
    const code = this.views.i32[(this.#slot >>> 2) + STATE];
    if (code === STATE_CODES.public || code === GIVEN_UP) return "public";
    if (code === STATE_CODES.pseudonymized) return "pseudonymized";
    if (code === STATE_CODES.raw) return "raw";
    throw new Error(`no batch in this slot: its state word is ${code}`);
  }

  /** Whether the slot has a batch in it whose raw part is whole. Of a slot that was never written it is false. */
  get isRaw(): boolean {
    return this.views.i32[(this.#slot >>> 2) + STATE] === STATE_CODES.raw;
  }

  /** Moves the state forward. An atomic store, so that all writes before it are visible to who reads the state. */
  set state(state: BatchState) {
    Atomics.store(this.views.i32, (this.#slot >>> 2) + STATE, STATE_CODES[state]);
  }

  /**
   * Marks a public batch as given up, for the stages of later tiers. Stages beside this one read on: nothing else of it changes. One that
   * is not public stays as it is, and nobody's to read.
   */
  giveUp(): void {
    const { i32 } = this.views;
    Atomics.compareExchange(i32, (this.#slot >>> 2) + STATE, STATE_CODES.public, GIVEN_UP);
  }

  /** Whether a stage of an earlier tier has given it up. */
  get isGivenUp(): boolean {
    return Atomics.load(this.views.i32, (this.#slot >>> 2) + STATE) === GIVEN_UP;
  }

  /** Number of the first row in its dataset; row i has `firstSequence + i`. */
  get firstSequence(): number {
    return this.views.f64[(this.#slot >>> 3) + SEQUENCE_F64]!;
  }

  /** Number that the first row of the next batch has. More than `rows` away when rows of this batch were dropped. */
  get endSequence(): number {
    return this.views.f64[(this.#slot >>> 3) + END_SEQUENCE_F64]!;
  }

  /** Smallest event time in milliseconds, +Infinity for an empty batch. */
  get minTimeMs(): number {
    return this.views.f64[(this.#slot >>> 3) + MIN_TIME_F64]!;
  }

  /** Largest event time in milliseconds, -Infinity for an empty batch. */
  get maxTimeMs(): number {
    return this.views.f64[(this.#slot >>> 3) + MAX_TIME_F64]!;
  }

  /** Wall time in milliseconds at which the batch was published by its source; 0 when not known. */
  get writtenMs(): number {
    return this.views.f64[(this.#slot >>> 3) + WRITTEN_F64]!;
  }

  setTimes(minTimeMs: number, maxTimeMs: number, writtenMs: number): void {
    const doubles = this.#slot >>> 3;
    this.views.f64[doubles + MIN_TIME_F64] = minTimeMs;
    this.views.f64[doubles + MAX_TIME_F64] = maxTimeMs;
    this.views.f64[doubles + WRITTEN_F64] = writtenMs;
  }

  /** The request that its rows came by; undefined: they came by none that has a key. Never of a batch that was discarded. */
  get origin(): BatchOrigin | undefined {
    const { u32 } = this.views;
    const at = (this.#slot >>> 2) + ORIGIN;
    if ((u32[at]! | u32[at + 1]! | u32[at + 2]! | u32[at + 3]!) === 0) return undefined;
    return { key: keyText(u32, at), body: u32[at + 4]!, firstRow: u32[at + 5]! };
  }

  /** @throws RangeError for a key that is not 32 hex digits */
  setOrigin({ key, body, firstRow }: BatchOrigin): void {
    const { u32 } = this.views;
    const at = (this.#slot >>> 2) + ORIGIN;
    putKey(u32, at, key);
    u32[at + 4] = body;
    u32[at + 5] = firstRow;
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
    return this.#bufferLength(column.text);
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
    const { i32, u8 } = this.views;
    const messageAt = this.#slot + i32[(this.#slot >>> 2) + MESSAGE_AT]!;
    const bodyAt = messageAt + this.#template.bytes.byteLength;
    const rows = this.rows;
    u8.set(this.#template.bytes, messageAt);
    const put = (at: number, value: number) => writeInt64(i32, (messageAt + at) >>> 2, value);
    put(this.#template.rowsAt, rows);
    put(this.#template.bodyBytesAt, i32[(this.#slot >>> 2) + RAW_AT]! + this.#slot - bodyAt);
    let node = this.#template.nodesAt;
    let buffer = this.#template.buffersAt;
    for (const column of this.plan.publicColumns) {
      put(node, rows);
      put(node + 8, this.#nullCount(column, rows));
      node += 16;
      // Every field has a validity buffer in the metadata; that of a field that is never null has length 0.
      const indexes = [column.validity, column.data];
      if (column.type === "utf8") indexes.push(column.text);
      for (const index of indexes) {
        if (index >= 0) {
          put(buffer, this.#bufferAt(index) - bodyAt);
          put(buffer + 8, this.#bufferLength(index));
        }
        buffer += 16;
      }
    }
    this.state = "public";
  }

  /** The public batch as one Arrow IPC message: a view of the slot, valid until the slot is released. */
  message(): Uint8Array {
    const words = this.#slot >>> 2;
    const at = this.#slot + this.views.i32[words + MESSAGE_AT]!;
    return this.views.u8.subarray(at, at + this.views.i32[words + MESSAGE_BYTES]!);
  }

  /** Byte offset and length of the raw part: what the anonymizer wipes. */
  rawPart(): { readonly at: number; readonly bytes: number } {
    const words = this.#slot >>> 2;
    return {
      at: this.#slot + this.views.i32[words + RAW_AT]!,
      bytes: this.views.i32[words + RAW_BYTES]!,
    };
  }

  /**
   * Drops all rows: wipes the slot behind its header and makes it a batch of none, so that later stages pass over it. The
   * numbers of its rows stay used. The header goes last, so that it can be repeated by who finds it half done.
   */
  discard(slotBytes: number): void {
    const { firstSequence, endSequence } = this;
    this.views.u8.fill(0, this.#slot + HEADER_BYTES, this.#slot + slotBytes);
    this.begin(this.#slot, slotBytes, 0, { firstSequence, endSequence });
  }

  #bufferAt(index: number): number {
    return this.#slot + this.views.i32[((this.#slot + HEADER_BYTES) >>> 2) + index * 2]!;
  }

  #bufferLength(index: number): number {
    return this.views.i32[((this.#slot + HEADER_BYTES) >>> 2) + index * 2 + 1]!;
  }

  #nullCount(column: Column, rows: number): number {
    if (column.validity < 0) return 0;
    const { u8 } = this.views;
    const at = this.#bufferAt(column.validity);
    let valid = 0;
    for (let row = 0; row < rows; row += 8) {
      const inUse = row + 8 <= rows ? 0xff : (1 << (rows - row)) - 1;
      valid += bitCount(u8[at + (row >>> 3)]! & inUse);
    }
    return rows - valid;
  }
}

/** Bytes that a batch of `rows` of this plan takes in a slot; as `Batch.bytesFor`, for who has no memory yet. */
export function batchBytes(plan: BatchPlan, rows: number, textBytes: TextBytes = {}): number {
  return endOf(bodyOffset(plan, recordBatchTemplate(plan.publicColumns)), plan, rows, textBytes);
}

/** Where a batch's Arrow body begins in its slot: behind header, buffer table and metadata. */
function bodyOffset(plan: BatchPlan, template: RecordBatchTemplate): number {
  return alignUp(HEADER_BYTES + plan.bufferCount * 8, 8) + template.bytes.byteLength;
}

function endOf(bodyAt: number, plan: BatchPlan, rows: number, textBytes: TextBytes): number {
  let bytes = bodyAt;
  for (const column of [...plan.publicColumns, ...plan.rawOnlyColumns]) {
    for (const part of bufferBytes(column, rows, textBytes)) bytes = alignUp(bytes, 8) + part;
  }
  return alignUp(bytes, 8);
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

function bitCount(byte: number): number {
  let bits = byte - ((byte >>> 1) & 0x55);
  bits = (bits & 0x33) + ((bits >>> 2) & 0x33);
  return (bits + (bits >>> 4)) & 0x0f;
}

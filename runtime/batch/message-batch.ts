/**
 * A public batch read back from its Arrow IPC message, in place. The messages of one schema have metadata of one shape
 * (see ipc.ts), so the numbers are read at known places and nothing is parsed.
 */

import { type RecordBatchTemplate, recordBatchTemplate } from "./ipc.ts";
import type { PublicBatch } from "./public-batch.ts";
import type { BatchPlan, Column } from "./schema.ts";
import { type MemoryViews, readInt64, viewsOf } from "./views.ts";

export class MessageBatch implements PublicBatch {
  readonly plan: BatchPlan;
  firstSequence = 0;
  rows = 0;
  writtenMs = 0;
  readonly #template: RecordBatchTemplate;
  /** For each buffer of the plan, its offset in the views; 0 for one that is not there. */
  readonly #bufferAt: Float64Array;
  /** The words of the metadata that are the same in every message of the schema: all but the numbers. */
  readonly #fixedWords: readonly (readonly [word: number, value: number])[];
  #views: MemoryViews | undefined;
  #at = 0;

  constructor(plan: BatchPlan) {
    this.plan = plan;
    this.#template = recordBatchTemplate(plan.publicColumns);
    this.#bufferAt = new Float64Array(plan.bufferCount);
    this.#fixedWords = fixedWords(this.#template, plan.publicColumns);
  }

  get views(): MemoryViews {
    if (this.#views === undefined)
      throw new Error("a message batch is read only after it was bound to a message");
    return this.#views;
  }

  /**
   * Moves to the message at byte `at` (a multiple of 8) of `buffer`.
   * @returns false when the message is not of this plan's schema; nothing is changed then
   */
  bind(buffer: ArrayBufferLike, at: number, firstSequence: number, writtenMs = 0): boolean {
    // Messages of one row are bound by the hundred thousand, nearly all in one buffer.
    const views = this.#views?.buffer === buffer ? this.#views : viewsOf(buffer);
    const { bytes, rowsAt, buffersAt } = this.#template;
    const first = at >>> 2;
    for (const [word, value] of this.#fixedWords) if (views.i32[first + word] !== value) return false;
    this.#views = views;
    this.#at = at;
    this.firstSequence = firstSequence;
    this.writtenMs = writtenMs;
    const word = (offset: number) => readInt64(views.i32, (at + offset) >>> 2);
    this.rows = word(rowsAt);
    const bodyAt = at + bytes.byteLength;
    let entry = buffersAt;
    for (const column of this.plan.publicColumns) {
      const indexes = column.type === "utf8" ? TEXT_BUFFERS : PLAIN_BUFFERS;
      for (const kind of indexes) {
        const index = column[kind];
        if (index >= 0) this.#bufferAt[index] = bodyAt + word(entry);
        entry += 16;
      }
    }
    return true;
  }

  dataAt(column: Column): number {
    return this.#bufferAt[column.data]!;
  }

  textAt(column: Column): number {
    return this.#bufferAt[column.text]!;
  }

  validityAt(column: Column): number {
    return column.validity < 0 ? 0 : this.#bufferAt[column.validity]!;
  }

  isValid(column: Column, row: number): boolean {
    if (column.validity < 0) return true;
    return ((this.views.u8[this.validityAt(column) + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
  }

  message(): Uint8Array {
    const { bytes, bodyBytesAt } = this.#template;
    const { u8, i32 } = this.views;
    const bodyBytes = readInt64(i32, (this.#at + bodyBytesAt) >>> 2);
    return u8.subarray(this.#at, this.#at + bytes.byteLength + bodyBytes);
  }
}

/** Size, kind and shape of the metadata. Compared whole, as messages of another shape can have the same size. */
function fixedWords(
  { bytes, rowsAt, bodyBytesAt, nodesAt, buffersAt }: RecordBatchTemplate,
  columns: readonly Column[],
): [number, number][] {
  const buffers = columns.reduce((count, { type }) => count + (type === "utf8" ? 3 : 2), 0);
  const isIn = (at: number, from: number, length: number) => at >= from && at < from + length;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  return [...words.entries()].filter(
    ([word]) =>
      !isIn(word * 4, rowsAt, 8) &&
      !isIn(word * 4, bodyBytesAt, 8) &&
      !isIn(word * 4, nodesAt, columns.length * 16) &&
      !isIn(word * 4, buffersAt, buffers * 16),
  );
}

const PLAIN_BUFFERS = ["validity", "data"] as const;
const TEXT_BUFFERS = ["validity", "data", "text"] as const;

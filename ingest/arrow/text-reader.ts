/**
 * Text columns of identifiers. Those with offsets of 32 bits are looked at where they lie; others are copied, but for values that are longer
 * than the column takes. A value that is not whole UTF-8 is odd.
 */

import { maxTextBytes } from "../../datasets/define.ts";
import { readInt64 } from "../../runtime/batch/index.ts";
import { TABLE_TEXT_BYTES, type TableColumn } from "../table.ts";
import { appendValidity, type ColumnReader, isThere, type ReaderContext } from "./column-reader.ts";
import { rawValue } from "./raw-value.ts";
import type { SourcePlace } from "./record-batch.ts";
import type { TextType } from "./types.ts";

export class TextReader implements ColumnReader {
  readonly place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };
  readonly point?: (column: TableColumn, from: number, count: number) => void;
  readonly #context: ReaderContext;
  readonly #type: TextType;
  readonly #maxBytes: number;

  constructor(context: ReaderContext, type: TextType, column: TableColumn) {
    this.#context = context;
    this.#type = type;
    this.#maxBytes = maxTextBytes(column.spec);
    if (type === "utf8") this.point = (target, from, count) => this.#point(target, from, count);
  }

  room({ own }: TableColumn, from: number, count: number, to: number): number {
    const start = this.#offset(from);
    let left = TABLE_TEXT_BYTES - this.#context.views.i32[(own.dataAt >>> 2) + to]!;
    // Nearly always all of it fits.
    if (this.#offset(from + count) - start <= left) return count;
    let before = start;
    for (let row = 0; row < count; row++) {
      const end = this.#offset(from + row + 1);
      const bytes = end - before;
      if (bytes <= this.#maxBytes) left -= bytes;
      if (left < 0) return row;
      before = end;
    }
    return count;
  }

  append(column: TableColumn, from: number, count: number, to: number): undefined {
    const { kernels, views, odd } = this.#context;
    const { u8, i32 } = views;
    const { own } = column;
    appendValidity(u8, this.place, own, from, count, to);
    const offsets = (own.dataAt >>> 2) + to;
    let at = i32[offsets]!;
    let before = this.#offset(from);
    // What is copied together: from this byte of the source on, to `at`.
    let start = before;
    const copy = (end: number) => {
      u8.copyWithin(own.textAt + at, this.place.textAt + start, this.place.textAt + end);
      at += end - start;
    };
    for (let row = 0; row < count; row++) {
      const end = this.#offset(from + row + 1);
      if (end - before > this.#maxBytes) {
        copy(before);
        start = end;
        if (isThere(u8, this.place, from + row)) odd.add(to + row);
      }
      before = end;
      i32[offsets + row + 1] = at + end - start;
    }
    copy(before);
    this.#checkUtf8(kernels.checkUtf8, own, to, count, from - to);
  }

  raw(row: number): unknown {
    const { views, bytes } = this.#context;
    return isThere(views.u8, this.place, row)
      ? rawValue(views, bytes, this.#type, this.place, row)
      : undefined;
  }

  #point({ place }: TableColumn, from: number, count: number): void {
    const { dataAt, validityAt, textAt } = this.place;
    place.dataAt = dataAt + from * 4;
    place.validityAt = validityAt === 0 ? 0 : validityAt + (from >>> 3);
    place.textAt = textAt;
    this.#checkUtf8(this.#context.kernels.checkUtf8, place, 0, count, from);
  }

  /** @param by how much further on in the source the rows are */
  #checkUtf8(
    firstBad: (offsets: number, text: number, from: number, to: number) => number,
    { dataAt, textAt }: { readonly dataAt: number; readonly textAt: number },
    from: number,
    count: number,
    by: number,
  ): void {
    const to = from + count;
    for (
      let row = firstBad(dataAt, textAt, from, to);
      row < to;
      row = firstBad(dataAt, textAt, row + 1, to)
    ) {
      if (isThere(this.#context.views.u8, this.place, row + by)) this.#context.odd.add(row);
    }
  }

  #offset(row: number): number {
    const { i32 } = this.#context.views;
    const { dataAt } = this.place;
    return this.#type === "utf8" ? i32[(dataAt >>> 2) + row]! : readInt64(i32, (dataAt >>> 2) + row * 2);
  }
}

/**
 * Text columns of which each value is read by itself: a category's, whose text is looked up among those seen before in the body; moments and 64-bit
 * numbers that came as text, as the validator reads them.
 */

import { columnCheck, Fault } from "../../datasets/column-check.ts";
import { readInt64, writeInt64 } from "../../runtime/batch/index.ts";
import type { TableColumn } from "../table.ts";
import { type TextCodeRules, TextCodes } from "../text-codes.ts";
import { appendValidity, type ColumnReader, isThere, type ReaderContext } from "./column-reader.ts";
import { rawValue } from "./raw-value.ts";
import type { SourcePlace } from "./record-batch.ts";
import type { TextType } from "./types.ts";

export class TextCodeReader implements ColumnReader {
  readonly place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };
  readonly #context: ReaderContext;
  readonly #type: TextType;
  readonly #codes: TextCodes;

  constructor(context: ReaderContext, type: TextType, rules: TextCodeRules) {
    this.#context = context;
    this.#type = type;
    this.#codes = new TextCodes(context.bytes, rules);
  }

  append({ own }: TableColumn, from: number, count: number, to: number): undefined {
    const { views, odd } = this.#context;
    const { u8, i32 } = views;
    const { dataAt, textAt } = this.place;
    appendValidity(u8, this.place, own, from, count, to);
    const words = dataAt >>> 2;
    const isSmall = this.#type === "utf8";
    let start = isSmall ? i32[words + from]! : readInt64(i32, words + from * 2);
    for (let row = 0; row < count; row++) {
      const next = from + row + 1;
      const end = isSmall ? i32[words + next]! : readInt64(i32, words + next * 2);
      if (isThere(u8, this.place, from + row)) {
        const code = this.#codes.codeOf(textAt + start, textAt + end);
        if (code < 0) odd.add(to + row);
        else u8[own.dataAt + to + row] = code;
      }
      start = end;
    }
  }

  raw(row: number): unknown {
    const { views, bytes } = this.#context;
    return isThere(views.u8, this.place, row)
      ? rawValue(views, bytes, this.#type, this.place, row)
      : undefined;
  }
}

/** Values of 64 bits, which any reader of text reads, and the check of the column makes what they are. */
export class WideValueReader implements ColumnReader {
  readonly place: SourcePlace;
  readonly #context: ReaderContext;
  readonly #texts: ColumnReader;
  readonly #check: (value: unknown) => unknown;

  constructor(context: ReaderContext, texts: ColumnReader, column: TableColumn) {
    this.place = texts.place;
    this.#context = context;
    this.#texts = texts;
    this.#check = columnCheck(column.spec).check;
  }

  append({ own }: TableColumn, from: number, count: number, to: number): undefined {
    const { views, odd } = this.#context;
    for (let row = 0; row < count; row++) {
      const value = this.#texts.raw(from + row);
      if (value === undefined) continue;
      const made = this.#check(value);
      if (typeof made === "number") writeInt64(views.i32, (own.dataAt >>> 2) + (to + row) * 2, made);
      else if (typeof made === "bigint") views.i64[(own.dataAt >>> 3) + to + row] = made;
      else if (made instanceof Fault) odd.add(to + row);
      views.u8[own.validityAt + ((to + row) >>> 3)]! |= 1 << ((to + row) & 7);
    }
  }

  raw(row: number): unknown {
    return this.#texts.raw(row);
  }
}

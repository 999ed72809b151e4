/** Moments in other units than milliseconds. What lies below a millisecond is cut off, as it is of text. */

import type { TableColumn } from "../table.ts";
import { appendValidity, type ColumnReader, isThere, type ReaderContext } from "./column-reader.ts";
import { rawValue } from "./raw-value.ts";
import type { SourcePlace } from "./record-batch.ts";
import type { MomentType } from "./types.ts";

/** How many of a unit a millisecond has; 0: it is a part of one. */
const PER_MS: Readonly<Record<MomentType, number>> = {
  seconds: 0,
  milliseconds: 1,
  microseconds: 1000,
  nanoseconds: 1_000_000,
};

export class MomentReader implements ColumnReader {
  readonly place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };
  readonly #context: ReaderContext;
  readonly #type: MomentType;

  constructor(context: ReaderContext, type: MomentType) {
    this.#context = context;
    this.#type = type;
  }

  append({ own }: TableColumn, from: number, count: number, to: number): undefined {
    const { kernels, views } = this.#context;
    appendValidity(views.u8, this.place, own, from, count, to);
    kernels.timesToMs(this.place.dataAt + from * 8, own.dataAt + to * 8, count, PER_MS[this.#type]);
  }

  raw(row: number): unknown {
    const { views, bytes } = this.#context;
    return isThere(views.u8, this.place, row)
      ? rawValue(views, bytes, this.#type, this.place, row)
      : undefined;
  }
}

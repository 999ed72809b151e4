/** Numbers, moments in milliseconds and booleans that lie as a table has them: it looks at them where they are. */

import { copyBits } from "../../runtime/batch/bits.ts";
import { copyElements } from "../../runtime/batch/copy-elements.ts";
import { ELEMENT_BYTES } from "../../runtime/batch/index.ts";
import type { TableColumn } from "../table.ts";
import { appendValidity, type ColumnReader, isThere, type ReaderContext } from "./column-reader.ts";
import { rawValue } from "./raw-value.ts";
import type { SourcePlace } from "./record-batch.ts";
import type { SourceType } from "./types.ts";

export class SameReader implements ColumnReader {
  readonly place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };
  readonly #context: ReaderContext;
  readonly #type: SourceType;

  constructor(context: ReaderContext, type: SourceType) {
    this.#context = context;
    this.#type = type;
  }

  point({ place, type }: TableColumn, from: number): void {
    const { dataAt, validityAt } = this.place;
    place.dataAt = dataAt + (type === "bool" ? from >>> 3 : from * ELEMENT_BYTES[type]);
    place.validityAt = validityAt === 0 ? 0 : validityAt + (from >>> 3);
  }

  append({ own, type }: TableColumn, from: number, count: number, to: number): undefined {
    const { views } = this.#context;
    const { dataAt } = this.place;
    appendValidity(views.u8, this.place, own, from, count, to);
    if (type === "bool") {
      copyBits(views.u8, dataAt * 8 + from, views.u8, own.dataAt * 8 + to, count);
    } else {
      const width = ELEMENT_BYTES[type];
      copyElements(views, dataAt + from * width, views, own.dataAt + to * width, width, count);
    }
  }

  raw(row: number): unknown {
    const { views, bytes } = this.#context;
    return isThere(views.u8, this.place, row)
      ? rawValue(views, bytes, this.#type, this.place, row)
      : undefined;
  }
}

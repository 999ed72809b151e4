/** The cells of the binary formats. A float is its bits, so that every NaN leaves as it came, in one runtime as in the other. */

import type { PublicBatch } from "../../runtime/batch/index.ts";
import { CellPlaces, TEXT } from "../cell-kinds.ts";
import type { TableShape } from "../shape.ts";

export class Cells extends CellPlaces {
  readonly #texts: readonly number[];

  constructor(shape: TableShape) {
    super(shape, "bits");
    this.#texts = [...this.kinds.keys()].filter((index) => this.kinds[index] === TEXT);
  }

  /** Bytes of text in rows `from` to `to` of the batch at hand. */
  textBytes({ views }: PublicBatch, from: number, to: number): number {
    let bytes = 0;
    for (const index of this.#texts) {
      const offsets = this.data[index]!;
      bytes += views.i32[offsets + to]! - views.i32[offsets + from]!;
    }
    return bytes;
  }
}

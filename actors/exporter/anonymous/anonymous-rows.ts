/** The second pass and the result; see index.ts. */

import { join } from "node:path";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { TableShape } from "../../../datasets/shape.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { batchesOf } from "./anonymous-table.ts";
import type { Classes } from "./classes.ts";
import type { PrivacyReport } from "./report.ts";
import { RowSorter } from "./row-sorter.ts";
import { partsOf, type TuplePacker } from "./tuple-packer.ts";

export interface AnonymousRowsParts {
  readonly shape: TableShape;
  readonly report: PrivacyReport;
  readonly classes: Classes;
  /** Makes the keys of the classes, generalized by their first steps. */
  readonly keys: TuplePacker;
  /** Makes rows of the shape. */
  readonly rows: TuplePacker;
  readonly workFolder: string;
  readonly bufferBytes?: number;
}

export class AnonymousRows {
  readonly ok = true;
  /** Of the result: fewer columns, moments taken down to the hour or day, figures rounded. */
  readonly shape: TableShape;
  /** Of the result, whole: it is known before the rows are. */
  readonly report: PrivacyReport;
  readonly #parts: AnonymousRowsParts;
  readonly #sorter: RowSorter;
  #added = 0;

  constructor(parts: AnonymousRowsParts) {
    this.shape = parts.shape;
    this.report = parts.report;
    this.#parts = parts;
    this.#sorter = new RowSorter(
      parts.rows.width,
      join(parts.workFolder, "anonymous-rows"),
      parts.bufferBytes,
    );
  }

  /**
   * Takes rows of the first pass again; those that are suppressed are passed over.
   * @throws what writing a file throws, as rows that are too many for the memory go to the work folder; Error for a row that
   *   the first pass did not see
   */
  add(batch: PublicBatch, run: RowRun): void {
    const { classes, keys, rows, report } = this.#parts;
    for (const part of partsOf(run)) {
      const count = part.to - part.from;
      const found = keys.pack(batch, part);
      classes.generalize(found, count);
      const tuples = rows.pack(batch, part);
      for (let row = 0; row < count; row++) {
        const index = classes.find(found, row * keys.width);
        if (index < 0)
          throw new Error("a row came that was not counted: both passes must be given the same rows");
        if (classes.rowsOf(index) < report.policy.k) continue;
        this.#sorter.add(tuples, row * rows.width);
        this.#added++;
      }
    }
  }

  /**
   * The result, at most 4096 rows a batch, each valid until the next is asked for. To be called once, after the last `add`.
   * @throws Error when rows of the first pass have not come again: what is reported would not be what is in the file
   */
  *rows(): Generator<PublicBatch, void, void> {
    const { exported } = this.report.rows;
    if (this.#added !== exported) {
      throw new Error(`expected the ${exported} rows that were counted; came ${this.#added}`);
    }
    yield* batchesOf(this.shape, this.#sorter.sorted());
  }

  /** Lets go of the rows, and of the file that holds them. */
  close(): void {
    this.#sorter.close();
  }
}

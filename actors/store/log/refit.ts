/**
 * Rows that were logged when their dataset was declared otherwise, laid out as it is declared today. Columns are matched by
 * name and type. One that was not there yet has what its declaration says it had before, or is null, if it may be; one that is
 * no more is left out; a category's values are matched by their text. What cannot be matched is told, by the column's name, and only when it is wanted.
 */

import type { Dataset } from "../../../datasets/define.ts";
import { alignUp } from "../../../runtime/arena.ts";
import {
  Batch,
  type BatchPlan,
  batchBytes,
  type Column,
  ELEMENT_BYTES,
  fillElements,
  type PublicBatch,
} from "../../../runtime/batch/index.ts";

/** So that batches of about one size share one buffer. */
const GROWTH_BYTES = 65536;
/** Of an index into today's values: there is no such value any more. */
const GONE = 255;

/** Where a column of today comes from. `from` undefined: it was not there. */
interface Source {
  readonly to: Column;
  readonly from: Column | undefined;
  /** What it had before it was there; undefined: it is null then. */
  readonly earlier: number | undefined;
  /** For each index of a category then, the one of today, or GONE. */
  readonly indexes?: Uint8Array;
}

export class Refit {
  readonly #dataset: Dataset;
  readonly #sources: readonly Source[];
  #target: { readonly batch: Batch; readonly bytes: number } | undefined;

  /** @returns the refit, or why a column of `columns` cannot be had from batches of `then` */
  static make(dataset: Dataset, columns: readonly string[], then: BatchPlan): Refit | string {
    const sources: Source[] = [];
    for (const to of dataset.plan.publicColumns) {
      const from = then.publicColumns.find(({ name }) => name === to.name);
      const spec = dataset.publicColumns.find(({ name }) => name === to.name)?.spec;
      const earlier = spec?.class === "measure" ? spec.earlier : undefined;
      const fault = faultOf(to, from, earlier);
      if (fault === undefined) sources.push(sourceOf(to, from, earlier));
      else if (columns.includes(to.name)) return `column ${to.name} ${fault}`;
    }
    return new Refit(dataset, sources);
  }

  private constructor(dataset: Dataset, sources: readonly Source[]) {
    this.#dataset = dataset;
    this.#sources = sources;
  }

  /** The rows of `batch` as of today, until the next call; or which column has a value that it may not have today. */
  rows(batch: PublicBatch): PublicBatch | string {
    const target = this.#begin(batch);
    for (const source of this.#sources) {
      const fault = copyColumn(batch, source, target);
      if (fault !== undefined) return `column ${source.to.name} ${fault}`;
    }
    target.seal();
    return target;
  }

  #begin({ rows, firstSequence, writtenMs }: PublicBatch): Batch {
    const bytes = alignUp(batchBytes(this.#dataset.plan, rows), GROWTH_BYTES);
    if (this.#target === undefined || this.#target.bytes < bytes) {
      // Not the shared memory: nobody else reads it, and it is gone with the reader.
      this.#target = { batch: new Batch({ buffer: new ArrayBuffer(bytes) }, this.#dataset.plan), bytes };
    }
    const { batch } = this.#target;
    // Columns that nobody wants and that were not there stay as they are: zeros rather than rows of the batch before.
    batch.views.u8.fill(0);
    batch.begin(0, bytes, rows, { firstSequence });
    batch.setTimes(batch.minTimeMs, batch.maxTimeMs, writtenMs);
    return batch;
  }
}

function faultOf(to: Column, from: Column | undefined, earlier: number | undefined): string | undefined {
  if (from === undefined) {
    return to.nullable || earlier !== undefined ? undefined : "was not there yet, and is never null";
  }
  if (to.type === "utf8") return "is text";
  return from.type === to.type ? undefined : `was of type ${from.type}, and is of type ${to.type}`;
}

function sourceOf(to: Column, from: Column | undefined, earlier: number | undefined): Source {
  if (to.type !== "category" || from === undefined) return { to, from, earlier };
  const [now = [], then = []] = [to.values, from.values];
  return {
    to,
    from,
    earlier,
    indexes: Uint8Array.from(then, (value) => (now.includes(value) ? now.indexOf(value) : GONE)),
  };
}

/** @returns what a value has that a value of today may not */
function copyColumn(
  batch: PublicBatch,
  { to, from, earlier, indexes }: Source,
  target: Batch,
): string | undefined {
  if (from === undefined && earlier !== undefined) {
    fillElements(target.views, target.dataAt(to), to.type, batch.rows, earlier);
    return undefined;
  }
  const width = ELEMENT_BYTES[to.type];
  const read = batch.views.u8;
  const write = target.views.u8;
  const at = target.dataAt(to);
  if (from !== undefined && width > 0) {
    const start = batch.dataAt(from);
    write.set(read.subarray(start, start + batch.rows * width), at);
  }
  for (let row = 0; row < batch.rows; row++) {
    if (from === undefined || !batch.isValid(from, row)) {
      if (!to.nullable) return "had values that were missing, and is never null";
      target.setNull(to, row);
    } else if (indexes !== undefined) {
      const index = indexes[read[batch.dataAt(from) + row]!] ?? GONE;
      if (index === GONE) return "had values that it does not have any more";
      write[at + row] = index;
    } else if (width === 0) {
      const bit = (read[batch.dataAt(from) + (row >>> 3)]! >>> (row & 7)) & 1;
      if (bit === 1) target.setTrue(to, row);
    }
  }
  return undefined;
}

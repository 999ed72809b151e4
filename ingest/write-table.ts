/**
 * Writes the good rows of a table of pushed rows into slots, as raw batches: what write-rows.ts does for rows that are objects, and byte for
 * byte the same. Rows that are `bad` are left out; between them, columns are copied by whole runs. What the anonymizer derives, the
 * pseudonym columns of the public part, is left as it is found.
 *
 * A table is cut where a batch has all the rows that it may have, or its slot no room for more text.
 */

import type { Dataset } from "../datasets/define.ts";
import { Batch, readInt64, type TextBytes } from "../runtime/batch/index.ts";
import { copyColumn, RowRuns, textBytesIn } from "./copy-rows.ts";
import { type PushTable, TABLE_ROWS } from "./table.ts";

/** Rows of a table that make one batch: those from `from` to `to` (exclusive) that are not bad. */
export interface TablePart {
  readonly from: number;
  readonly to: number;
  /** Good ones, at least 1. */
  readonly rows: number;
  /** In each text column of them, as `Batch.begin` wants it. */
  readonly textBytes: TextBytes;
}

export interface TableWriter {
  /**
   * Cuts a table into parts that fit into slots of `slotBytes`; none when no row is good.
   * @throws RangeError when not even one row fits: the slots were made too small for the dataset
   */
  parts(table: PushTable, slotBytes: number): readonly TablePart[];
  /**
   * Lays out a batch of the part's rows in the slot and leaves it in state RAW, its event times set.
   * @param firstSequence number of the first row in its dataset
   * @param writtenMs wall time in milliseconds
   * @returns the writer's own batch, bound to the slot until the next call
   * @throws TypeError when a good row has no value where there always is one; nothing may be published then
   */
  write(
    table: PushTable,
    part: TablePart,
    slot: number,
    slotBytes: number,
    firstSequence: number,
    writtenMs: number,
  ): Batch;
}

/** Makes a writer over the memory that tables and slots lie in. One a thread: it has a batch of its own. */
export function createTableWriter(
  memory: { readonly buffer: ArrayBufferLike },
  dataset: Dataset,
): TableWriter {
  const { plan, batchRows, time } = dataset;
  const batch = new Batch(memory, plan);
  const { views } = batch;
  const raw = Object.keys(dataset.columns).map((name) => plan.raw(name));
  const timeIndex = Object.keys(dataset.columns).indexOf(time);
  const runs = new RowRuns(TABLE_ROWS);

  /** The good ones of the rows from `from` to `to`, as one part. */
  const partOf = (table: PushTable, from: number, to: number): TablePart => {
    const { rows } = runs.find(table.bad, from, to);
    const textBytes: Record<string, number> = {};
    for (const [index, { name, type }] of raw.entries()) {
      if (type === "utf8") textBytes[name] = textBytesIn(views, table.columns[index]!.place, runs);
    }
    return { from, to, rows, textBytes };
  };

  const fits = (part: TablePart, slotBytes: number) =>
    part.rows === 0 || (part.rows <= batchRows && batch.bytesFor(part.rows, part.textBytes) <= slotBytes);

  /** The longest part that begins at `from` and fits. */
  const longestPart = (table: PushTable, from: number, slotBytes: number): TablePart => {
    let best = partOf(table, from, table.rows);
    if (fits(best, slotBytes)) return best;
    best = { from, to: from, rows: 0, textBytes: {} };
    let tooFar = table.rows;
    while (tooFar - best.to > 1) {
      const part = partOf(table, from, (best.to + tooFar) >>> 1);
      if (fits(part, slotBytes)) best = part;
      else tooFar = part.to;
    }
    if (best.to === from) {
      throw new RangeError(`a slot of ${slotBytes} bytes has no room for one row of ${dataset.name}`);
    }
    return best;
  };

  return {
    parts(table, slotBytes) {
      const parts: TablePart[] = [];
      for (let from = 0; from < table.rows; ) {
        const part = longestPart(table, from, slotBytes);
        if (part.rows > 0) parts.push(part);
        from = part.to;
      }
      return parts;
    },
    write(table, part, slot, slotBytes, firstSequence, writtenMs) {
      const { rows, textBytes } = part;
      batch.begin(slot, slotBytes, rows, { firstSequence, textBytes });
      runs.find(table.bad, part.from, part.to);
      for (const [index, column] of raw.entries()) {
        copyColumn(batch, column, table.columns[index]!.place, runs);
      }
      const times = batch.dataAt(raw[timeIndex]!) >>> 2;
      let minMs = Number.POSITIVE_INFINITY;
      let maxMs = Number.NEGATIVE_INFINITY;
      for (let row = 0; row < rows; row++) {
        const ms = readInt64(views.i32, times + row * 2);
        if (ms < minMs) minMs = ms;
        if (ms > maxMs) maxMs = ms;
      }
      batch.setTimes(minMs, maxMs, writtenMs);
      return batch;
    },
  };
}

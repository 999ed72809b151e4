/**
 * Writes the good rows of a table of replayed rows (replay-dataset.ts) into slots: pseudonyms into the public columns that they
 * leave by, nothing but zeros into the raw part. The batch is left in the state that the anonymizer leaves one in when it dies between its
 * last pseudonym and the wiping, so that all it does is to wipe and seal.
 */

import { publicName } from "../../datasets/column.ts";
import type { Dataset } from "../../datasets/define.ts";
import { copyColumn, RowRuns } from "../../ingest/copy-rows.ts";
import { TABLE_ROWS } from "../../ingest/table.ts";
import type { TablePart, TableWriter } from "../../ingest/write-table.ts";
import { Batch, readInt64 } from "../../runtime/batch/index.ts";

/** Makes a writer over the memory that tables and slots lie in. @param dataset the one that is pushed, not its replay dataset */
export function createReplayWriter(
  memory: { readonly buffer: ArrayBufferLike },
  dataset: Dataset,
): TableWriter {
  const { plan, batchRows } = dataset;
  const batch = new Batch(memory, plan);
  const { u8, i32 } = batch.views;
  const targets = Object.entries(dataset.columns).map(([name, spec]) => plan.public(publicName(name, spec)));
  const time = plan.public(dataset.time);
  const runs = new RowRuns(TABLE_ROWS);

  return {
    parts(table, slotBytes) {
      let rows = Math.min(batchRows, TABLE_ROWS);
      while (rows > 1 && batch.bytesFor(rows) > slotBytes) rows >>>= 1;
      const parts: TablePart[] = [];
      for (let from = 0; from < table.rows; from += rows) {
        const to = Math.min(from + rows, table.rows);
        const good = runs.find(table.bad, from, to).rows;
        if (good > 0) parts.push({ from, to, rows: good, textBytes: {} });
      }
      return parts;
    },
    write(table, part, slot, slotBytes, firstSequence, writtenMs) {
      const { rows } = part;
      batch.begin(slot, slotBytes, rows, { firstSequence });
      runs.find(table.bad, part.from, part.to);
      for (const [index, column] of targets.entries()) {
        copyColumn(batch, column, table.columns[index]!.place, runs);
      }
      const raw = batch.rawPart();
      u8.fill(0, raw.at, raw.at + raw.bytes);
      const times = batch.dataAt(time) >>> 2;
      let minMs = Number.POSITIVE_INFINITY;
      let maxMs = Number.NEGATIVE_INFINITY;
      for (let row = 0; row < rows; row++) {
        const ms = readInt64(i32, times + row * 2);
        minMs = Math.min(minMs, ms);
        maxMs = Math.max(maxMs, ms);
      }
      batch.setTimes(minMs, maxMs, writtenMs);
      batch.state = "pseudonymized";
      return batch;
    },
  };
}

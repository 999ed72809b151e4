/**
 * Records as rows of Arrow IPC record batches. The schema says of which dataset they are; their numbers are not in the table,
 * as the batch is sent as it lies: a whole one is copied in one stroke. Of one that was filtered, or of which some columns
 * were asked for, the columns are gathered as bytes; nothing is decoded.
 */

import { alignUp } from "../../runtime/arena.ts";
import { copyBits } from "../../runtime/batch/bits.ts";
import { copyElements } from "../../runtime/batch/copy-elements.ts";
import {
  Batch,
  batchBytes,
  type Column,
  concatBytes,
  ELEMENT_BYTES,
  END_OF_STREAM,
  type PublicBatch,
  streamPreamble,
} from "../../runtime/batch/index.ts";
import type { RowRun } from "../row-run.ts";
import { compactPlan, type TableShape } from "../shape.ts";
import { type RecordWriter, rowsIn } from "./writer.ts";

/** @param hasAllColumns whether the shape's columns are those of its batches. @throws RangeError for a shape with public text, which no dataset has */
export function arrowRecords(shape: TableShape, hasAllColumns: boolean): RecordWriter {
  const fields = shape.publicColumns.map(({ field }) => field);
  const about = new Map([["millrace", JSON.stringify({ dataset: shape.name, title: shape.title })]]);
  const rows = new GatheredRows(shape);
  return {
    preamble: concatBytes([streamPreamble(fields, about)]),
    end: END_OF_STREAM,
    write(batch, runs) {
      const { from, to } = runs[0]!;
      const isWhole = hasAllColumns && runs.length === 1 && from === 0 && to === batch.rows;
      return (isWhole ? batch.message?.() : undefined) ?? rows.write(batch, runs);
    },
  };
}

/** What rows are gathered in: one piece for all encoders of a thread, as scratch.ts has it. */
let room = new ArrayBuffer(65_536);

/** A column of the batches that come, and the one that it is gathered into. */
interface Gathered {
  readonly from: Column;
  readonly to: Column;
  readonly width: number;
}

class GatheredRows {
  readonly #plan: Batch["plan"];
  readonly #columns: readonly Gathered[];
  #gathered: Batch | undefined;

  constructor(shape: TableShape) {
    const text = shape.publicColumns.find(({ field }) => field.type === "utf8");
    if (text !== undefined) throw new RangeError(`column ${text.name} is text, which is not streamed`);
    this.#plan = compactPlan(shape);
    this.#columns = shape.publicColumns.map(({ name, field }) => ({
      from: shape.plan.public(name),
      to: this.#plan.public(name),
      width: ELEMENT_BYTES[field.type],
    }));
  }

  write(batch: PublicBatch, runs: readonly RowRun[]): Uint8Array {
    const rows = rowsIn(runs);
    const gathered = this.#roomFor(rows);
    gathered.begin(0, room.byteLength, rows, { firstSequence: 0 });
    for (const column of this.#columns) copyColumn(batch, runs, gathered, column);
    gathered.seal();
    return gathered.message();
  }

  #roomFor(rows: number): Batch {
    const bytes = this.#gathered?.bytesFor(rows) ?? batchBytes(this.#plan, rows);
    if (bytes > room.byteLength) room = new ArrayBuffer(alignUp(Math.max(bytes, room.byteLength * 2), 8));
    if (this.#gathered?.views.buffer !== room) this.#gathered = new Batch({ buffer: room }, this.#plan);
    return this.#gathered;
  }
}

function copyColumn(batch: PublicBatch, runs: readonly RowRun[], target: Batch, column: Gathered): void {
  const { from, to, width } = column;
  const [data, into] = [batch.dataAt(from), target.dataAt(to)];
  // Without a bitmap all are valid, which is what a batch is laid out with.
  const validity = to.validity < 0 ? 0 : batch.validityAt(from);
  const bits = validity === 0 ? 0 : target.validityAt(to);
  const [read, write] = [batch.views, target.views];
  let row = 0;
  for (const run of runs) {
    const rows = run.to - run.from;
    if (width > 0) copyElements(read, data + run.from * width, write, into + row * width, width, rows);
    else copyBits(read.u8, data * 8 + run.from, write.u8, into * 8 + row, rows);
    if (validity !== 0) copyBits(read.u8, validity * 8 + run.from, write.u8, bits * 8 + row, rows);
    row += rows;
  }
}

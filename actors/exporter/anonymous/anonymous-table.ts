/** The table of the anonymous profile: what its columns are, and its rows as tuples that are written into batches. */

import type { ColumnSpec, GeneralizationStep } from "../../../datasets/column.ts";
import type { TableShape } from "../../../datasets/shape.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { Batch, BatchPlan, batchBytes, type PublicBatch } from "../../../runtime/batch/index.ts";
import { tupleWords, unpackCells } from "./cells.ts";
import type { RowAt } from "./row-sorter.ts";

/** Rows of a batch of the result. */
const RESULT_ROWS = 4096;

/** The shape of what is left of `shape`. @param stepOf what became of a column; undefined: it has left the table */
export function anonymousShape(
  shape: TableShape,
  stepOf: (column: string) => GeneralizationStep | undefined,
): TableShape {
  const publicColumns = shape.publicColumns.flatMap((column) => {
    const step = stepOf(column.name);
    return step === undefined ? [] : [{ ...column, spec: toldOf(column.spec, step) }];
  });
  const plan = new BatchPlan({ public: publicColumns.map(({ field }) => field), raw: [] });
  return { name: shape.name, title: shape.title, time: shape.time, plan, publicColumns };
}

/** Writes tuples of the shape's columns into batches, of which each is valid until the next. */
export function* batchesOf(shape: TableShape, rows: Iterable<RowAt>): Generator<PublicBatch, void, void> {
  const { plan } = shape;
  const columns = plan.publicColumns;
  const width = tupleWords(columns.length);
  // Not the shared memory: this is nobody else's business, and gone with the export.
  const slotBytes = alignUp(batchBytes(plan, RESULT_ROWS), 64);
  const batch = new Batch({ buffer: new ArrayBuffer(slotBytes) }, plan);
  const tuples = new Uint32Array(RESULT_ROWS * width);
  let [firstSequence, waiting] = [0, 0];
  const write = () => {
    batch.begin(0, slotBytes, waiting, { firstSequence });
    for (const [cell, column] of columns.entries()) {
      unpackCells(tuples, waiting, columns.length, cell, batch, column);
    }
    batch.seal();
    firstSequence += waiting;
    waiting = 0;
    return batch;
  };
  for (const { words, at } of rows) {
    const to = waiting * width;
    for (let word = 0; word < width; word++) tuples[to + word] = words[at + word]!;
    if (++waiting === RESULT_ROWS) yield write();
  }
  if (waiting > 0) yield write();
}

/** The column's meaning, with what was done to it. */
function toldOf(spec: ColumnSpec, step: GeneralizationStep): ColumnSpec {
  const done: Readonly<Partial<Record<GeneralizationStep, string>>> = {
    "3 digits": "Rounded to three significant digits.",
    "2 digits": "Rounded to two significant digits.",
    "1 digit": "Rounded to one significant digit.",
    hour: "Taken down to the hour, in UTC.",
    day: "Taken down to the day, in UTC.",
  };
  const told = done[step];
  return told === undefined ? spec : { ...spec, meaning: `${spec.meaning} ${told}` };
}

/** What a run has left in its log: every row of every dataset, read in one go. */

import { type BindFrame, bindFrames } from "../../actors/store/log/bind-frame.ts";
import { SegmentReader } from "../../actors/store/log/frame-reader.ts";
import { FRAME_BATCH, logFolder, segmentName } from "../../actors/store/log/log-format.ts";
import { listSegments, readHead } from "../../actors/store/log/log-reader.ts";
import { type BatchPlan, type Column, type PublicBatch, readInt64 } from "../../runtime/batch/index.ts";
import type { PlainRow, Value } from "../actors/store/log/rows.ts";
import type { Family } from "./families.ts";
import { READER_BYTES, type Space } from "./space.ts";

/** Each batch of the log, in the order of the log; there until the next is asked for. @throws Error when a segment is damaged */
export function* readStored(
  dataFolder: string,
  { all }: Family,
  { kernels, readerAt, memory }: Space,
): Generator<{ readonly dataset: string; readonly batch: PublicBatch }, void, void> {
  const window = { at: readerAt, bytes: READER_BYTES };
  for (const number of listSegments(dataFolder)) {
    const name = segmentName(number);
    const reader = new SegmentReader(`${logFolder(dataFolder)}/${name}`, kernels, window);
    try {
      const head = readHead(reader);
      if (head === undefined) throw new Error(`${name} has no head`);
      const binds: (BindFrame | undefined)[] = head.datasets.map((described) => {
        const dataset = all.find(({ name }) => name === described.name);
        return dataset === undefined ? undefined : bindFrames(name, dataset, described);
      });
      for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
        if (frame.header.type !== FRAME_BATCH) continue;
        const place = frame.header.dataset;
        const batch = binds[place]?.(memory.buffer, frame);
        if (batch !== undefined) yield { dataset: head.datasets[place]!.name, batch };
      }
      if (reader.end().torn) throw new Error(`${name} does not end in a whole frame`);
    } finally {
      reader.close();
    }
  }
}

type ReadColumn = (batch: PublicBatch, at: number, row: number) => Value;

const readers = new WeakMap<BatchPlan, readonly { readonly column: Column; readonly read: ReadColumn }[]>();

/** As `readRows` of the store's tests, for as many rows as a simulation has. */
export function rowsOf(batch: PublicBatch, count = batch.rows): PlainRow[] {
  let columns = readers.get(batch.plan);
  if (columns === undefined) {
    columns = batch.plan.publicColumns.map((column) => ({ column, read: readerOf(column) }));
    readers.set(batch.plan, columns);
  }
  const rows: Record<string, Value>[] = Array.from({ length: count }, () => ({}));
  for (const { column, read } of columns) {
    const at = batch.dataAt(column);
    for (let row = 0; row < count; row++) {
      rows[row]![column.name] = batch.isValid(column, row) ? read(batch, at, row) : null;
    }
  }
  return rows;
}

function readerOf({ type, values = [] }: Column): ReadColumn {
  switch (type) {
    case "f64":
      return ({ views }, at, row) => views.f64[(at >>> 3) + row]!;
    case "f32":
      return ({ views }, at, row) => views.f32[(at >>> 2) + row]!;
    case "u32":
      return ({ views }, at, row) => views.u32[(at >>> 2) + row]!;
    case "u16":
      return ({ views }, at, row) => views.u16[(at >>> 1) + row]!;
    case "u64":
      return ({ views }, at, row) => views.u64[(at >>> 3) + row]!;
    case "timestamp":
      return ({ views }, at, row) => readInt64(views.i32, (at >>> 2) + row * 2);
    case "category":
      return ({ views }, at, row) => values[views.u8[at + row]!] ?? null;
    default:
      throw new Error(`the simulation has no column of type ${type}`);
  }
}

/**
 * Where a log that nobody writes ends, without changing it. `LogWriter` finds the same when it opens, but cuts off what a crash
 * left behind the last whole frame: who only reads leaves that to who writes next.
 */

import type { RecoveredCounts } from "../../ledger.ts";
import { LogDamaged } from "./bind-frame.ts";
import { SegmentReader } from "./frame-reader.ts";
import { type CountsPayload, FRAME_BATCH, FRAME_COUNTS, logFolder, segmentName } from "./log-format.ts";
import { type LogSource, listSegments, readHead } from "./log-reader.ts";

/** What is stored of a dataset. */
export type LogEnd = Pick<RecoveredCounts, "stored" | "nextSequence">;

/**
 * By dataset name; nothing of one that the log never held.
 * @throws LogDamaged when the last segment has no head that can be read; the file system's error
 */
export function readLogEnd(source: LogSource): ReadonlyMap<string, LogEnd> {
  const number = listSegments(source.dataFolder).at(-1);
  if (number === undefined) return new Map();
  const name = segmentName(number);
  const reader = new SegmentReader(`${logFolder(source.dataFolder)}/${name}`, source.kernels, source.window);
  try {
    const head = readHead(reader);
    if (head === undefined) throw new LogDamaged(`log segment ${name} does not begin with a readable head`);
    const ends = head.datasets.map(({ name, stored, nextSequence }) => ({ name, stored, nextSequence }));
    for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
      const { type, dataset, rows, firstSequence } = frame.header;
      const end = ends[dataset];
      if (type === FRAME_BATCH && end !== undefined) {
        end.stored += rows;
        end.nextSequence = firstSequence + rows;
      } else if (type === FRAME_COUNTS) {
        const counts = JSON.parse(reader.text(frame)) as CountsPayload;
        for (const end of ends) {
          end.nextSequence = Math.max(end.nextSequence, counts[end.name]?.nextSequence ?? 0);
        }
      }
    }
    return new Map(ends.map((end) => [end.name, end]));
  } finally {
    reader.close();
  }
}

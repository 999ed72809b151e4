/** What a windower that starts wants to know of the log. */

import type { Dataset, WindowSpec } from "../../datasets/define.ts";
import { readInt64 } from "../../runtime/batch/index.ts";
import type { WindowShape } from "../../windowing/shape.ts";
import { type LogSource, listSegments, openSegment, readHead, readLog } from "../store/log/log-reader.ts";

/** Rows of windows that are looked at to find where they end: windows come by their end, but for corrections. */
const LAST_ROWS = 4096;

/** Whether the log has all rows of `dataset` from `sequence` on that it ever had. */
export function isThereFrom(log: LogSource, dataset: Dataset, sequence: number): boolean {
  const first = listSegments(log.dataFolder)[0];
  const reader = first === undefined ? undefined : openSegment(log, first);
  if (reader === undefined) return sequence === 0;
  try {
    const known = readHead(reader)?.datasets.find(({ name }) => name === dataset.name);
    return (known?.nextSequence ?? 0) <= sequence;
  } finally {
    reader.close();
  }
}

/**
 * End of the last window that is stored; -Infinity when there is none.
 * @param recorded number after the last row of the windows dataset that is stored
 * @param latestMs the latest start of a window that is stored
 */
export function storedEndMs(
  log: LogSource,
  derived: Dataset,
  by: WindowSpec,
  recorded: number,
  latestMs: number,
): number {
  let endMs = endOf(by.shape, latestMs);
  const end = derived.plan.public("window_end");
  const range = { fromSequence: Math.max(0, recorded - LAST_ROWS), columns: [end.name] };
  for (const batch of readLog(log, derived, range)) {
    const at = batch.dataAt(end) >>> 2;
    for (let row = 0; row < batch.rows; row++) {
      endMs = Math.max(endMs, readInt64(batch.views.i32, at + row * 2));
    }
  }
  return endMs;
}

/** The first row in the log that may be in a window which ends after `floorMs`; `none` when there is no such row. */
export function firstRowFor(
  log: LogSource,
  source: Dataset,
  by: WindowSpec,
  floorMs: number,
  none: number,
): number {
  const reachMs = by.shape.kind === "session" ? by.shape.gapMs : by.shape.lengthMs;
  const range = { toSequence: none, ...(Number.isFinite(floorMs) && { fromMs: floorMs - reachMs }) };
  for (const { firstSequence } of readLog(log, source, { ...range, columns: [] })) return firstSequence;
  return none;
}

/** End of a window that begins then; of a session, the earliest. @param startMs -Infinity: so is the end */
export function endOf(shape: WindowShape, startMs: number): number {
  switch (shape.kind) {
    case "tumbling":
      // A log of earlier versions has the last moment of a window for its start.
      return Math.floor(startMs / shape.lengthMs) * shape.lengthMs + shape.lengthMs;
    case "hopping":
    case "sliding":
      return startMs + shape.lengthMs;
    case "session":
      return startMs + shape.gapMs;
  }
}

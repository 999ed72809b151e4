/**
 * What windows a dataset's rows make, in plain terms: each window keeps its rows. Written without looking at an operator.
 *
 * Rows come in the order of the log, each with the time at which its batch was written. A window is kept until the watermark has
 * passed its end by the lateness; what came for it until then is in it. When the clock was set back, everything begins anew.
 */

import type { WindowShape } from "../../windowing/shape.ts";

export interface ReferenceRow {
  readonly timeMs: number;
  readonly group: string;
  /** Null: there is none. */
  readonly values: readonly (number | null)[];
}

export interface ReferenceBatch {
  readonly writtenMs: number;
  readonly rows: readonly ReferenceRow[];
}

export interface ReferenceOptions {
  readonly shape: WindowShape;
  readonly disorderMs: number;
  readonly latenessMs: number;
  readonly aheadMs: number;
  /** Whether all windows have come out at the end; else those that the watermark has not reached are open. */
  readonly areAllOut: boolean;
}

export interface ReferenceFigures {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Last contents of each window that had any: by `start group measure`. */
export type ReferenceWindows = ReadonlyMap<string, ReferenceFigures>;

interface Kept {
  readonly startMs: number;
  readonly endMs: number;
  readonly group: string;
  /** Of a session: it begins no earlier than behind this, as one that is given up may have begun there. */
  readonly notToMs: number;
  readonly rows: ReferenceRow[];
}

/** Of tumbling, hopping and session windows. */
export function referenceWindows(
  batches: readonly ReferenceBatch[],
  options: ReferenceOptions,
): ReferenceWindows {
  const found = new Map<string, ReferenceFigures>();
  let kept: Kept[] = [];
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const { writtenMs, rows } of batches) {
    if (latestMs > writtenMs + 2 * options.aheadMs) {
      for (const window of kept) tell(window, found);
      kept = [];
      latestMs = Number.NEGATIVE_INFINITY;
    }
    for (const row of rows) {
      if (row.timeMs > writtenMs + options.aheadMs) continue;
      latestMs = Math.max(latestMs, row.timeMs);
      const givenUpMs = latestMs - options.disorderMs - options.latenessMs;
      place(row, options.shape, kept, givenUpMs);
    }
  }
  const closedMs = options.areAllOut ? Number.POSITIVE_INFINITY : latestMs - options.disorderMs;
  for (const window of kept) if (window.endMs <= closedMs) tell(window, found);
  return found;
}

function place(row: ReferenceRow, shape: WindowShape, kept: Kept[], givenUpMs: number): void {
  if (shape.kind === "session") {
    placeInSession(row, shape.gapMs, kept, givenUpMs);
    return;
  }
  if (shape.kind === "sliding") throw new Error("the reference has no sliding windows");
  const everyMs = shape.kind === "tumbling" ? shape.lengthMs : shape.everyMs;
  const { group, timeMs } = row;
  for (
    let startMs = Math.floor(timeMs / everyMs) * everyMs;
    startMs > timeMs - shape.lengthMs;
    startMs -= everyMs
  ) {
    const endMs = startMs + shape.lengthMs;
    if (endMs <= givenUpMs) continue;
    let window = kept.find((one) => one.startMs === startMs && one.group === group);
    if (window === undefined) {
      window = { startMs, endMs, group, notToMs: Number.NEGATIVE_INFINITY, rows: [] };
      kept.push(window);
    }
    window.rows.push(row);
  }
}

/**
 * A row is of every session of its group that it is within the gap of, which are one then. It joins none whose start it would move back to
 * where a session that is given up may have begun.
 */
function placeInSession(row: ReferenceRow, gapMs: number, kept: Kept[], givenUpMs: number): void {
  const { group, timeMs } = row;
  const own = kept.filter((one) => one.group === group);
  const isFree = ({ startMs, notToMs }: Kept) => {
    const before = own.filter((other) => other.endMs <= givenUpMs && other.startMs < startMs);
    return timeMs > Math.max(startMs - gapMs, notToMs, ...before.map(({ endMs }) => endMs - gapMs));
  };
  const joined = own
    .filter((one) => one.endMs > givenUpMs && timeMs < one.endMs && isFree(one))
    .sort((a, b) => a.startMs - b.startMs);
  if (joined.length === 0 && timeMs + gapMs <= givenUpMs) return;
  for (const one of joined) kept.splice(kept.indexOf(one), 1);
  kept.push({
    startMs: Math.min(timeMs, ...joined.map(({ startMs }) => startMs)),
    endMs: Math.max(timeMs + gapMs, ...joined.map(({ endMs }) => endMs)),
    group,
    notToMs: joined[0]?.notToMs ?? givenUpMs - gapMs,
    rows: [...joined.flatMap(({ rows }) => rows), row],
  });
}

function tell({ startMs, group, rows }: Kept, found: Map<string, ReferenceFigures>): void {
  const measures = rows[0]?.values.length ?? 0;
  for (let measure = 0; measure < measures; measure++) {
    const values = rows.map(({ values }) => values[measure]!).filter((value) => value !== null);
    if (values.length === 0) continue;
    found.set(`${startMs} ${group} ${measure}`, {
      count: values.length,
      sum: values.reduce((sum, value) => sum + value, 0),
      min: Math.min(...values),
      max: Math.max(...values),
    });
  }
}

/** Reads rows of one dataset back from the log, batch by batch, in the order they were stored. */

import { readdirSync } from "node:fs";
import type { Dataset } from "../../../datasets/define.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import type { Kernels } from "../../../wasm/index.ts";
import { type Compacted, NOTHING_COMPACTED } from "../lake/manifest.ts";
import { type BindFrame, bindFrames, LogDamaged } from "./bind-frame.ts";
import { type ReadWindow, SegmentReader } from "./frame-reader.ts";
import {
  FRAME_BATCH,
  FRAME_SEGMENT,
  type FrameHeader,
  logFolder,
  type SegmentHead,
  segmentName,
  segmentNumbers,
} from "./log-format.ts";

export { LogDamaged } from "./bind-frame.ts";

/** Which batches are wanted. A batch that holds any row within the bounds is given whole: who reads it picks the rows. */
export interface LogRange {
  /** Event times in milliseconds: from inclusive, to exclusive. Defaults: all. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Sequence numbers: from inclusive, to exclusive. Defaults: all. */
  readonly fromSequence?: number;
  readonly toSequence?: number;
  /** Rows of the dataset that are known to be stored: a log that ends before them is damaged. Default: none are known. */
  readonly storedRows?: number;
  /** Batches of which all rows are in the lake are not wanted. Default: nothing is in the lake. */
  readonly compacted?: Compacted;
  /** Public columns that are read: what others hold in batches of another schema is no matter. Default: all. */
  readonly columns?: readonly string[];
}

export interface LogSource {
  readonly dataFolder: string;
  readonly kernels: Kernels;
  /** Where frames are read to. Generators may share it: a batch is there until any of them is asked for its next one. */
  readonly window: ReadWindow;
}

/** Frames that are passed over are read too: after this many bytes of them, `stepLog` lets others have their turn. */
const PATIENCE_BYTES = 8 * 2 ** 20;

/**
 * Batches of `dataset` within `range`. The batch is reused: use it before asking for the next one. Rows that are appended
 * while this runs may or may not be among them; every row stored before it was called is.
 * @throws LogDamaged when a segment before the last one does not end in a whole frame, or a column that is wanted cannot be
 * had from what it was when the row was stored (refit.ts)
 */
export function* readLog(
  source: LogSource,
  dataset: Dataset,
  range: LogRange = {},
): Generator<PublicBatch, void, void> {
  for (const batch of stepLog(source, dataset, range)) if (batch !== undefined) yield batch;
}

/** As `readLog`, but gives undefined from time to time, when much had to be passed over: no step takes long. */
export function* stepLog(
  source: LogSource,
  dataset: Dataset,
  range: LogRange = {},
): Generator<PublicBatch | undefined, void, void> {
  const numbers = listSegments(source.dataFolder);
  for (const [index, number] of numbers.entries()) {
    if (isBefore(source, numbers[index + 1], dataset, range)) continue;
    const name = segmentName(number);
    const reader = openSegment(source, number);
    if (reader === undefined) continue;
    try {
      const isLast = index === numbers.length - 1;
      const isDone = yield* readSegment(reader, name, isLast, source, dataset, range);
      if (isDone) return;
    } finally {
      reader.close();
    }
  }
}

/** @returns whether no later segment can hold a row that is wanted */
function* readSegment(
  reader: SegmentReader,
  name: string,
  isLast: boolean,
  source: LogSource,
  dataset: Dataset,
  range: LogRange,
): Generator<PublicBatch | undefined, boolean, void> {
  const { storedRows = 0, toSequence = Number.POSITIVE_INFINITY } = range;
  const head = readHead(reader);
  if (head === undefined) throw new LogDamaged(`log segment ${name} does not begin with a readable head`);
  const id = head.datasets.findIndex((candidate) => candidate.name === dataset.name);
  const described = head.datasets[id];
  if ((described?.nextSequence ?? 0) >= toSequence) return true;
  let bind: BindFrame | undefined;
  let isPast = false;
  /** Rows of the dataset in frames before the one looked at last, of which it is not known yet whether it is whole. */
  let rows = described?.stored ?? 0;
  let lastRows = 0;
  let lastOffset = 0;
  const wanted = (header: FrameHeader, offset: number) => {
    rows += lastRows;
    lastOffset = offset;
    lastRows = header.type === FRAME_BATCH && header.dataset === id ? header.rows : 0;
    isPast = lastRows > 0 && header.firstSequence >= toSequence;
    return isPast || (lastRows > 0 && isWanted(header, range));
  };
  while (!reader.atEnd) {
    const frame = reader.next(wanted, PATIENCE_BYTES);
    if (isPast) return true;
    if (frame === undefined) {
      if (!reader.atEnd) yield undefined;
      continue;
    }
    bind ??= bindFrames(name, dataset, described!, range.columns);
    yield bind(source.kernels.memory.buffer, frame);
  }
  const end = reader.end();
  if (lastOffset < end.goodBytes) rows += lastRows;
  // At the end of the last segment a write may be under way, which is no damage: it holds no row that is known to be stored.
  const isDamaged = isLast ? rows < storedRows : end.torn;
  if (isDamaged) {
    throw new LogDamaged(`log segment ${name} is damaged at byte ${end.goodBytes} of ${end.fileBytes}`);
  }
  return false;
}

/** The head of a segment, or undefined when it has none that can be read. */
export function readHead(reader: SegmentReader): SegmentHead | undefined {
  const frame = reader.next(() => true);
  if (frame?.header.type !== FRAME_SEGMENT) return undefined;
  return JSON.parse(reader.text(frame)) as SegmentHead;
}

/** Whether no row up to segment `next` is wanted, by what that segment's head says of those before it. */
function isBefore(source: LogSource, next: number | undefined, dataset: Dataset, range: LogRange): boolean {
  if (next === undefined) return false;
  const reader = openSegment(source, next);
  if (reader === undefined) return true;
  try {
    const so = readHead(reader)?.datasets.find(({ name }) => name === dataset.name);
    if (so === undefined) return false;
    return so.latestMs === null || !isWantedUpTo(so.latestMs, so.nextSequence, range);
  } finally {
    reader.close();
  }
}

/** Opens a segment, or returns undefined when it is gone: its time was over, and that of all before it. */
export function openSegment(
  { dataFolder, kernels, window }: LogSource,
  number: number,
): SegmentReader | undefined {
  try {
    return new SegmentReader(`${logFolder(dataFolder)}/${segmentName(number)}`, kernels, window);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isWanted(header: FrameHeader, range: LogRange): boolean {
  const { toMs = Number.POSITIVE_INFINITY } = range;
  const { minTimeMs, maxTimeMs, firstSequence, rows } = header;
  return minTimeMs < toMs && isWantedUpTo(maxTimeMs, firstSequence + rows, range);
}

/** Whether any row before `endSequence` and not after `latestMs` may be wanted. */
function isWantedUpTo(latestMs: number, endSequence: number, range: LogRange): boolean {
  const { fromMs = Number.NEGATIVE_INFINITY, fromSequence = 0, compacted = NOTHING_COMPACTED } = range;
  const { before, hourMs, hourBefore } = compacted;
  const isInLake = endSequence <= before || (latestMs < hourMs && endSequence <= hourBefore);
  return latestMs >= fromMs && endSequence > fromSequence && !isInLake;
}

/** Numbers of the segments that a data folder has, ascending. */
export function listSegments(dataFolder: string): readonly number[] {
  try {
    return segmentNumbers(readdirSync(logFolder(dataFolder)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

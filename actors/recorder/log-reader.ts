/** Reads rows of one dataset back from the log, batch by batch, in the order they were stored. */

import { readdirSync } from "node:fs";
import type { Dataset } from "../../datasets/define.ts";
import { MessageBatch, type PublicBatch } from "../../runtime/batch/index.ts";
import type { Kernels } from "../../wasm/index.ts";
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

/** Which batches are wanted. A batch that holds any row within the bounds is given whole: who reads it picks the rows. */
export interface LogRange {
  /** Event times in milliseconds: from inclusive, to exclusive. Defaults: all. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Sequence numbers: from inclusive, to exclusive. Defaults: all. */
  readonly fromSequence?: number;
  readonly toSequence?: number;
}

/** The log cannot be read on: what lies there is damaged, and where. */
export class LogDamaged extends Error {
  override readonly name = "LogDamaged";
}

export interface LogSource {
  readonly dataFolder: string;
  readonly kernels: Kernels;
  /** Where frames are read to; nobody else uses it while a generator is being read. */
  readonly window: ReadWindow;
}

/**
 * Batches of `dataset` within `range`. The batch is reused: use it before asking for the next one. Rows that are appended
 * while this runs may or may not be among them; every row stored before it was called is.
 * @throws LogDamaged when a segment before the last one does not end in a whole frame, or is of another schema
 */
export function* readLog(
  source: LogSource,
  dataset: Dataset,
  range: LogRange = {},
): Generator<PublicBatch, void, void> {
  const folder = logFolder(source.dataFolder);
  const batch = new MessageBatch(dataset.plan);
  const numbers = segmentNumbers(listFolder(folder));
  for (const [index, number] of numbers.entries()) {
    const name = segmentName(number);
    if (isBefore(source, numbers[index + 1], dataset, range)) continue;
    const reader = new SegmentReader(`${folder}/${name}`, source.kernels, source.window);
    try {
      const head = readHead(reader);
      // The last segment may be one that is just being made.
      if (head === undefined && number === numbers.at(-1)) return;
      if (head === undefined) throw new LogDamaged(`log segment ${name} does not begin with a readable head`);
      const id = head.datasets.findIndex((candidate) => candidate.name === dataset.name);
      const wanted = (header: FrameHeader) => isWanted(header, id, range);
      for (let frame = reader.next(wanted); frame !== undefined; frame = reader.next(wanted)) {
        const { buffer } = source.kernels.memory;
        if (!batch.bind(buffer, frame.payloadAt, frame.header.firstSequence)) {
          throw new LogDamaged(
            `log segment ${name} holds ${dataset.name} in another schema at byte ${frame.fileOffset}`,
          );
        }
        yield batch;
      }
      const end = reader.end();
      if (end.torn && number !== numbers.at(-1)) {
        throw new LogDamaged(`log segment ${name} is damaged at byte ${end.goodBytes} of ${end.fileBytes}`);
      }
    } finally {
      reader.close();
    }
  }
}

/** The head of a segment, or undefined when it has none that can be read. */
export function readHead(reader: SegmentReader): SegmentHead | undefined {
  const frame = reader.next(() => true);
  if (frame?.header.type !== FRAME_SEGMENT) return undefined;
  return JSON.parse(reader.text(frame)) as SegmentHead;
}

/** Whether all rows up to segment `next` are before the range, by what that segment's head says of those before it. */
function isBefore(
  source: LogSource,
  next: number | undefined,
  dataset: Dataset,
  { fromMs = Number.NEGATIVE_INFINITY, fromSequence = 0 }: LogRange,
): boolean {
  if (next === undefined) return false;
  const path = `${logFolder(source.dataFolder)}/${segmentName(next)}`;
  const reader = new SegmentReader(path, source.kernels, source.window);
  try {
    const so = readHead(reader)?.datasets.find(({ name }) => name === dataset.name);
    if (so === undefined) return false;
    return so.latestMs === null || so.latestMs < fromMs || so.nextSequence <= fromSequence;
  } finally {
    reader.close();
  }
}

function isWanted(header: FrameHeader, dataset: number, range: LogRange): boolean {
  const {
    fromMs = Number.NEGATIVE_INFINITY,
    toMs = Number.POSITIVE_INFINITY,
    fromSequence = 0,
    toSequence = Number.POSITIVE_INFINITY,
  } = range;
  return (
    header.type === FRAME_BATCH &&
    header.dataset === dataset &&
    header.maxTimeMs >= fromMs &&
    header.minTimeMs < toMs &&
    header.firstSequence + header.rows > fromSequence &&
    header.firstSequence < toSequence
  );
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Rows of a dataset, read from given segments for good: what cannot be read is passed over, where a reader for people would
 * end. The keeper is the last to see a segment; what it does not take from it is counted as lost, and the segment set aside.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import { type BindFrame, bindFrames } from "../store/log/bind-frame.ts";
import { type Frame, SegmentReader } from "../store/log/frame-reader.ts";
import { FRAME_BATCH, type FrameHeader, logFolder, segmentName } from "../store/log/log-format.ts";
import type { LogSource } from "../store/log/log-reader.ts";
import { StoreDamaged } from "../store/store-damaged.ts";
import { isUnreadable, type Segment } from "./segments.ts";

/** Event times that are wanted, ms: from inclusive, to exclusive. Batches that hold none are passed over. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const ALL_TIMES: TimeRange = {
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
};

/** After this many bytes that were passed over, others may have their turn. */
const PATIENCE_BYTES = 2 * 2 ** 20;

/** Batches of `dataset` in `segments`, in order; undefined from time to time, when much had to be passed over. */
export function* readSegments(
  source: LogSource,
  segments: readonly Segment[],
  dataset: Dataset,
  { fromMs, toMs }: TimeRange = ALL_TIMES,
): Generator<PublicBatch | undefined, void, void> {
  for (const segment of segments) {
    const id = segment.head?.datasets.findIndex(({ name }) => name === dataset.name) ?? -1;
    if (id < 0) continue;
    const wanted = ({ type, dataset: of, rows, minTimeMs, maxTimeMs }: FrameHeader) =>
      type === FRAME_BATCH && of === id && rows > 0 && maxTimeMs >= fromMs && minTimeMs < toMs;
    const reader = openSegment(source, segment);
    try {
      const binder = new Binder(segment, id, dataset);
      while (!reader.atEnd) {
        const frame = reader.next(wanted, PATIENCE_BYTES);
        const batch = frame && binder.tryBind(source.kernels.memory.buffer, frame);
        if (!reader.atEnd) yield batch;
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    } finally {
      reader.close();
    }
  }
}

/**
 * Reads a whole segment; gives way from time to time.
 * @returns whether all that is in it can be read, as rows of `datasets`
 */
export function* isReadable(
  source: LogSource,
  segment: Segment,
  datasets: readonly Dataset[],
): Generator<undefined, boolean, void> {
  if (segment.head === undefined) return false;
  const binders = segment.head.datasets.map(({ name }, id) => {
    const dataset = datasets.find((known) => known.name === name);
    return dataset && new Binder(segment, id, dataset);
  });
  const reader = openSegment(source, segment);
  try {
    let bytes = 0;
    for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
      const { type, dataset, payloadBytes } = frame.header;
      const { buffer } = source.kernels.memory;
      if (type === FRAME_BATCH && binders[dataset]?.tryBind(buffer, frame) === undefined) return false;
      bytes += payloadBytes;
      if (bytes > PATIENCE_BYTES) {
        bytes = 0;
        yield undefined;
      }
    }
    return !reader.end().torn;
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  } finally {
    reader.close();
  }
}

/** The frames of one dataset in one segment. */
class Binder {
  readonly #make: () => BindFrame;
  #bind: BindFrame | undefined;

  constructor({ number, head }: Segment, id: number, dataset: Dataset) {
    this.#make = () => bindFrames(segmentName(number), dataset, head!.datasets[id]!);
  }

  /** A frame's rows; undefined when they cannot be had. */
  tryBind(buffer: ArrayBufferLike, frame: Frame): PublicBatch | undefined {
    try {
      this.#bind ??= this.#make();
      return this.#bind(buffer, frame);
    } catch (error) {
      if (error instanceof StoreDamaged) return undefined;
      throw error;
    }
  }
}

function openSegment({ dataFolder, kernels, window }: LogSource, { number }: Segment): SegmentReader {
  return new SegmentReader(`${logFolder(dataFolder)}/${segmentName(number)}`, kernels, window);
}

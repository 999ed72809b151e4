/** How many rows a segment has that the lake does not, by the headers of its frames and as little else as will do. */

import type { Dataset } from "../../datasets/define.ts";
import { readInt64 } from "../../runtime/batch/index.ts";
import { type Compacted, type Manifest, NOTHING_IN_LAKE } from "./lake/manifest.ts";
import { type BindFrame, bindFrames } from "./log/bind-frame.ts";
import type { Frame, SegmentReader } from "./log/frame-reader.ts";
import { FRAME_BATCH, type FrameHeader, frameBytes, type SegmentDataset } from "./log/log-format.ts";
import { readHead } from "./log/log-reader.ts";
import { rowRuns } from "./row-runs.ts";
import { StoreDamaged } from "./store-damaged.ts";
import type { StoreSource } from "./store-source.ts";

/** Bytes of the log between two steps. */
const STEP_BYTES = 8 * 2 ** 20;
const EVERY_ROW = {
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
  endSequence: Number.POSITIVE_INFINITY,
};

/** Rows of a dataset that are in the log and not in the lake. */
export interface LogRows {
  rows: number;
  /** Of all frames that it has, also of those that the lake has. */
  bytes: number;
  firstMs: number;
  lastMs: number;
}

export function noRows(): LogRows {
  return { rows: 0, bytes: 0, firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY };
}

/** Adds up what a segment has, by dataset name. Undefined now and then. */
export function* tallySegment(
  reader: SegmentReader,
  segment: string,
  { kernels }: StoreSource,
  manifest: Manifest,
  datasets: readonly Dataset[],
  log: Map<string, LogRows>,
): Generator<undefined, void, void> {
  const head = readHead(reader);
  if (head === undefined) return;
  const counters = head.datasets.map((then) => {
    const tally = log.get(then.name) ?? noRows();
    log.set(then.name, tally);
    const dataset = datasets.find(({ name }) => name === then.name);
    const { compacted } = manifest.datasets[then.name] ?? NOTHING_IN_LAKE;
    return new FrameCounter(segment, dataset, then, compacted, tally);
  });
  // A frame that is passed over is known to be whole when the next one is reached.
  let passed: (() => void) | undefined;
  let passedAt = 0;
  const wanted = (header: FrameHeader, offset: number) => {
    passed?.();
    passed = undefined;
    passedAt = offset;
    const counter = header.type === FRAME_BATCH ? counters[header.dataset] : undefined;
    if (counter === undefined) return false;
    if (counter.mustRead(header)) return true;
    const copy = { ...header };
    passed = () => counter.add(copy);
    return false;
  };
  while (!reader.atEnd) {
    const frame = reader.next(wanted, STEP_BYTES);
    if (frame !== undefined) counters[frame.header.dataset]?.read(kernels.memory.buffer, frame);
    if (!reader.atEnd) yield undefined;
  }
  if (passedAt < reader.end().goodBytes) passed?.();
}

/** Counts the frames of one dataset in one segment. */
class FrameCounter {
  readonly #segment: string;
  readonly #dataset: Dataset | undefined;
  readonly #then: SegmentDataset;
  readonly #compacted: Compacted;
  readonly #tally: LogRows;
  #bind: BindFrame | undefined;

  constructor(
    segment: string,
    dataset: Dataset | undefined,
    then: SegmentDataset,
    compacted: Compacted,
    tally: LogRows,
  ) {
    this.#segment = segment;
    this.#dataset = dataset;
    this.#then = then;
    this.#compacted = compacted;
    this.#tally = tally;
  }

  /** Whether the lake has some of the rows, and only their times tell which. */
  mustRead(header: FrameHeader): boolean {
    const { before, hourMs, hourBefore } = this.#compacted;
    const { firstSequence, minTimeMs } = header;
    const mayHaveSome = firstSequence < before || (minTimeMs < hourMs && firstSequence < hourBefore);
    return this.#dataset !== undefined && mayHaveSome && !this.#hasAll(header);
  }

  /** A frame that the lake has whole, or nothing of. */
  add(header: FrameHeader): void {
    this.#tally.bytes += frameBytes(header.payloadBytes);
    if (!this.#hasAll(header)) this.#count(header.rows, header.minTimeMs, header.maxTimeMs);
  }

  read(buffer: ArrayBufferLike, frame: Frame): void {
    this.#tally.bytes += frameBytes(frame.header.payloadBytes);
    const dataset = this.#dataset!;
    try {
      this.#bind ??= bindFrames(this.#segment, dataset, this.#then, []);
      const batch = this.#bind(buffer, frame);
      const runs = rowRuns(dataset, batch, { ...EVERY_ROW, compacted: this.#compacted });
      const times = batch.dataAt(dataset.plan.public(dataset.time)) >>> 2;
      for (const { from, to } of runs) {
        for (let row = from; row < to; row++) {
          const timeMs = readInt64(batch.views.i32, times + row * 2);
          this.#count(1, timeMs, timeMs);
        }
      }
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
    }
  }

  #hasAll({ firstSequence, rows, maxTimeMs }: FrameHeader): boolean {
    const { before, hourMs, hourBefore } = this.#compacted;
    const end = firstSequence + rows;
    return end <= before || (maxTimeMs < hourMs && end <= hourBefore);
  }

  #count(rows: number, minTimeMs: number, maxTimeMs: number): void {
    const tally = this.#tally;
    tally.rows += rows;
    tally.firstMs = Math.min(tally.firstMs, minTimeMs);
    tally.lastMs = Math.max(tally.lastMs, maxTimeMs);
  }
}

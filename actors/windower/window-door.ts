/**
 * Writes closed windows as rows of their windows dataset. All rows of one window are published at once, so that no stage and
 * no crash of this actor ever meets half a window.
 *
 * A crash of the whole process may leave some batches of a large window in the log and others not. So the last batch of a
 * window says by its event times that it is: they reach to the window's end, those of the others only to its start. Where the
 * log ends with another, the window is made again and what the log has of it is left out.
 */

import type { Dataset } from "../../datasets/define.ts";
import { WINDOW_MS } from "../../datasets/windows.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { type Batch, readInt64, writeInt64 } from "../../runtime/batch/index.ts";
import { pause } from "../../runtime/clock.ts";
import type { Kernels } from "../../wasm/index.ts";
import { Door } from "../door.ts";
import { type LogSource, readLog } from "../store/log/log-reader.ts";
import type { Aggregate } from "./aggregate.ts";
import type { ClosedWindow } from "./window-table.ts";

const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;
/** Bytes of shared memory that a window door works in: the quantiles asked for, and their answers. */
export const WINDOW_DOOR_SCRATCH_BYTES = QUANTILES.length * 8 * 2;
/** Pause before a full lane is tried again. It is full only while the recorder's disk takes nothing. */
const RETRY_MS = 20;

interface Row {
  readonly key: bigint;
  readonly measure: number;
  readonly aggregate: Aggregate;
}

export class WindowDoor {
  readonly #context: ActorContext<never>;
  readonly #kernels: Kernels;
  readonly #dataset: Dataset;
  readonly #door: Door;
  readonly #group: string | undefined;
  readonly #scratch: number;
  /** The window that the log has a part of, and which rows that are. */
  #begun: { readonly startMs: number; readonly rows: ReadonlySet<string> } | undefined;
  /** Groups of one window that are certain to fit into the empty lane. */
  readonly maxGroups: number;

  /** @param dataset the windows dataset; @param scratch WINDOW_DOOR_SCRATCH_BYTES of shared memory, on a multiple of 8 */
  constructor(
    context: ActorContext<never>,
    kernels: Kernels,
    source: Dataset,
    dataset: Dataset,
    scratch: number,
  ) {
    this.#context = context;
    this.#kernels = kernels;
    this.#dataset = dataset;
    this.#door = new Door(context, dataset);
    this.#group = source.windows?.groupBy;
    this.#scratch = scratch;
    const measures = source.windows?.measures.length ?? 1;
    this.maxGroups = Math.floor(((context.lane(dataset.name).slots - 1) * dataset.batchRows) / measures);
    new Float64Array(context.memory.buffer).set(QUANTILES, scratch >>> 3);
  }

  /** Sequence number after the last row published. */
  get published(): number {
    return this.#door.account.published;
  }

  /**
   * Finds out where the log leaves off. Call it before the first `write`.
   * @param latestMs largest event time among the batches of the windows dataset that the log holds; -Infinity when it has none
   * @returns end of the last window that is in the log whole; -Infinity when there is none
   */
  resume(log: LogSource, latestMs: number): number {
    const startMs = Math.floor(latestMs / WINDOW_MS) * WINDOW_MS;
    if (latestMs !== startMs || !Number.isFinite(latestMs)) return startMs + WINDOW_MS;
    const rows = new Set<string>();
    const { plan } = this.#dataset;
    for (const batch of readLog(log, this.#dataset, { fromMs: startMs })) {
      const { i32, u64, u8 } = batch.views;
      const startAt = batch.dataAt(plan.public("window_start")) >>> 2;
      const measureAt = batch.dataAt(plan.public("measure"));
      const groupAt = this.#group === undefined ? -1 : batch.dataAt(plan.public(this.#group)) >>> 3;
      for (let row = 0; row < batch.rows; row++) {
        if (readInt64(i32, startAt + row * 2) !== startMs) continue;
        rows.add(rowName(groupAt < 0 ? 0n : u64[groupAt + row]!, u8[measureAt + row]!));
      }
    }
    this.#begun = { startMs, rows };
    return startMs;
  }

  /** Publishes a window and gives its aggregates back. Waits while the lane is full. */
  async write(window: ClosedWindow): Promise<void> {
    const begun = window.startMs === this.#begun?.startMs ? this.#begun.rows : undefined;
    const rows = window.groups.flatMap(({ key, aggregates }) =>
      aggregates.flatMap((aggregate, measure): Row[] =>
        aggregate.count > 0 && !begun?.has(rowName(key, measure)) ? [{ key, measure, aggregate }] : [],
      ),
    );
    const { batchRows } = this.#dataset;
    const slots = Math.ceil(rows.length / batchRows);
    while (this.#door.free() < slots) {
      await pause(this.#context.clock, RETRY_MS);
    }
    for (let from = 0; from < rows.length; from += batchRows) {
      const part = rows.slice(from, from + batchRows);
      if (!this.#door.tryBegin(part.length))
        throw new Error("a lane that had room has none; it has one writer");
      this.#fill(this.#door.batch, part, window);
      const isLast = from + part.length === rows.length;
      const latestMs = isLast ? window.endMs - 1 : window.startMs;
      this.#door.batch.setTimes(window.startMs, latestMs, this.#context.clock.nowMs());
      this.#door.batch.seal();
    }
    if (rows.length > 0) this.#door.publish();
    for (const { aggregates } of window.groups) for (const aggregate of aggregates) aggregate.free();
  }

  #fill(batch: Batch, rows: readonly Row[], { startMs, endMs }: ClosedWindow): void {
    const { plan } = this.#dataset;
    const kernels = this.#kernels;
    const { i32, u32, u64, f64, u8 } = batch.views;
    const at = (name: string) => batch.dataAt(plan.public(name));
    const doubles = (name: string) => at(name) >>> 3;
    const [start, end, measure, count] = [at("window_start"), at("window_end"), at("measure"), at("count")];
    const group = this.#group === undefined ? -1 : doubles(this.#group);
    const figures = ["mean", "stddev", "min", "max"].map(doubles);
    const percentiles = ["p50", "p90", "p95", "p99"].map(doubles);
    const quantilesAt = this.#scratch;
    const answersAt = this.#scratch + QUANTILES.length * 8;
    rows.forEach(({ key, measure: index, aggregate }, row) => {
      writeInt64(i32, (start >>> 2) + row * 2, startMs);
      writeInt64(i32, (end >>> 2) + row * 2, endMs);
      if (group >= 0) u64[group + row] = key;
      u8[measure + row] = index;
      u32[(count >>> 2) + row] = aggregate.count;
      const { moments } = aggregate;
      f64[figures[0]! + row] = kernels.momentsMean(moments);
      f64[figures[1]! + row] = Math.sqrt(kernels.momentsVariance(moments, 0));
      f64[figures[2]! + row] = kernels.momentsMin(moments);
      f64[figures[3]! + row] = kernels.momentsMax(moments);
      kernels.sketchQuantiles(aggregate.sketchAt, quantilesAt, QUANTILES.length, answersAt);
      percentiles.forEach((column, quantile) => {
        f64[column + row] = f64[(answersAt >>> 3) + quantile]!;
      });
    });
  }
}

/** What tells rows of one window apart. */
function rowName(key: bigint, measure: number): string {
  return `${key} ${measure}`;
}

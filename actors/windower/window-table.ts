/**
 * The open windows of one dataset: tumbling, by event time.
 *
 * A row belongs to the window that its event time falls into, whenever it comes. The watermark says how far event time has
 * certainly come: the latest event time seen, less the disorder that is allowed for. A window is over when the watermark
 * reaches its end; rows that come for it later are late, are counted, and change nothing. That is decided row by row, so how
 * rows are cut into batches changes nothing either.
 */

import type { Dataset } from "../../datasets/define.ts";
import { type Column, type PublicBatch, readInt64, readUint64 } from "../../runtime/batch/index.ts";
import { type BlockPool, type Kernels, PoolExhausted } from "../../wasm/index.ts";
import { Aggregate } from "./aggregate.ts";

export interface WindowTableOptions {
  readonly kernels: Kernels;
  readonly pool: BlockPool;
  readonly windowMs: number;
  /** How much later than a younger row an older one may come and still be counted. */
  readonly disorderMs: number;
  /** Groups that one window holds at the most; rows of more are left out and counted. */
  readonly maxGroups: number;
  /** Windows that end at or before this moment have been given out already: their rows are passed over, not late. */
  readonly emittedUpToMs: number;
}

/** One group of a closed window, an aggregate a measure in declared order. */
export interface ClosedGroup {
  /** The group's pseudonym; 0n for a dataset without groups. */
  readonly key: bigint;
  readonly aggregates: readonly Aggregate[];
}

export interface ClosedWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** Sorted by key. */
  readonly groups: readonly ClosedGroup[];
}

type Reader = (batch: PublicBatch, row: number) => number;

export class WindowTable {
  /** Rows that came after their window was closed. */
  lateRows = 0;
  /** Rows left out because their window had all the groups it can hold, or no memory was left. */
  refusedRows = 0;
  /** Values that are in their window's moments and not in its percentiles, for want of memory. */
  unsketchedValues = 0;
  readonly #options: WindowTableOptions;
  readonly #time: Column;
  readonly #group: Column | undefined;
  readonly #measures: readonly { readonly column: Column; readonly read: Reader }[];
  readonly #windows = new Map<number, Map<bigint, Aggregate[]>>();
  #emittedUpToMs: number;
  #latestMs = Number.NEGATIVE_INFINITY;

  constructor(dataset: Dataset, options: WindowTableOptions) {
    const { plan, windows } = dataset;
    this.#options = options;
    this.#emittedUpToMs = options.emittedUpToMs;
    this.#time = plan.public(dataset.time);
    this.#group = windows?.groupBy === undefined ? undefined : plan.public(windows.groupBy);
    this.#measures = (windows?.measures ?? []).map((name) => {
      const column = plan.public(name);
      return { column, read: numberReader(column) };
    });
  }

  /** Event time that everything has certainly been seen up to; -Infinity before the first row. */
  get watermarkMs(): number {
    return this.#latestMs - this.#options.disorderMs;
  }

  add(batch: PublicBatch): void {
    const { i32, u64 } = batch.views;
    const timeAt = batch.dataAt(this.#time) >>> 2;
    const groupAt = this.#group === undefined ? -1 : batch.dataAt(this.#group) >>> 3;
    for (let row = 0; row < batch.rows; row++) {
      const timeMs = readInt64(i32, timeAt + row * 2);
      if (timeMs > this.#latestMs) this.#latestMs = timeMs;
      const startMs = Math.floor(timeMs / this.#options.windowMs) * this.#options.windowMs;
      const endMs = startMs + this.#options.windowMs;
      if (endMs <= this.#emittedUpToMs || endMs <= this.watermarkMs) {
        this.lateRows++;
        continue;
      }
      const aggregates = this.#aggregates(startMs, groupAt < 0 ? 0n : u64[groupAt + row]!);
      if (aggregates === undefined) {
        this.refusedRows++;
        continue;
      }
      for (let index = 0; index < this.#measures.length; index++) {
        const { column, read } = this.#measures[index]!;
        if (!batch.isValid(column, row)) continue;
        if (!aggregates[index]!.add(read(batch, row))) this.unsketchedValues++;
      }
    }
  }

  /** Takes the windows that end at or before `upToMs` out of the table, oldest first. Free their aggregates after use. */
  close(upToMs: number): readonly ClosedWindow[] {
    const { windowMs } = this.#options;
    const starts = [...this.#windows.keys()].filter((start) => start + windowMs <= upToMs);
    const closed = starts
      .sort((a, b) => a - b)
      .map((startMs): ClosedWindow => {
        const groups = [...this.#windows.get(startMs)!].map(([key, aggregates]) => ({ key, aggregates }));
        groups.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
        this.#windows.delete(startMs);
        return { startMs, endMs: startMs + windowMs, groups };
      });
    const wholeMs = Math.floor(upToMs / windowMs) * windowMs;
    if (wholeMs > this.#emittedUpToMs) this.#emittedUpToMs = wholeMs;
    return closed;
  }

  /** End of the last open window, or undefined when none is open. */
  lastOpenEndMs(): number | undefined {
    if (this.#windows.size === 0) return undefined;
    return Math.max(...this.#windows.keys()) + this.#options.windowMs;
  }

  #aggregates(startMs: number, key: bigint): Aggregate[] | undefined {
    let groups = this.#windows.get(startMs);
    if (groups === undefined) {
      groups = new Map();
      this.#windows.set(startMs, groups);
    }
    let aggregates = groups.get(key);
    if (aggregates === undefined) {
      if (groups.size >= this.#options.maxGroups) return undefined;
      aggregates = this.#newAggregates();
      if (aggregates !== undefined) groups.set(key, aggregates);
    }
    return aggregates;
  }

  #newAggregates(): Aggregate[] | undefined {
    const made: Aggregate[] = [];
    try {
      for (let index = 0; index < this.#measures.length; index++) {
        made.push(new Aggregate(this.#options.kernels, this.#options.pool));
      }
      return made;
    } catch (error) {
      for (const aggregate of made) aggregate.free();
      if (error instanceof PoolExhausted) return undefined;
      throw error;
    }
  }
}

function numberReader(column: Column): Reader {
  switch (column.type) {
    case "f64":
      return (batch, row) => batch.views.f64[(batch.dataAt(column) >>> 3) + row]!;
    case "f32":
      return (batch, row) => batch.views.f32[(batch.dataAt(column) >>> 2) + row]!;
    case "u32":
      return (batch, row) => batch.views.u32[(batch.dataAt(column) >>> 2) + row]!;
    case "i32":
      return (batch, row) => batch.views.i32[(batch.dataAt(column) >>> 2) + row]!;
    case "u16":
      return (batch, row) => batch.views.u16[(batch.dataAt(column) >>> 1) + row]!;
    case "u8":
      return (batch, row) => batch.views.u8[batch.dataAt(column) + row]!;
    case "u64":
      return (batch, row) => readUint64(batch.views.i32, (batch.dataAt(column) >>> 2) + row * 2);
    case "i64":
      return (batch, row) => readInt64(batch.views.i32, (batch.dataAt(column) >>> 2) + row * 2);
    default:
      throw new RangeError(`column ${column.name} of type ${column.type} is no number that can be windowed`);
  }
}

/**
 * What each stage of each lane does: rows, and how old a batch is when the stage lets go of it.
 *
 * A meter lies in the shared memory: totals, and a ring of the last RING_SECONDS seconds, each with its own counts. One thread
 * writes it, any may read it without waiting. There is no lock: a reader may see a second half counted, which is as true as having
 * looked a moment earlier. Latencies are whole milliseconds of wall time, as batches are stamped; they are counted in classes.
 */

import type { ActorContext } from "../runtime/actor/types.ts";
import type { Arena } from "../runtime/arena.ts";
import { viewsOf } from "../runtime/batch/index.ts";
import type { LaneShape, LaneStatus } from "../runtime/lane/index.ts";
import { type MetersSpec, resourcesOf } from "./resources.ts";

/** Upper ends of the classes that latencies are counted in, ms; the last takes all that are longer. */
export const LATENCY_CLASSES_MS = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  10,
  15,
  20,
  30,
  50,
  75,
  100,
  150,
  200,
  300,
  500,
  1000,
  2000,
  5000,
  10_000,
  60_000,
  Number.POSITIVE_INFINITY,
] as const;

export interface StageFigures {
  readonly dataset: string;
  readonly actor: string;
  /** Since the process began. */
  readonly batches: number;
  readonly rows: number;
  /** From a batch's writing to the stage's release, over the last minute: upper ends of classes. Null when there was none. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number } | null;
  /** Over the last ten whole seconds. */
  readonly rowsPerSecond: number;
  /** Slots that it has still to release. */
  readonly lagSlots: number;
}

const RING_SECONDS = 64;
const LATENCY_SECONDS = 60;
const RATE_SECONDS = 10;
/** Of one second: which it is, batches, rows, then a count for each class. */
const SECOND = 0;
const BATCHES = 1;
const ROWS = 2;
const CLASSES = 3;
const SECOND_CELLS = 32;
/** Totals come first: two doubles, in a line of their own. */
const TOTAL_BYTES = 64;
const METER_BYTES = TOTAL_BYTES + RING_SECONDS * SECOND_CELLS * 4;
/** Most batches that a stage takes before it releases. */
const MOST_AT_ONCE = 64;

/** Places a meter for every stage of the lanes. */
export function placeMeters(arena: Arena, lanes: readonly LaneShape[]): MetersSpec {
  const stages = lanes.flatMap(({ name, tiers }) => tiers.flat().map((actor) => ({ dataset: name, actor })));
  return { offset: arena.allocate(METER_BYTES * stages.length, "stage meters"), stages };
}

/** The writing end: one for each stage, in the hands of its actor. */
export class StageMeter {
  readonly #f64: Float64Array;
  readonly #u32: Uint32Array;
  readonly #at: number;
  readonly #nowMs: () => number;
  readonly #writtenMs = new Float64Array(MOST_AT_ONCE);
  #batches = 0;
  #rows = 0;

  /** Of the stage that this actor is of the dataset's lane. A system that was built without meters has nothing counted. */
  constructor(context: ActorContext<never>, dataset: string) {
    const { meters } = resourcesOf(context);
    const { f64, u32 } = viewsOf(context.memory.buffer);
    this.#f64 = f64;
    this.#u32 = u32;
    this.#at = meters === undefined ? -1 : meterAt(meters, dataset, context.name);
    this.#nowMs = () => context.clock.nowMs();
  }

  /** A batch was read. */
  read(batch: { readonly rows: number; readonly writtenMs: number }): void {
    this.#writtenMs[this.#batches % MOST_AT_ONCE] = batch.writtenMs;
    this.#batches++;
    this.#rows += batch.rows;
  }

  /** What was read since the last release is released. */
  released(): void {
    const batches = this.#batches;
    if (batches > 0 && this.#at >= 0) this.#count(batches, this.#rows);
    this.#batches = 0;
    this.#rows = 0;
  }

  #count(batches: number, rows: number): void {
    const total = this.#at >>> 3;
    this.#f64[total] = this.#f64[total]! + batches;
    this.#f64[total + 1] = this.#f64[total + 1]! + rows;
    const nowMs = this.#nowMs();
    const second = Math.floor(nowMs / 1000) >>> 0;
    const cell = secondAt(this.#at, second);
    if (this.#u32[cell + SECOND] !== second) {
      this.#u32.fill(0, cell, cell + SECOND_CELLS);
      this.#u32[cell + SECOND] = second;
    }
    this.#u32[cell + BATCHES] = this.#u32[cell + BATCHES]! + batches;
    this.#u32[cell + ROWS] = this.#u32[cell + ROWS]! + rows;
    for (let batch = 0; batch < Math.min(batches, MOST_AT_ONCE); batch++) {
      const writtenMs = this.#writtenMs[batch]!;
      if (writtenMs <= 0) continue;
      const index = cell + CLASSES + classOf(nowMs - writtenMs);
      this.#u32[index] = this.#u32[index]! + 1;
    }
  }
}

/** All meters at this moment. From any thread. */
export function readMeters(
  memory: WebAssembly.Memory,
  spec: MetersSpec,
  lanes: readonly LaneStatus[],
  nowMs: number,
): readonly StageFigures[] {
  const { f64, u32 } = viewsOf(memory.buffer);
  const now = Math.floor(nowMs / 1000) >>> 0;
  return spec.stages.map(({ dataset, actor }) => {
    const at = meterAt(spec, dataset, actor);
    const classes = new Float64Array(LATENCY_CLASSES_MS.length);
    let rows = 0;
    for (let age = 0; age <= LATENCY_SECONDS; age++) {
      const second = (now - age) >>> 0;
      const cell = secondAt(at, second);
      if (u32[cell + SECOND] !== second) continue;
      // The second that is under way would make the rate too small.
      if (age >= 1 && age <= RATE_SECONDS) rows += u32[cell + ROWS]!;
      for (let index = 0; index < classes.length; index++) {
        classes[index] = classes[index]! + u32[cell + CLASSES + index]!;
      }
    }
    const lane = lanes.find(({ lane }) => lane === dataset);
    return {
      dataset,
      actor,
      batches: f64[at >>> 3]!,
      rows: f64[(at >>> 3) + 1]!,
      latency: latencyOf(classes),
      rowsPerSecond: rows / RATE_SECONDS,
      lagSlots: lane?.stages.find(({ stage }) => stage === actor)?.lagSlots ?? 0,
    };
  });
}

function meterAt({ offset, stages }: MetersSpec, dataset: string, actor: string): number {
  const index = stages.findIndex((stage) => stage.dataset === dataset && stage.actor === actor);
  if (index < 0) throw new RangeError(`there is no meter of ${actor} on the lane ${dataset}`);
  return offset + index * METER_BYTES;
}

/** Index of a second's first cell among 32-bit words. */
function secondAt(meter: number, second: number): number {
  return (meter + TOTAL_BYTES) / 4 + (second % RING_SECONDS) * SECOND_CELLS;
}

/** A clock that was set back makes a latency of less than nothing, which counts as none. */
function classOf(ms: number): number {
  let index = 0;
  while (ms > LATENCY_CLASSES_MS[index]!) index++;
  return index;
}

function latencyOf(classes: Float64Array): StageFigures["latency"] {
  const count = classes.reduce((sum, some) => sum + some, 0);
  if (count === 0) return null;
  const at = (share: number) => {
    let left = Math.ceil(share * count);
    const index = classes.findIndex((some) => {
      left -= some;
      return left <= 0;
    });
    // The last class has no end: its start is what is known.
    return LATENCY_CLASSES_MS[Math.min(index, LATENCY_CLASSES_MS.length - 2)]!;
  };
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

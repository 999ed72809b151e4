/**
 * Which values of a column are the most frequent, or weigh the most: Space-Saving (wasm/kernels/space-saving-layout.ts).
 *
 * `values[0]` is the item (whole numbers of any type; others by the bits of their double), `values[1]`, if there is one, the weight; without, each
 * row weighs 1. A record has up to `capacity` counters, at least eight for each rank and 64. While items are no more than that,
 * weights are exact; beyond,
 * - a counter's weight is at most `error` too high and never too low,
 * - an item that is not told of weighs at most `least`, which is at most total / capacity,
 * - so every item that weighs more than total / capacity has a counter. Merging keeps all three.
 *
 * Rows without an item are passed over. A weight that is missing, negative or not finite leaves the row out, and is counted. Weights are
 * added as doubles, so these are exact for whole numbers up to 2^53.
 *
 * Where the pool has no room for more counters, a record goes on with those it has until it is cleared; `truncated` counts the
 * rows that cost another item its counter since.
 */

import {
  type BlockPool,
  type Kernels,
  PoolExhausted,
  TOP_CAPACITY_OFFSET,
  TOP_CAPPED_OFFSET,
  TOP_COUNTER_BYTES,
  TOP_LEFT_OUT_OFFSET,
  TOP_MAX_BYTES,
  TOP_MIN_BYTES,
  TOP_RECORD_BYTES,
  TOP_ROWS_OFFSET,
  TOP_TOTAL_OFFSET,
  VALUE_TYPES,
} from "../wasm/index.ts";
import type { Accumulation } from "./accumulation.ts";
import type { RowColumns, ValueColumn } from "./rows.ts";
import type { StateReader, StateWriter } from "./state.ts";

/** Counters beyond the ranks are what makes the ranks right: eight for each, and never so few that chance decides. */
const COUNTERS_A_RANK = 8;
const MIN_COUNTERS = 64;
/** For the double that the kernel counts truncated rows in; behind it is room for ranks. */
const SCRATCH_BYTES = 64;
const NO_WEIGHT = -1;
const BLOCK_BYTES_OFFSET = 4;
/** What a record says before its counters, beside their number: rows, total, left out, floor. */
const FACTS = [TOP_TOTAL_OFFSET, TOP_ROWS_OFFSET, TOP_LEFT_OUT_OFFSET, TOP_LEFT_OUT_OFFSET + 8] as const;

export interface TopRank {
  /** As u64; of a signed type, two's complement. */
  readonly item: bigint;
  readonly weight: number;
  /** The true weight is from `weight` − `error` to `weight`. */
  readonly error: number;
}

export class Top implements Accumulation {
  readonly kind = "top";
  readonly ranks: number;
  /** Counters that a record may have. */
  readonly capacity: number;
  readonly #kernels: Kernels;
  readonly #pool: BlockPool;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #u64: BigUint64Array;
  readonly #scratchAt: number;
  readonly #scratchBytes: number;

  /** @param ranks how many items are told of, from 1 to 1000. @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool, ranks: number) {
    if (!(Number.isInteger(ranks) && ranks >= 1 && ranks <= 1000)) {
      throw new RangeError(`ranks: expected a whole number from 1 to 1000; came ${ranks}`);
    }
    this.ranks = ranks;
    this.#kernels = kernels;
    this.#pool = pool;
    const { buffer } = kernels.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    // All that the block which has to be has room for.
    this.capacity = kernels.topRoom(this.#bytesFor(Math.max(MIN_COUNTERS, COUNTERS_A_RANK * ranks)));
    this.#scratchBytes = 2 ** Math.ceil(Math.log2(SCRATCH_BYTES + ranks * TOP_COUNTER_BYTES));
    this.#scratchAt = pool.allocate(this.#scratchBytes);
    this.#f64[this.#scratchAt / 8] = 0;
  }

  get truncated(): number {
    return this.#f64[this.#scratchAt / 8]!;
  }

  make(): number {
    return this.#makeOf(TOP_MIN_BYTES);
  }

  add(columns: RowColumns, recordsAt: number, from: number, to: number): void {
    const item = columns.values[0]!;
    const weight = columns.values[1];
    for (let row = this.#scatter(item, weight, recordsAt, from, to); row < to; ) {
      const record = this.#u32[recordsAt / 4 + row]!;
      this.#makeRoom(record, this.#bytesOf(record) * 2);
      row = this.#scatter(item, weight, recordsAt, row, to);
    }
  }

  merge(into: number, from: number): void {
    for (let needs = this.#kernels.topMerge(into, from); needs !== 0; ) {
      this.#makeRoom(into, needs);
      needs = this.#kernels.topMerge(into, from);
    }
  }

  isEmpty(record: number): boolean {
    return this.rows(record) === 0;
  }

  clear(record: number): void {
    this.#kernels.topInit(record, this.#u32[record / 4]!, this.#bytesOf(record), this.capacity);
  }

  free(record: number): void {
    this.#pool.free(this.#u32[record / 4]!, this.#bytesOf(record));
    this.#pool.free(record, TOP_RECORD_BYTES);
  }

  save(record: number, out: StateWriter): void {
    const count = this.#kernels.topCount(record);
    for (const offset of FACTS) out.f64(this.#f64[(record + offset) / 8]!);
    out.u32(this.#u32[(record + TOP_CAPACITY_OFFSET) / 4]!);
    out.u8(this.#u32[(record + TOP_CAPPED_OFFSET) / 4]!);
    out.u32(count);
    out.bytes(this.#u8, this.#kernels.topCounters(record), count * TOP_COUNTER_BYTES);
  }

  load(from: StateReader): number {
    const facts = FACTS.map(() => from.f64());
    const capacity = from.u32();
    const isCapped = from.u8();
    const count = from.u32();
    if (count > capacity || capacity > this.capacity) {
      throw new RangeError(`expected at most ${this.capacity} counters; came ${count} of ${capacity}`);
    }
    const record = this.#makeOf(this.#bytesFor(count));
    try {
      from.bytes(this.#u8, this.#kernels.topCounters(record), count * TOP_COUNTER_BYTES);
    } catch (error) {
      this.free(record);
      throw error;
    }
    this.#kernels.topRestore(record, count);
    FACTS.forEach((offset, i) => {
      this.#f64[(record + offset) / 8] = facts[i]!;
    });
    this.#u32[(record + TOP_CAPACITY_OFFSET) / 4] = capacity;
    this.#u32[(record + TOP_CAPPED_OFFSET) / 4] = isCapped;
    return record;
  }

  /** Gives the memory back that is no record's: those are to be freed before. It must not be used afterwards. */
  close(): void {
    this.#pool.free(this.#scratchAt, this.#scratchBytes);
  }

  /** Rows that were taken. */
  rows(record: number): number {
    return this.#f64[(record + TOP_ROWS_OFFSET) / 8]!;
  }

  /** Rows that were left out, because they weighed nothing that can be added up. */
  leftOut(record: number): number {
    return this.#f64[(record + TOP_LEFT_OUT_OFFSET) / 8]!;
  }

  /** What all rows weigh together. */
  total(record: number): number {
    return this.#f64[(record + TOP_TOTAL_OFFSET) / 8]!;
  }

  /** What an item without a counter weighs at the most; 0 while every item has one. */
  least(record: number): number {
    return this.#kernels.topLeast(record);
  }

  /** The heaviest items, by falling weight, then rising item; fewer than `ranks` when there are no more that weigh anything. */
  top(record: number): TopRank[] {
    const at = this.#scratchAt + SCRATCH_BYTES;
    const count = this.#kernels.topRanks(record, this.ranks, at);
    const ranks: TopRank[] = [];
    for (let rank = at / 8; ranks.length < count; rank += TOP_COUNTER_BYTES / 8) {
      ranks.push({ item: this.#u64[rank]!, weight: this.#f64[rank + 1]!, error: this.#f64[rank + 2]! });
    }
    return ranks;
  }

  #bytesOf(record: number): number {
    return this.#u32[(record + BLOCK_BYTES_OFFSET) / 4]!;
  }

  /** The smallest block with room for so many counters. */
  #bytesFor(counters: number): number {
    let bytes = TOP_MIN_BYTES;
    while (bytes < TOP_MAX_BYTES && this.#kernels.topRoom(bytes) < counters) bytes *= 2;
    return bytes;
  }

  #makeOf(bytes: number): number {
    const record = this.#pool.allocate(TOP_RECORD_BYTES);
    try {
      this.#kernels.topInit(record, this.#pool.allocate(bytes), bytes, this.capacity);
    } catch (error) {
      this.#pool.free(record, TOP_RECORD_BYTES);
      throw error;
    }
    return record;
  }

  #scatter(item: ValueColumn, weight: ValueColumn | undefined, recordsAt: number, from: number, to: number) {
    return this.#kernels.topScatter(
      recordsAt,
      VALUE_TYPES.indexOf(item.type),
      item.at,
      item.validity,
      weight === undefined ? NO_WEIGHT : VALUE_TYPES.indexOf(weight.type),
      weight?.at ?? 0,
      weight?.validity ?? 0,
      from,
      to,
      this.#scratchAt,
    );
  }

  #makeRoom(record: number, bytes: number): void {
    let block: number;
    try {
      block = this.#pool.allocate(bytes);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.#kernels.topCap(record);
      return;
    }
    const before = this.#u32[record / 4]!;
    const beforeBytes = this.#bytesOf(record);
    this.#kernels.topGrow(record, block, bytes);
    this.#pool.free(before, beforeBytes);
  }
}

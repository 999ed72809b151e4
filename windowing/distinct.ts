/**
 * How many different values columns have: HyperLogLog (wasm/kernels/hyperloglog.ts), exact while there are few, within a standard error of
 * HLL_STANDARD_ERROR beyond.
 *
 * A record is a slot (kernels.ts) for each column; its block is made with the first value, and doubles up to HLL_MAX_BYTES. Where the pool
 * has no room for that, the slot is frozen until it is cleared: values that do not fit count as rows, and in `truncated`. A slot that is
 * cleared keeps its block, but uses no more of it than a new one would: what it says must not tell of what was in it before.
 *
 * Null and NaN are no values; 0 and −0 are one.
 */

import {
  type BlockPool,
  HLL_MAX_BYTES,
  HLL_MIN_BYTES,
  HLL_SLOT_BYTES,
  HLL_SLOT_FROZEN_OFFSET,
  HLL_SLOT_HOST_OFFSET,
  HLL_SLOT_ROWS_OFFSET,
  type Kernels,
  PoolExhausted,
  VALUE_TYPES,
} from "../wasm/index.ts";
import type { Accumulation } from "./accumulation.ts";
import type { RowColumns } from "./rows.ts";
import type { StateReader, StateWriter } from "./state.ts";

/** Where a block is made larger that stays where it is; behind that, room for the double that the kernel counts truncated values in. */
const SCRATCH_BYTES = 2 * HLL_MAX_BYTES;
/** In a saved slot: it had no block. */
const NO_BLOCK = 0;

export class Distinct implements Accumulation {
  readonly kind = "distinct";
  readonly columns: number;
  readonly #kernels: Kernels;
  readonly #pool: BlockPool;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #recordBytes: number;
  readonly #scratchAt: number;
  readonly #truncatedAt: number;

  /** @param columns columns of the rows, from 1 on. @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool, columns: number) {
    this.columns = columns;
    this.#kernels = kernels;
    this.#pool = pool;
    const { buffer } = kernels.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#recordBytes = 2 ** Math.ceil(Math.log2(columns * HLL_SLOT_BYTES));
    this.#scratchAt = pool.allocate(SCRATCH_BYTES);
    this.#truncatedAt = this.#scratchAt + HLL_MAX_BYTES;
    this.#f64[this.#truncatedAt / 8] = 0;
  }

  get truncated(): number {
    return this.#f64[this.#truncatedAt / 8]!;
  }

  make(): number {
    const record = this.#pool.allocate(this.#recordBytes);
    this.#u8.fill(0, record, record + this.#recordBytes);
    return record;
  }

  add(columns: RowColumns, recordsAt: number, from: number, to: number): void {
    for (let column = 0; column < this.columns; column++) {
      const { type, at, validity } = columns.values[column]!;
      const code = VALUE_TYPES.indexOf(type);
      const offset = column * HLL_SLOT_BYTES;
      const scatter = (row: number) =>
        this.#kernels.hllScatter(recordsAt, offset, code, at, validity, row, to, this.#truncatedAt);
      for (let row = scatter(from); row < to; row = scatter(row)) {
        const slot = this.#u32[recordsAt / 4 + row]! + offset;
        this.#makeRoom(slot, this.#nextBytes(slot));
      }
    }
  }

  merge(into: number, from: number): void {
    for (let offset = 0; offset < this.columns * HLL_SLOT_BYTES; offset += HLL_SLOT_BYTES) {
      this.#mergeSlot(into + offset, from + offset);
    }
  }

  isEmpty(record: number): boolean {
    for (let column = 0; column < this.columns; column++) {
      if (this.count(record, column) !== 0) return false;
    }
    return true;
  }

  clear(record: number): void {
    for (let slot = record; slot < this.#endOf(record); slot += HLL_SLOT_BYTES) {
      const block = this.#blockOf(slot);
      if (block !== 0) this.#kernels.hllInit(block, HLL_MIN_BYTES);
      this.#u32[(slot + HLL_SLOT_FROZEN_OFFSET) / 4] = 0;
      this.#f64[(slot + HLL_SLOT_ROWS_OFFSET) / 8] = 0;
    }
  }

  free(record: number): void {
    for (let slot = record; slot < this.#endOf(record); slot += HLL_SLOT_BYTES) {
      const block = this.#blockOf(slot);
      if (block !== 0) this.#pool.free(block, this.#u32[(slot + HLL_SLOT_HOST_OFFSET) / 4]!);
    }
    this.#pool.free(record, this.#recordBytes);
  }

  save(record: number, out: StateWriter): void {
    for (let slot = record; slot < this.#endOf(record); slot += HLL_SLOT_BYTES) {
      const rows = this.#f64[(slot + HLL_SLOT_ROWS_OFFSET) / 8]!;
      const block = rows === 0 ? 0 : this.#blockOf(slot);
      out.f64(rows);
      out.u8(this.#u32[(slot + HLL_SLOT_FROZEN_OFFSET) / 4]!);
      out.u32(block === 0 ? NO_BLOCK : this.#kernels.hllBytes(block));
      if (block !== 0) out.bytes(this.#u8, block, this.#kernels.hllBytes(block));
    }
  }

  load(from: StateReader): number {
    const record = this.make();
    try {
      for (let slot = record; slot < this.#endOf(record); slot += HLL_SLOT_BYTES) this.#loadSlot(slot, from);
    } catch (error) {
      this.free(record);
      throw error;
    }
    return record;
  }

  /** Gives the memory back that is no record's: those are to be freed before. It must not be used afterwards. */
  close(): void {
    this.#pool.free(this.#scratchAt, SCRATCH_BYTES);
  }

  /** Rows that had a value. */
  count(record: number, column: number): number {
    return this.#f64[(record + column * HLL_SLOT_BYTES + HLL_SLOT_ROWS_OFFSET) / 8]!;
  }

  /** How many different values those rows had, about: a whole number while they are few. */
  estimate(record: number, column: number): number {
    const block = this.#blockOf(record + column * HLL_SLOT_BYTES);
    return block === 0 ? 0 : this.#kernels.hllEstimate(block);
  }

  #blockOf(slot: number): number {
    return this.#u32[slot / 4]!;
  }

  #endOf(record: number): number {
    return record + this.columns * HLL_SLOT_BYTES;
  }

  #nextBytes(slot: number): number {
    const block = this.#blockOf(slot);
    return block === 0 ? HLL_MIN_BYTES : this.#kernels.hllBytes(block) * 2;
  }

  /** Makes a slot's block `bytes` bytes large; freezes the slot and answers false when there is no room. */
  #makeRoom(slot: number, bytes: number): boolean {
    const before = this.#blockOf(slot);
    const beforeBytes = this.#u32[(slot + HLL_SLOT_HOST_OFFSET) / 4]!;
    if (bytes <= beforeBytes) {
      this.#kernels.hllGrow(before, this.#scratchAt, bytes);
      this.#u8.copyWithin(before, this.#scratchAt, this.#scratchAt + bytes);
      return true;
    }
    let block: number;
    try {
      block = this.#pool.allocate(bytes);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.#u32[(slot + HLL_SLOT_FROZEN_OFFSET) / 4] = 1;
      return false;
    }
    if (before === 0) {
      this.#kernels.hllInit(block, bytes);
    } else {
      this.#kernels.hllGrow(before, block, bytes);
      this.#pool.free(before, beforeBytes);
    }
    this.#setBlock(slot, block, bytes);
    return true;
  }

  #setBlock(slot: number, block: number, bytes: number): void {
    this.#u32[slot / 4] = block;
    this.#u32[(slot + HLL_SLOT_HOST_OFFSET) / 4] = bytes;
  }

  #mergeSlot(into: number, from: number): void {
    const rows = this.#f64[(from + HLL_SLOT_ROWS_OFFSET) / 8]!;
    if (rows === 0) return;
    const frozenAt = (into + HLL_SLOT_FROZEN_OFFSET) / 4;
    this.#f64[(into + HLL_SLOT_ROWS_OFFSET) / 8]! += rows;
    this.#u32[frozenAt]! |= this.#u32[(from + HLL_SLOT_FROZEN_OFFSET) / 4]!;
    const source = this.#blockOf(from);
    if (source === 0) return;
    for (;;) {
      const block = this.#blockOf(into);
      const needs = block === 0 ? HLL_MIN_BYTES : this.#kernels.hllMerge(block, source);
      if (needs === 0) return;
      // How many of the values are not in it is not known: they are of so many rows at the most.
      if (!this.#makeRoom(into, needs)) {
        this.#f64[this.#truncatedAt / 8]! += rows;
        return;
      }
    }
  }

  #loadSlot(slot: number, from: StateReader): void {
    const rows = from.f64();
    const frozen = from.u8();
    const bytes = from.u32();
    this.#f64[(slot + HLL_SLOT_ROWS_OFFSET) / 8] = rows;
    this.#u32[(slot + HLL_SLOT_FROZEN_OFFSET) / 4] = frozen;
    if (bytes === NO_BLOCK && (rows === 0 || frozen !== 0)) return;
    if (!(bytes >= HLL_MIN_BYTES && bytes <= HLL_MAX_BYTES && Number.isInteger(Math.log2(bytes)))) {
      throw new RangeError(`expected a block of distinct values; came one of ${bytes} bytes`);
    }
    const block = this.#pool.allocate(bytes);
    this.#setBlock(slot, block, bytes);
    from.bytes(this.#u8, block, bytes);
    if (this.#kernels.hllBytes(block) !== bytes) {
      throw new RangeError(`expected ${bytes} bytes of distinct values; came something else`);
    }
  }
}

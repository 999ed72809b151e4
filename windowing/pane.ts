/**
 * A pane: the groups of the rows whose event times lie in it, each with a record of the accumulation. A row is added to one pane, whatever
 * the number of windows that are put together from it.
 *
 * There is room for `maxGroups` groups, or for what the pool has room for. A pane that had no room once is full for good: which
 * groups it has is settled then. The record of all other groups is made with the pane, so that it is there when it is needed.
 */

import { type BlockPool, type Kernels, PoolExhausted } from "../wasm/index.ts";
import type { Accumulation } from "./accumulation.ts";
import { type GroupEntry, GroupTable } from "./group-table.ts";
import type { RowRecords } from "./row-records.ts";
import type { KeyColumn } from "./rows.ts";
import type { StateReader, StateWriter } from "./state.ts";

export interface PaneOptions {
  readonly kernels: Kernels;
  readonly pool: BlockPool;
  readonly accumulation: Accumulation;
  readonly maxGroups: number;
  readonly whenFull: "other" | "refuse";
}

/** What became of a run of rows. */
export interface Placed {
  /** Rows that have a record. */
  readonly taken: number;
  /** Those of them that have the one of all other groups. */
  readonly other: number;
}

export class Pane {
  readonly startMs: number;
  /** Whether the windows that it is in know of it. */
  isInWindows = false;
  readonly #options: PaneOptions;
  readonly #table: GroupTable;
  /** Record of all other groups; 0: there is none. */
  #other: number;
  #isFull = false;
  /** Once there is a value it stays. */
  #hasValues = false;

  /** @throws PoolExhausted */
  constructor(startMs: number, options: PaneOptions) {
    const { kernels, pool, accumulation, whenFull } = options;
    this.startMs = startMs;
    this.#options = options;
    this.#other = whenFull === "other" ? accumulation.make() : 0;
    try {
      this.#table = new GroupTable(kernels, pool);
    } catch (error) {
      if (this.#other !== 0) accumulation.free(this.#other);
      throw error;
    }
  }

  /** Groups that have a record of their own. */
  get groups(): number {
    return this.#table.size;
  }

  /**
   * Puts down each row's record, or none when it is refused. Before a new group gets its own, the rows before are added to theirs, so
   * that what is left of the pool for it does not depend on how rows are cut.
   */
  place(keys: KeyColumn | undefined, from: number, to: number, records: RowRecords): Placed {
    let refused = 0;
    let other = 0;
    for (let row = from; ; row++) {
      row = this.#table.find(keys, row, to, records.at);
      if (row >= to) return { taken: to - from - refused, other };
      let record = 0;
      if (!this.#isFull) {
        records.addBefore(row);
        record = this.#tryAdmit(this.#table.keyOf(keys, row));
      }
      if (record === 0) {
        record = this.#other;
        if (record === 0) refused++;
        else other++;
      }
      records.put(row, record);
    }
  }

  /** Its groups by key, their records as values. */
  entries(): readonly GroupEntry[] {
    return this.#table.entries();
  }

  /** The record of all other groups; 0: they are refused. */
  get other(): number {
    return this.#other;
  }

  /** Whether any group has a value. */
  hasValues(): boolean {
    const { accumulation } = this.#options;
    this.#hasValues ||=
      (this.#other !== 0 && !accumulation.isEmpty(this.#other)) ||
      this.entries().some(({ value }) => !accumulation.isEmpty(value));
    return this.#hasValues;
  }

  free(): void {
    const { accumulation } = this.#options;
    for (const { value } of this.entries()) accumulation.free(value);
    this.#table.free();
    if (this.#other !== 0) accumulation.free(this.#other);
  }

  save(out: StateWriter): void {
    const { accumulation } = this.#options;
    const entries = this.entries();
    out.f64(this.startMs);
    out.u8(this.isInWindows ? 1 : 0);
    out.u8(this.#isFull ? 1 : 0);
    out.u8(this.#other === 0 ? 0 : 1);
    if (this.#other !== 0) accumulation.save(this.#other, out);
    out.u32(entries.length);
    for (const { key, value } of entries) {
      out.u64(key);
      accumulation.save(value, out);
    }
  }

  /** @throws PoolExhausted, RangeError, having kept nothing */
  static load(from: StateReader, options: PaneOptions): Pane {
    const pane = new Pane(from.f64(), options);
    try {
      pane.#load(from);
    } catch (error) {
      pane.free();
      throw error;
    }
    return pane;
  }

  /** The record of a new group; 0, from now on for all new ones, when there is no room for it. */
  #tryAdmit(key: bigint): number {
    const { accumulation, maxGroups } = this.#options;
    if (this.#table.size < maxGroups) {
      const record = tryMake(accumulation);
      if (record !== 0) {
        if (this.#table.insert(key, record)) return record;
        accumulation.free(record);
      }
    }
    this.#isFull = true;
    return 0;
  }

  #load(from: StateReader): void {
    const { accumulation } = this.#options;
    this.isInWindows = from.u8() === 1;
    this.#isFull = from.u8() === 1;
    // It was made by other rules, maybe: what it has of all other groups stays.
    if (from.u8() === 1) {
      if (this.#other !== 0) accumulation.free(this.#other);
      this.#other = 0;
      this.#other = accumulation.load(from);
    }
    for (let left = from.u32(); left > 0; left--) {
      const key = from.u64();
      const record = accumulation.load(from);
      if (this.#table.insert(key, record)) continue;
      accumulation.free(record);
      throw new PoolExhausted("no room is left for the groups that were saved");
    }
  }
}

function tryMake(accumulation: Accumulation): number {
  try {
    return accumulation.make();
  } catch (error) {
    if (error instanceof PoolExhausted) return 0;
    throw error;
  }
}

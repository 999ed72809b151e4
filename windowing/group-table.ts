/**
 * Which record a group has: u64 keys to u32 values, open addressing in the pool's memory, looked up by a kernel for many rows in one call.
 * It doubles when five entries in eight are taken; a table that has grown does not shrink.
 *
 * What comes out never tells how large the table is or was: entries come out sorted.
 */

import { type BlockPool, GROUP_ENTRY_BYTES, type Kernels, PoolExhausted } from "../wasm/index.ts";
import type { KeyColumn } from "./rows.ts";

const FIRST_CAPACITY = 16;
const MAX_CAPACITY = 2 ** 27;
/** Of the entries that there is room for. */
const MAX_LOAD = 5 / 8;
/** The group of all rows when there is no key column. */
const NO_KEY = 0n;

export interface GroupEntry {
  readonly key: bigint;
  readonly value: number;
}

export class GroupTable {
  readonly #kernels: Kernels;
  readonly #pool: BlockPool;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;
  #entriesAt: number;
  #capacity = FIRST_CAPACITY;
  #size = 0;

  /** @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool) {
    this.#kernels = kernels;
    this.#pool = pool;
    const { buffer } = kernels.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    this.#entriesAt = this.#allocate(FIRST_CAPACITY);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Writes the value of each row's key (u32) at `outAt` + 4 × row.
   * @param keys absent: every row's key is 0n
   * @returns the first row whose key is not there; `to` when all are
   */
  find(keys: KeyColumn | undefined, from: number, to: number, outAt: number): number {
    if (keys !== undefined) {
      return this.#kernels.groupsFind(this.#entriesAt, this.#capacity, keys.at, keys.width, from, to, outAt);
    }
    const value = this.get(NO_KEY);
    if (value === 0) return from;
    this.#u32.fill(value, outAt / 4 + from, outAt / 4 + to);
    return to;
  }

  /** The key of a row. */
  keyOf(keys: KeyColumn | undefined, row: number): bigint {
    if (keys === undefined) return NO_KEY;
    const at = keys.at + row * keys.width;
    if (keys.width === 8) return this.#u64[at / 8]!;
    return BigInt(keys.width === 4 ? this.#u32[at / 4]! : this.#u8[at]!);
  }

  /** The key's value; 0: it is not there. */
  get(key: bigint): number {
    return this.#kernels.groupsGet(this.#entriesAt, this.#capacity, key) >>> 0;
  }

  /**
   * Puts a value (u32, not 0) to a key, new or not.
   * @returns false: the key is new and there is no room for it; nothing has changed
   */
  insert(key: bigint, value: number): boolean {
    if (!(this.#size < this.#capacity * MAX_LOAD) && this.get(key) === 0 && !this.#grow()) return false;
    this.#size += this.#kernels.groupsPut(this.#entriesAt, this.#capacity, key, value);
    return true;
  }

  /** Takes a key out, if it is there. */
  delete(key: bigint): void {
    this.#size -= this.#kernels.groupsDelete(this.#entriesAt, this.#capacity, key);
  }

  /** All of them, by key, unsigned. */
  entries(): readonly GroupEntry[] {
    const keys = new BigUint64Array(this.#size);
    let found = 0;
    const first = this.#entriesAt / 8;
    for (let index = 0; found < this.#size; index++) {
      const word = first + 2 * index;
      if (this.#u32[2 * word + 2] !== 0) keys[found++] = this.#u64[word]!;
    }
    keys.sort();
    return Array.from(keys, (key) => ({ key, value: this.get(key) }));
  }

  /** Takes all keys out; the table keeps its memory. */
  clear(): void {
    this.#kernels.wipe(this.#entriesAt, this.#capacity * GROUP_ENTRY_BYTES);
    this.#size = 0;
  }

  /** Gives its memory back. It must not be used afterwards. */
  free(): void {
    this.#pool.free(this.#entriesAt, this.#capacity * GROUP_ENTRY_BYTES);
  }

  #grow(): boolean {
    const capacity = this.#capacity * 2;
    if (capacity > MAX_CAPACITY) return false;
    let entriesAt: number;
    try {
      entriesAt = this.#allocate(capacity);
    } catch (error) {
      if (error instanceof PoolExhausted) return false;
      throw error;
    }
    this.#kernels.groupsMove(this.#entriesAt, this.#capacity, entriesAt, capacity);
    this.free();
    this.#entriesAt = entriesAt;
    this.#capacity = capacity;
    return true;
  }

  #allocate(capacity: number): number {
    const at = this.#pool.allocate(capacity * GROUP_ENTRY_BYTES);
    this.#kernels.wipe(at, capacity * GROUP_ENTRY_BYTES);
    return at;
  }
}

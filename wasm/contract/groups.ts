/** Group tables: which number a key has. */

/** Bytes of one entry of a group table: u64 key, u32 value (0: no entry), u32 unused. */
export const GROUP_ENTRY_BYTES = 16;

/**
 * u64 keys to u32 values other than 0, in `capacity` entries of GROUP_ENTRY_BYTES at `entries` (8-byte aligned). `capacity` is a power of
 * two; all zeros is an empty table. The host counts the entries, and keeps some free: a search in a full table does not end.
 */
export interface GroupKernels {
  /**
   * Writes at `out` + 4 × row the value of each row's key (`width` bytes, 1, 4 or 8, little-endian, dense), and returns the
   * first row whose key is not there: `to` when all are.
   */
  groupsFind(
    entries: number,
    capacity: number,
    keys: number,
    width: 1 | 4 | 8,
    from: number,
    to: number,
    out: number,
  ): number;
  /** The key's value; 0: it is not there. (As i32: a value from 2^31 on comes out negative.) */
  groupsGet(entries: number, capacity: number, key: bigint): number;
  /** Puts a value to a key. Returns 1 for a new key, 0 for one that was there. */
  groupsPut(entries: number, capacity: number, key: bigint, value: number): 0 | 1;
  /** Returns 1, or 0 when the key was not there. */
  groupsDelete(entries: number, capacity: number, key: bigint): 0 | 1;
  /** Puts all entries into another, larger table, which is empty. */
  groupsMove(entries: number, capacity: number, to: number, toCapacity: number): void;
}

/** Hashes of a column's values: HMAC-SHA-256 under a key, SHA-256 without one. */

/**
 * Bytes of one hash state: the inner and the outer SHA-256 midstate, then working room (wiped at the end of every call).
 * One thread at a time may use it; threads that share a key each keep a state of their own.
 */
export const HMAC_STATE_BYTES = 704;

/**
 * How a hash is written, as bytes a row: 32 the digest as it is; 8 or 4 its first bytes read as one big-endian number,
 * stored as a native u64 or u32 (so 8 gives what `int(hexdigest[:16], 16)` gives).
 */
export type HashWidth = 4 | 8 | 32;

export interface HashKernels {
  /**
   * Prepares HMAC-SHA-256 under a key of any length: writes HMAC_STATE_BYTES at `state`. The state is as secret as the
   * key. Key and state must not overlap.
   */
  hmacKey(key: number, keyBytes: number, state: number): void;
  /**
   * For each row of a column of byte strings the number (u32 at `firsts` + 4 × row) of the first row that has the same one: its own, for the first
   * and for null rows. `table` has room for `capacity` u32, a power of two, at least twice the rows. Returns how many rows are first.
   * Now and then a row that is not is taken for one; that is a matter of speed alone.
   */
  firstsOf(
    values: number,
    offsets: number,
    validity: number,
    rows: number,
    table: number,
    capacity: number,
    firsts: number,
  ): number;
  /**
   * HMAC-SHA-256 of each byte string of a column. Null rows give zeros. Writes `rows × width` bytes at `out`, which overlaps no input.
   * With `firsts`, as firstsOf writes them, only those are hashed, and the others get their hashes. Default 0: all are.
   */
  hmacBytes(
    state: number,
    values: number,
    offsets: number,
    validity: number,
    rows: number,
    out: number,
    width: HashWidth,
    firsts?: number,
  ): void;
  /** HMAC-SHA-256 of each fixed-width value (`valueBytes` little-endian bytes). Null rows give zeros. `out` must not overlap the input. */
  hmacNumbers(
    state: number,
    values: number,
    valueBytes: 4 | 8,
    validity: number,
    rows: number,
    out: number,
    width: HashWidth,
  ): void;

  /** Prepares a state of HMAC_STATE_BYTES for SHA-256 without a key. */
  sha256Init(state: number): void;
  /** SHA-256, otherwise as hmacBytes; `state` comes from sha256Init. */
  sha256Bytes(
    state: number,
    values: number,
    offsets: number,
    validity: number,
    rows: number,
    out: number,
    width: HashWidth,
  ): void;
  /** SHA-256, otherwise as hmacNumbers. */
  sha256Numbers(
    state: number,
    values: number,
    valueBytes: 4 | 8,
    validity: number,
    rows: number,
    out: number,
    width: HashWidth,
  ): void;
}

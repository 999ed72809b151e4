/**
 * What the kernel module exports, by name and type: the contract between wasm/kernels/ (AssemblyScript) and the host.
 *
 * Rules that hold for every kernel:
 * - A pointer is a byte offset into the shared memory, below 4 GiB. Nothing is checked beyond what WebAssembly checks:
 *   an access past the end of the memory throws WebAssembly.RuntimeError, a wrong pointer inside it is silent damage.
 * - Columns are Arrow buffers: values little-endian and dense; `offsets` int32, `rows + 1` of them (the first need not
 *   be 0); `validity` a bitmap, least significant bit first, bit i for row i, and 0 when every row is valid.
 * - Aligned data (8 bytes, as Arrow has it) is what is measured; unaligned pointers work.
 * - Kernels keep no state between calls, allocate nothing, and read a column while nobody writes it: whoever calls owns
 *   the blocks he passes. Any number of threads may run kernels over one memory at once.
 * - Row counts are below 2^31. Results that count are whole numbers, exact.
 */

/**
 * Bytes of one hash state: the inner and the outer SHA-256 midstate, then working room (wiped at the end of every call).
 * One thread at a time may use it; threads that share a key each keep a state of their own.
 */
export const HMAC_STATE_BYTES = 704;
/** Bytes of one block of moments. */
export const MOMENTS_BYTES = 64;
/** Smallest and largest sketch block. Sizes between are powers of two. */
export const SKETCH_MIN_BYTES = 256;
export const SKETCH_MAX_BYTES = 32768;
/** Relative error that no quantile of a sketch exceeds (1/129 for normal numbers, 1/128 for subnormal ones). */
export const SKETCH_RELATIVE_ERROR = 1 / 128;

/**
 * How a hash is written, as bytes a row: 32 the digest as it is; 8 or 4 its first bytes read as one big-endian number,
 * stored as a native u64 or u32 (so 8 gives what `int(hexdigest[:16], 16)` gives).
 */
export type HashWidth = 4 | 8 | 32;

export interface Kernels {
  /** The memory this instance works on. */
  readonly memory: WebAssembly.Memory;

  /** Sets `bytes` bytes at `ptr` to zero. */
  wipe(ptr: number, bytes: number): void;
  /** Writes `bytes` bytes at `src` as lower-case hex: 2 × `bytes` ASCII characters at `dst`. The two must not overlap. */
  hexEncode(src: number, bytes: number, dst: number): void;

  /** CRC-32C (Castagnoli, as in RFC 3720) of `bytes` bytes, as an unsigned 32-bit number. */
  crc32c(ptr: number, bytes: number): number;
  /** Goes on from the CRC of what came before: crc32cContinue(crc32c(a), b) = crc32c(a ‖ b); the CRC of nothing is 0. */
  crc32cContinue(crc: number, ptr: number, bytes: number): number;

  /**
   * Prepares HMAC-SHA-256 under a key of any length: writes HMAC_STATE_BYTES at `state`. The state is as secret as the
   * key. Key and state must not overlap.
   */
  hmacKey(key: number, keyBytes: number, state: number): void;
  /** HMAC-SHA-256 of each byte string of a column. Null rows give zeros. Writes `rows × width` bytes at `out`, which overlaps no input. */
  hmacBytes(
    state: number,
    values: number,
    offsets: number,
    validity: number,
    rows: number,
    out: number,
    width: HashWidth,
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

  /** Empties the block of MOMENTS_BYTES at `state` (8-byte aligned). */
  momentsInit(state: number): void;
  /** Adds one value. NaN is not added: it is counted apart, here and in the column forms. */
  momentsAdd(state: number, value: number): void;
  /** Adds a column; null rows are passed over, and not counted anywhere. */
  momentsAddF64(state: number, values: number, validity: number, rows: number): void;
  momentsAddF32(state: number, values: number, validity: number, rows: number): void;
  momentsAddI32(state: number, values: number, validity: number, rows: number): void;
  momentsAddU32(state: number, values: number, validity: number, rows: number): void;
  /** As above; values past 2^53 are rounded to the nearest double. */
  momentsAddU64(state: number, values: number, validity: number, rows: number): void;
  /** Adds all that `from` has seen to `into`; `from` stays as it is. */
  momentsMerge(into: number, from: number): void;
  /** Values added (NaN and null not among them). */
  momentsCount(state: number): number;
  /** NaN values met. */
  momentsNanCount(state: number): number;
  /** Smallest and largest value; NaN when empty. Zeros of either sign come out as 0. */
  momentsMin(state: number): number;
  momentsMax(state: number): number;
  /** Sum; 0 when empty. Exact for whole numbers while sums stay below 2^53. */
  momentsSum(state: number): number;
  /** Σx²; 0 when empty. */
  momentsSumOfSquares(state: number): number;
  /** Arithmetic mean; NaN when empty. */
  momentsMean(state: number): number;
  /**
   * Σ(x − mean)² / (count − ddof); `ddof` 0 for the population, 1 for a sample. NaN when count ≤ ddof. Stable: relative
   * error stays near 1e-12 however far the values lie from zero. NaN once an infinite value was added.
   */
  momentsVariance(state: number, ddof: number): number;

  /**
   * Makes an empty sketch in the `bytes` bytes at `sketch` (8-byte aligned); `bytes` is a power of two, SKETCH_MIN_BYTES to
   * SKETCH_MAX_BYTES. A sketch is relocatable: its bytes may be copied elsewhere, or into another memory, and go on.
   */
  sketchInit(sketch: number, bytes: number): void;
  /**
   * Adds one value (NaN is counted apart). Returns 0, or, having changed nothing, the block size it needs: then sketchGrow and
   * add again. Never asks for more than SKETCH_MAX_BYTES.
   */
  sketchAdd(sketch: number, value: number): number;
  /**
   * Adds rows `start` … `end` − 1 of a column (null rows are passed over). Returns the first row not added: `end` when all
   * are in; otherwise the block is too small: sketchGrow to sketchNeeds(sketch) bytes and go on from that row.
   */
  sketchAddF64(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddF32(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddI32(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddU32(sketch: number, values: number, validity: number, start: number, end: number): number;
  sketchAddU64(sketch: number, values: number, validity: number, start: number, end: number): number;
  /** Block size that the last refused add or merge asked for; 0 when the last one went in. */
  sketchNeeds(sketch: number): number;
  /** Block size this sketch lies in. */
  sketchBytes(sketch: number): number;
  /** Makes at `to` the same sketch in a block of `bytes` bytes, at least as large; the blocks must not overlap. `from` is left as it is. */
  sketchGrow(from: number, to: number, bytes: number): void;
  /** Adds all that `from` has seen to `into`. Returns 0, or, having changed nothing, the block size that `into` needs. */
  sketchMerge(into: number, from: number): number;
  /**
   * The value at rank q × (count − 1), rounded down (the lower order statistic, as the DDSketch paper has it), within
   * SKETCH_RELATIVE_ERROR and never outside min … max. `q` is clamped to 0 … 1. NaN when empty.
   */
  sketchQuantile(sketch: number, q: number): number;
  /** The same for `n` doubles at `qs`; writes `n` doubles at `out`. */
  sketchQuantiles(sketch: number, qs: number, n: number, out: number): void;
  /** Values added, infinities and zeros among them, NaN and null not. */
  sketchCount(sketch: number): number;
  sketchNanCount(sketch: number): number;
  /** Exact; NaN when empty. */
  sketchMin(sketch: number): number;
  sketchMax(sketch: number): number;
  /** Values that lie in a bin that was merged for want of room: no error bound holds for them. 0 within 125 octaves. */
  sketchCollapsed(sketch: number): number;
}

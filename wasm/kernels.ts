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
/** Bytes of one cell: a block of moments, and in its last eight bytes what leads to the cell's sketch. */
export const CELL_BYTES = MOMENTS_BYTES;
/** Bytes of one entry of a group table: u64 key, u32 value (0: no entry), u32 unused. */
export const GROUP_ENTRY_BYTES = 16;
/** Smallest and largest sketch block. Sizes between are powers of two. */
export const SKETCH_MIN_BYTES = 256;
export const SKETCH_MAX_BYTES = 32768;
/** Relative error that no quantile of a sketch exceeds (1/129 for normal numbers, 1/128 for subnormal ones). */
export const SKETCH_RELATIVE_ERROR = 1 / 128;

/** Bytes of a slide before its cells: from there on it has a cell (CELL_BYTES) a measure. */
export const SLIDE_HEAD_BYTES = 64;
/** u32 of a slide: first chunk (0: none), place of the oldest row in it, rows in the last chunk, rows, rows of the front. */
export const SLIDE_FIRST_OFFSET = 8;
export const SLIDE_PLACE_OFFSET = 16;
export const SLIDE_TAIL_OFFSET = 20;
export const SLIDE_ROWS_OFFSET = 32;
export const SLIDE_FRONT_OFFSET = 48;
/** Bytes of a chunk of a slide before its times (an f64 a row), behind which lies a column of values a measure. It begins with the next one's u32. */
export const SLIDE_CHUNK_HEAD_BYTES = 16;
/** Bytes that tell of one column: u32 its type (a place in VALUE_TYPES), u32 where its values lie, u32 where its validity does. */
export const SLIDE_COLUMN_BYTES = 12;

/** Numeric column types, where a kernel is told one as a number: its place here. */
export const VALUE_TYPES = ["f64", "f32", "i64", "i32", "u64", "u32", "u16", "u8"] as const;
/** Smallest and largest block of distinct values. Sizes between are powers of two. */
export const HLL_MIN_BYTES = 64;
export const HLL_MAX_BYTES = 4096;
/** Standard error of an estimate, relative; up to some 380 values it is exact but once in a thousand sets. */
export const HLL_STANDARD_ERROR = 1.04 / 64;
/**
 * A slot: u32 the byte offset of its block (0: none), u32 whether it is frozen (0 or 1), f64 rows that had a value; behind them eight
 * bytes of the host's own.
 */
export const HLL_SLOT_BYTES = 24;
export const HLL_SLOT_FROZEN_OFFSET = 4;
export const HLL_SLOT_ROWS_OFFSET = 8;
export const HLL_SLOT_HOST_OFFSET = 16;
/**
 * Bytes of a record of heavy items: u32 the byte offset of its block; u32 the block's bytes; u32 counters in use; u32 capacity; u32
 * internal; u32 whether it is capped (0 or 1); f64 sum of all weights; f64 rows taken; f64 rows left out for their weight; f64 what an
 * item without a counter may weigh while counters are left; f64 unused.
 */
export const TOP_RECORD_BYTES = 64;
export const TOP_CAPACITY_OFFSET = 12;
export const TOP_CAPPED_OFFSET = 20;
export const TOP_TOTAL_OFFSET = 24;
export const TOP_ROWS_OFFSET = 32;
export const TOP_LEFT_OUT_OFFSET = 40;
/** A counter: u64 item, f64 weight, f64 how much that is too high at the most. */
export const TOP_COUNTER_BYTES = 24;
/** Smallest and largest block of counters. Sizes between are powers of two. */
export const TOP_MIN_BYTES = 256;
export const TOP_MAX_BYTES = 1 << 20;

/**
 * How a hash is written, as bytes a row: 32 the digest as it is; 8 or 4 its first bytes read as one big-endian number,
 * stored as a native u64 or u32 (so 8 gives what `int(hexdigest[:16], 16)` gives).
 */
export type HashWidth = 4 | 8 | 32;

/** What jsonRows answers. All of the body is read: of an array, up to the bracket that closes it. */
export const JSON_END = 0;
/** The table has as many rows, or as much text, as it has room for. */
export const JSON_FULL = 1;
/** A row is not one that the kernel reads. */
export const JSON_ROW = 2;
/** Of an array: neither a comma nor the bracket that closes it stands behind the element. */
export const JSON_FAULT = 3;

export interface Kernels {
  /** The memory this instance works on. */
  readonly memory: WebAssembly.Memory;

  /** Sets `bytes` bytes at `ptr` to zero. */
  wipe(ptr: number, bytes: number): void;
  /** Writes `bytes` bytes at `src` as lower-case hex: 2 × `bytes` ASCII characters at `dst`. The two must not overlap. */
  hexEncode(src: number, bytes: number, dst: number): void;

  /** The first row in [from, to) that has no value; `to`: all have one. */
  checkMissing(validity: number, from: number, to: number): number;
  /** The first row in [from, to) that has a value, and not one within [min, max], both inclusive (NaN never is); `to`: there is none. */
  checkF64(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  /** As checkF64; the bounds are those of a double. */
  checkF32(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkI32(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkU32(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkU16(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkU8(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkI64(data: number, validity: number, from: number, to: number, min: bigint, max: bigint): number;
  checkU64(data: number, validity: number, from: number, to: number, min: bigint, max: bigint): number;
  /** The first row in [from, to) whose text, good UTF-8, has more bytes or more Unicode characters than that; `to`: there is none. */
  checkLengths(
    offsets: number,
    text: number,
    validity: number,
    from: number,
    to: number,
    maxBytes: number,
    maxCharacters: number,
  ): number;
  /**
   * Which of `count` + 1 int32 offsets is the first that is below the one before it, or below 0, or, when none is, beyond `bytes`; -1: none is. Values
   * between good offsets lie within the text.
   */
  checkOffsets(offsets: number, count: number, bytes: number): number;
  /** The first row in [from, to) whose text is not whole UTF-8, be it missing or not; `to`: there is none. The offsets are good. */
  checkUtf8(offsets: number, text: number, from: number, to: number): number;

  /** CRC-32C (Castagnoli, as in RFC 3720) of `bytes` bytes, as an unsigned 32-bit number. */
  crc32c(ptr: number, bytes: number): number;
  /** Goes on from the CRC of what came before: crc32cContinue(crc32c(a), b) = crc32c(a ‖ b); the CRC of nothing is 0. */
  crc32cContinue(crc: number, ptr: number, bytes: number): number;
  /** The lower 32 bits of XXH64 (seed 0) of `bytes` bytes, unsigned: several times as fast as the CRC, and no match for who forges. */
  xxhashLow(ptr: number, bytes: number): number;

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
  /**
   * Reads rows of JSON into the table that a plan (ingest/json-plan.ts) was made for, from the plan's place and row on, and writes there how
   * far it came: at the first row that is not in the table, which has nothing of it. `end` is where the body ends; 64 bytes behind it may be read.
   * `isBehind`: of an array, an element was read elsewhere, and the plan's place is right behind it.
   */
  jsonRows(plan: number, end: number, isBehind: boolean): number;
  /** Where the array's element at `at` ends: a comma or a closing bracket, if it is JSON. 0: it does not end before `end`. */
  jsonElementEnd(at: number, end: number): number;
  /**
   * Reads a number as JSON writes it, correctly rounded, from up to `bytes` bytes (64 more may be read); writes the f64 at `out`, and
   * returns the place behind it. 0: there is none, or it is infinite, or has more than 19 digits of which all matter.
   */
  jsonNumber(at: number, bytes: number, out: number): number;
  /**
   * Puts a name of `bytes` bytes, and the number that goes with it, into a set of names: u32 places less 1, u32 0, and 32 bytes a place, zeros; a
   * power of two, at least twice the names. The name is not copied. No name stands twice.
   */
  jsonName(set: number, at: number, bytes: number, value: number): void;

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

  /**
   * Writes `rows` times of another unit as milliseconds, an i64 each, what lies below them cut off. `perMs`: how many of the unit a millisecond has; 0: they
   * are seconds.
   */
  timesToMs(times: number, out: number, rows: number, perMs: number): void;
  /**
   * The first row from `from` on whose time (i64 at `times` + 8 × row) is below `lowMs`, or not below `highMs`; `to` when none is.
   * Bounds may be infinite, and are not NaN.
   */
  timesWithin(times: number, from: number, to: number, lowMs: number, highMs: number): number;

  /**
   * Group tables: u64 keys to u32 values other than 0, in `capacity` entries of GROUP_ENTRY_BYTES at `entries` (8-byte aligned).
   * `capacity` is a power of two; all zeros is an empty table. The host counts the entries, and keeps some free: a
   * search in a full table does not end.
   *
   * groupsFind writes at `out` + 4 × row the value of each row's key (`width` bytes, 1, 4 or 8, little-endian, dense), and returns the
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

  /**
   * Cells: moments with a sketch beside them. momentsInit makes an empty cell, without a sketch; what asks moments may be asked of
   * a cell. What is in its sketch is to be had after cellSketch alone.
   *
   * The cells* functions add each row's value to the cell at `offset` bytes into its record, whose byte offset is the u32 at `records` +
   * 4 × row (0: to none). Rows are taken in order, null rows are passed over; a value counts as by momentsAdd on the cell and sketchAdd on
   * its sketch, NaN in the moments alone. They return the first row not added, `to` when all are in: its cell has no sketch, or one
   * that has to grow to sketchNeeds; the host attaches a larger one, or freezes the cell, and goes on from that row. In a frozen
   * cell's moments everything goes, into its sketch what fits; what does not is counted in the f64 at `truncated`.
   */
  cellsAddF64(
    values: number,
    validity: number,
    records: number,
    offset: number,
    from: number,
    to: number,
    truncated: number,
  ): number;
  cellsAddF32: Kernels["cellsAddF64"];
  cellsAddI64: Kernels["cellsAddF64"];
  cellsAddI32: Kernels["cellsAddF64"];
  cellsAddU64: Kernels["cellsAddF64"];
  cellsAddU32: Kernels["cellsAddF64"];
  cellsAddU16: Kernels["cellsAddF64"];
  cellsAddU8: Kernels["cellsAddF64"];
  /** Makes a sketch in a block of its own (made empty, moved by sketchGrow, or loaded) that of the cell. */
  cellAttach(cell: number, sketch: number): void;
  /** The cell's sketch, fit to be read, moved or copied; 0: it has none. */
  cellSketch(cell: number): number;
  /** From now on the cell does not ask for room. */
  cellFreeze(cell: number): void;
  cellIsFrozen(cell: number): 0 | 1;
  /**
   * Merges cells `first` … `count` − 1 of the record at `from` into those at `into`. Returns the first one not merged, `count` when all
   * are: it has no sketch, or one that has to grow, as in cellsAddF64. A cell that a frozen one is merged into is frozen.
   */
  cellsMerge(into: number, from: number, first: number, count: number, truncated: number): number;

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
  /** Sum; 0 when empty. Exact for whole numbers while count × (maximum − minimum), and the sum, stay below 2^53. */
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
  /** Bytes from its beginning that a copy of this sketch has to have. */
  sketchUsed(sketch: number): number;
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

  /**
   * Makes an empty set of distinct values (HyperLogLog) in the `bytes` bytes at `block` (8-byte aligned); `bytes` is a power of two,
   * HLL_MIN_BYTES to HLL_MAX_BYTES. It is relocatable, and a function of the set of its values and of `bytes`: neither order nor repetition shows.
   */
  hllInit(block: number, bytes: number): void;
  /** Block size it lies in. */
  hllBytes(block: number): number;
  /**
   * Adds rows `start` … `end` − 1 of a dense column of 64-bit values. Returns the first row not added, `end` when all are: then it needs a
   * block twice as large; hllGrow, and go on from that row. The largest block takes everything.
   */
  hllAdd(block: number, values: number, start: number, end: number): number;
  /**
   * Adds each row's value to the slot at `offset` bytes into its record, whose byte offset is the u32 at `records` + 4 × row (0: to none).
   * `type` is a place in VALUE_TYPES. Null and NaN are passed over, −0 is 0. Returns the first row not added, `end` when all are: its
   * slot has no block, or one that has to be twice as large; the host sees to it, or freezes the slot, and goes on from that row. Of a
   * frozen slot, what does not fit is counted among its rows and in the f64 at `truncated`.
   */
  hllScatter(
    records: number,
    offset: number,
    type: number,
    values: number,
    validity: number,
    start: number,
    end: number,
    truncated: number,
  ): number;
  /** Makes at `to` the same set in a block of `bytes` bytes, larger than it was; the blocks must not overlap. Not from the largest block. */
  hllGrow(from: number, to: number, bytes: number): void;
  /** Adds all values of `from` to `into`. Returns 0, or the block size that `into` needs: then hllGrow it, and merge again. */
  hllMerge(into: number, from: number): number;
  /** How many different values were added, about; deterministic. 0 when none. */
  hllEstimate(block: number): number;

  /** Counters that a block of `bytes` bytes (a power of two, TOP_MIN_BYTES to TOP_MAX_BYTES) has room for. */
  topRoom(bytes: number): number;
  /** Makes an empty record of heavy items (Space-Saving), with `capacity` counters when its block has grown so large. */
  topInit(record: number, block: number, bytes: number, capacity: number): void;
  /**
   * Adds each row's weight to its item in the record whose byte offset is the u32 at `records` + 4 × row (0: to none). Types are places in
   * VALUE_TYPES; weight type −1: each row weighs 1. Rows whose item is null or NaN are passed over; those whose weight is null, negative
   * or not finite are counted as left out. Returns the first row not added, `end` when all are: its record's block has to be twice as
   * large; topGrow or topCap, and go on from that row. Rows for which a capped record gave a counter up are counted in the f64 at `truncated`.
   */
  topScatter(
    records: number,
    itemType: number,
    items: number,
    itemValidity: number,
    weightType: number,
    weights: number,
    weightValidity: number,
    start: number,
    end: number,
    truncated: number,
  ): number;
  /** Moves the record's counters to another block, which has room for them; who calls gives the old one back. */
  topGrow(record: number, block: number, bytes: number): void;
  /** There is no larger block: from now on the record has as many counters as its block has room for. */
  topCap(record: number): void;
  /** Counters in use, and where they lie, one after the other. */
  topCount(record: number): number;
  topCounters(record: number): number;
  /** Takes `count` counters that were copied to topCounters for those of the record, which had none. */
  topRestore(record: number, count: number): void;
  /** What an item without a counter weighs at the most. */
  topLeast(record: number): number;
  /** Adds all that `from` has seen to `into`. Returns 0, or, having changed nothing, the block size that `into` needs. */
  topMerge(into: number, from: number): number;
  /** Writes the heaviest counters, at most `ranks`, sorted by falling weight and rising item, at `out`. Returns how many they are. */
  topRanks(record: number, ranks: number, out: number): number;

  /**
   * Takes out a value that was added. Returns 1, or 0 (and has done nothing) when it is not there: NaN never is. minimum and maximum stay as
   * they are, bins too: the answers are those of the values left only as far as slideWorn and slideSum see to it.
   */
  sketchRemove(sketch: number, value: number): 0 | 1;

  /**
   * Slides: rows with times and the values of `measures` measures, appended at one end and taken out at the other; what they
   * all come to is there at any time, in constant time a row. A slide has SLIDE_HEAD_BYTES + `measures` × CELL_BYTES; its rows lie in
   * chunks of `capacity` rows, SLIDE_CHUNK_HEAD_BYTES + 8 × `capacity` × (1 + `measures`) + `measures` × CELL_BYTES; `near` has
   * `capacity` × `measures` × CELL_BYTES. All are 8-byte aligned. The host lends chunks, and takes spare ones back.
   */
  slideInit(slide: number, measures: number, capacity: number, near: number): void;
  /**
   * Writes `measures` values of each row (f64; for null a NaN of its own) at the byte offset that is the u32 at `slots` + 4 × row (0: nowhere).
   * `columns` has SLIDE_COLUMN_BYTES a measure.
   */
  slideStore(columns: number, measures: number, slots: number, from: number, to: number): void;
  /** Rows that can be added. */
  slideRoom(slide: number): number;
  slideLend(slide: number, chunk: number): void;
  /** A chunk without rows, which is the host's again; 0: there is none. */
  slideReturn(slide: number): number;
  /** Appends a row to the moments: `time` is not before the last one's, `values` as slideStore writes them. There must be room. */
  slideAdd(slide: number, time: number, values: number): void;
  /**
   * Adds the row's values to the sketches, from measure `first` on. Returns the first measure that was not added to, `measures` when all
   * were: it has no sketch, or one that has to grow. Values whose sketch was taken away are counted in the f64 at `truncated`.
   */
  slideSketch(slide: number, values: number, first: number, truncated: number): number;
  /** The sketch of a measure; 0: there is none. */
  slideSketchOf(slide: number, measure: number): number;
  /** Gives a measure its sketch, made empty or moved; 0 takes it away, for want of room, until there is another. */
  slideAttach(slide: number, measure: number, sketch: number): void;
  /** Takes out all rows up to this time, itself included. */
  slideEvict(slide: number, untilTime: number): void;
  /** Makes all rows the front, which must be empty. (Moments depend on when that was; who restores a slide has to do alike.) */
  slideTurn(slide: number): void;
  /** The first measure from `first` on whose sketch would not answer as one of the rows alone; `measures` when none is. */
  slideWorn(slide: number, first: number): number;
  /** Makes a measure's sketch anew from the rows. Returns 0, or the block size that it needs: to be made in such a one from the start. */
  slideResketch(slide: number, measure: number): number;
  /** Writes the window's cells at `out`. Their sketches are the slide's own. */
  slideSum(slide: number, out: number): void;
}

/** Which items weigh most, about: Space-Saving. */

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

export interface HeavyItemKernels {
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
}

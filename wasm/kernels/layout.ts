/**
 * Who owns which byte below 65536: the compiler places constants from the bottom, tables that are computed at
 * instantiation start at TABLES. The build checks that the two do not meet.
 *
 * Computed tables must not be static data: data segments are written again by every instance, and a segment of zeros
 * would wipe a table under the hands of another thread. Computing them again stores the same values over the same.
 */

/** 16 tables of 256 u32. */
export const CRC_TABLES: usize = 32768;
/** 651 times two u64, which the host reckons (wasm/powers-of-five.ts). */
export const POWERS_OF_FIVE: usize = 49152;

/** First byte behind the constants. */
export function staticEnd(): usize {
  return __heap_base;
}

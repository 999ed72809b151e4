/**
 * DDSketch (Masson, Rim, Lee: VLDB 2019) in one relocatable block: the layout, and the mapping of values to bins.
 *
 * **Mapping.** A bin is an exponent and the six highest bits of the mantissa: |x|'s bits shifted right by 46. Every octave has 64
 * bins of equal width, so a bin [l, u) is at most 1/64 of l wide, and the value l · (2m + 2) / (2m + 1), with m = 64 … 127
 * those seven leading bits of the mantissa, is within 1/(2m + 1) ≤ 1/129 of all of it. A logarithm would take 35 bins an octave for 1 %,
 * but has to be computed; this one is a shift, the same on every machine. Subnormal numbers are scaled into
 * further octaves below (their representatives are rounded to what a subnormal can be: within 1/128).
 *
 * **Small sketches are exact.** Up to EXACT values are kept as they are: less room than bins, no error. What a sketch is,
 * exact or binned, depends on its count alone, so the order of adds and merges does not show.
 *
 * **Large sketches** have two windows of u32 counters, for positive and negative numbers, by rising magnitude, in units of
 * STEP bins. A window grows to what it has to hold; when both together pass MAX_BINS, the bins nearest zero are
 * merged into the lowest one kept (`trim`), and what they held is reported as collapsed. Zeros and infinities are counted apart.
 */

export const BYTES: usize = 0;
/** 0 exact values, 1 bins. */
export const BINNED: usize = 4;
export const NEEDS: usize = 8;
export const COUNT: usize = 12;
export const NANS: usize = 16;
export const ZEROS: usize = 20;
export const POSITIVE_INFINITIES: usize = 24;
export const NEGATIVE_INFINITIES: usize = 28;
export const MIN: usize = 32;
export const MAX: usize = 40;
/** Two windows, each: index of the lowest bin, bins, values collapsed into the lowest bin. */
export const POSITIVE: usize = 48;
export const NEGATIVE: usize = 60;
export const BASE: usize = 0;
export const LENGTH: usize = 4;
export const COLLAPSED: usize = 8;
/** While exact: values kept (zeros and infinities are not among them). */
export const KEPT: usize = 72;
/** Values, or the counters of the positive and then of the negative window. */
export const DATA: usize = 80;

export const EXACT: u32 = 118;
export const STEP: i32 = 32;
export const MIN_BYTES: u32 = 256;
export const MAX_BYTES: u32 = 32768;
/** What fits the largest block beside EXACT values waiting to become counts: 125.5 octaves. */
export const MAX_BINS: i32 = 8032;
/** What the positive window keeps of them when the negative one is wide too. */
const FAIR_SHARE: i32 = 4000;

const SIGN_OFF: u64 = 0x7fffffffffffffff;
const MANTISSA_CUT: u64 = 46;
const SMALLEST_NORMAL: f64 = 2.2250738585072014e-308;
/** 2^54, and how many bins that is. */
const LIFT: f64 = 18014398509481984.0;
const LIFT_BINS: i32 = 54 * 64;

/** The bin of a finite value other than zero, by its magnitude. */
// @ts-expect-error: decorator
@inline
export function binOf(value: f64): i32 {
  const magnitude = abs(value);
  if (magnitude < SMALLEST_NORMAL) return <i32>(reinterpret<u64>(magnitude * LIFT) >> MANTISSA_CUT) - LIFT_BINS;
  return normalBinOf(reinterpret<u64>(value));
}

/** The same for the bits of a normal number. */
// @ts-expect-error: decorator
@inline
export function normalBinOf(bits: u64): i32 {
  return <i32>((bits & SIGN_OFF) >> MANTISSA_CUT);
}

/** The magnitude that stands for a bin. */
export function valueOf(bin: i32): f64 {
  const m = <f64>(64 + (bin & 63));
  const ratio = (2 * m + 2) / (2 * m + 1);
  if (bin >= 64) return reinterpret<f64>((<u64>bin) << MANTISSA_CUT) * ratio;
  return (reinterpret<f64>((<u64>(bin + LIFT_BINS)) << MANTISSA_CUT) * ratio) / LIFT;
}

/** Bins the positive window may have when the two would span `positive` and `negative`. */
export function positiveShare(positive: i32, negative: i32): i32 {
  return positive + negative <= MAX_BINS ? positive : min(positive, max(FAIR_SHARE, MAX_BINS - negative));
}

/** The smallest block that has `bytes` bytes. */
export function blockFor(bytes: u32): u32 {
  let size = MIN_BYTES;
  while (size < bytes) size <<= 1;
  return size;
}

/** Adds to one of the block's u32 fields. */
// @ts-expect-error: decorator
@inline
export function bump(sketch: usize, field: usize, by: u32): void {
  store<u32>(sketch + field, load<u32>(sketch + field) + by);
}

/**
 * A decimal number, w × 10^q, to the nearest double, ties to even: Clinger's fast path, where both halves are exact doubles, and else Eisel's and
 * Lemire's multiplication by a power of five of 128 bits (Lemire, "Number parsing at a gigabyte per second", 2021), which is exact for every w
 * of 64 bits (Mushtak and Lemire, "Fast number parsing without fallback", 2023).
 */

import { POWERS_OF_FIVE } from "./layout";

/** Exponents of ten that are in the table. Below the first a number is 0, above the last it is infinite, unless it is 0. */
const LOWEST: i32 = -342;
const HIGHEST: i32 = 308;
/** Doubles hold whole numbers up to here, and powers of ten up to 10^22, exactly. */
const WHOLE: u64 = 1 << 53;
const EXACT: i32 = 22;
const MANTISSA_BITS: i32 = 52;
const INFINITE: u64 = 0x7ff0000000000000;

const TENS = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);

/** Never negative; infinite beyond the largest double. */
// @ts-expect-error: decorator
@inline
export function doubleOf(w: u64, q: i32): f64 {
  if (w <= WHOLE && q >= -EXACT && q <= EXACT) {
    if (q < 0) return <f64>w / load<f64>(TENS + ((<usize>-q) << 3));
    return <f64>w * load<f64>(TENS + ((<usize>q) << 3));
  }
  return scaled(w, q);
}

function scaled(w: u64, q: i32): f64 {
  if (w == 0 || q < LOWEST) return 0;
  if (q > HIGHEST) return reinterpret<f64>(INFINITE);
  const zeros = clz(w);
  w <<= zeros;
  const power = POWERS_OF_FIVE + ((<usize>(q - LOWEST)) << 4);
  const factor = load<u64>(power);
  let low = w * factor;
  let high = highProduct(w, factor);
  if ((high & 0x1ff) == 0x1ff) {
    // The lower half of the power may carry into what is rounded by.
    const more = highProduct(w, load<u64>(power, 8));
    low += more;
    if (more > low) high++;
  }
  const upper = <i32>(high >> 63);
  const shift = upper + 64 - MANTISSA_BITS - 3;
  let mantissa = high >> shift;
  let exponent = (((152170 + 65536) * q) >> 16) + 63 + upper - <i32>zeros + 1023;
  if (exponent <= 0) {
    if (1 - exponent >= 64) return 0;
    mantissa >>= 1 - exponent;
    mantissa += mantissa & 1;
    mantissa >>= 1;
    // Rounding may have made the smallest normal number of it: then its bit is the exponent's.
    return reinterpret<f64>(mantissa);
  }
  // Half way between two doubles: only small powers can be.
  if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << shift == high) mantissa &= ~(<u64>1);
  mantissa += mantissa & 1;
  mantissa >>= 1;
  if (mantissa >= WHOLE) {
    mantissa = WHOLE >> 1;
    exponent++;
  }
  if (exponent >= 0x7ff) return reinterpret<f64>(INFINITE);
  return reinterpret<f64>((mantissa & ((WHOLE >> 1) - 1)) | ((<u64>exponent) << MANTISSA_BITS));
}

/** The upper 64 bits of a product of 128. */
// @ts-expect-error: decorator
@inline
function highProduct(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (other >> 32);
}

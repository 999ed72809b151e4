/**
 * Rounds to significant digits, to the double that is nearest to the decimal of so many digits: what is written then reads
 * 1230, not 1229.9999999999998. Only operations that IEEE 754 fixes to the last bit decide: every engine rounds alike.
 */

/** Powers of ten up to this are exact in a double. */
const EXACT_POWER = 22;
const LOWEST_POWER = -324;
const POWERS = Float64Array.from({ length: 309 - LOWEST_POWER }, (_, at) => Number(`1e${at + LOWEST_POWER}`));

/**
 * Halves go away from zero, as far as the product with a power of ten shows them. 0, NaN and ±Infinity stay; -0 becomes 0.
 * @param digits from 1 to 15
 */
export function roundDigits(value: number, digits: number): number {
  if (value === 0 || value - value !== 0) return value + 0;
  const magnitude = Math.abs(value);
  const shift = digits - 1 - exponentOf(magnitude);
  let rounded: number;
  if (shift >= 0 && shift <= EXACT_POWER) {
    rounded = Math.round(magnitude * powerOfTen(shift)) / powerOfTen(shift);
  } else if (shift < 0 && shift >= -EXACT_POWER) {
    rounded = Math.round(magnitude / powerOfTen(-shift)) * powerOfTen(-shift);
  } else {
    rounded = Number(magnitude.toPrecision(digits));
  }
  return value < 0 ? -rounded : rounded;
}

/** The power of ten of the first digit. The logarithm is an estimate, which engines may give differently. */
function exponentOf(magnitude: number): number {
  const estimate = Math.floor(Math.log10(magnitude));
  if (magnitude < powerOfTen(estimate)) return estimate - 1;
  return magnitude >= powerOfTen(estimate + 1) ? estimate + 1 : estimate;
}

/** Infinity beyond what a double holds; below it 0. */
function powerOfTen(exponent: number): number {
  return POWERS[exponent - LOWEST_POWER] ?? Number.POSITIVE_INFINITY;
}

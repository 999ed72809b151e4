/** The floating-point numbers beside one: what lies strictly above or below a bound, as a bound that is reached. */

const bits = new DataView(new ArrayBuffer(8));

/** The double next to a finite one, or from an infinity to the largest. */
export function nextDouble(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  bits.setFloat64(0, value);
  // The bits of numbers of one sign are in the order of their magnitudes.
  bits.setBigInt64(0, bits.getBigInt64(0) + (value > 0 === direction > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

/** The same of 32 bits. @param value a number that they hold exactly */
export function nextFloat(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149;
  bits.setFloat32(0, value);
  bits.setInt32(0, bits.getInt32(0) + (value > 0 === direction > 0 ? 1 : -1));
  return bits.getFloat32(0);
}

/**
 * The table that decimal numbers are made doubles with (kernels/decimal.ts): for each exponent of ten from -342 to 308 the upper 128 bits
 * of that power of five, its first bit set: u64 the upper half, u64 the lower. Powers that 128 bits do not hold are cut off; of
 * negative exponents those down to -27, whose inverse they hold, are rounded up (Lemire 2021, section 5).
 *
 * Reckoned when it is needed, as 10 KiB of figures in a source say less than the rule that they follow.
 */

const LOWEST = -342;
const HIGHEST = 308;
const BITS = 128;
const LOW_64 = (1n << 64n) - 1n;

/** Words of 64 bits. The last one is not 0. */
export const POWERS_OF_FIVE_WORDS = (HIGHEST - LOWEST + 1) * 2;

let table: BigUint64Array | undefined;

/** Made once in a thread. */
export function powersOfFive(): BigUint64Array {
  if (table !== undefined) return table;
  const made = new BigUint64Array(POWERS_OF_FIVE_WORDS);
  for (let exponent = LOWEST; exponent <= HIGHEST; exponent++) {
    const bits =
      exponent < 0 ? inverse(5n ** BigInt(-exponent), exponent) : upperBits(5n ** BigInt(exponent));
    made[(exponent - LOWEST) * 2] = bits >> 64n;
    made[(exponent - LOWEST) * 2 + 1] = bits & LOW_64;
  }
  table = made;
  return made;
}

function inverse(power: bigint, exponent: number): bigint {
  const length = bitLength(power);
  if (exponent >= -27) return (1n << BigInt(length + BITS - 1)) / power + 1n;
  return upperBits((1n << BigInt(2 * length + BITS)) / power + 1n);
}

function upperBits(value: bigint): bigint {
  const beyond = bitLength(value) - BITS;
  return beyond >= 0 ? value >> BigInt(beyond) : value << BigInt(-beyond);
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28;
}

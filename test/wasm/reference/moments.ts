/** Moments in exact arithmetic: every finite double is a whole number of 2^-1074, and BigInt adds those without error. */

export interface ExactMoments {
  readonly count: number;
  readonly nanCount: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  /** Σ|x|: what a rounding error of the sum is to be compared with. */
  readonly sumOfMagnitudes: number;
  readonly sumOfSquares: number;
  readonly mean: number;
  /** Σ(x − mean)² / (count − ddof); NaN when count ≤ ddof. */
  variance(ddof: number): number;
}

/** Of finite values and NaN. */
export function exactMoments(values: readonly number[]): ExactMoments {
  const numbers = values.filter((value) => !Number.isNaN(value));
  const count = numbers.length;
  const units = numbers.map(toUnits);
  const sum = units.reduce((total, x) => total + x, 0n);
  const squares = units.reduce((total, x) => total + x * x, 0n);
  const magnitudes = units.reduce((total, x) => total + (x < 0n ? -x : x), 0n);
  const unitSquared = UNITS_PER_ONE * UNITS_PER_ONE;
  return {
    count,
    nanCount: values.length - count,
    min: count === 0 ? Number.NaN : Math.min(...numbers) + 0,
    max: count === 0 ? Number.NaN : Math.max(...numbers) + 0,
    sum: ratio(sum, UNITS_PER_ONE),
    sumOfMagnitudes: ratio(magnitudes, UNITS_PER_ONE),
    sumOfSquares: ratio(squares, unitSquared),
    mean: count === 0 ? Number.NaN : ratio(sum, UNITS_PER_ONE * BigInt(count)),
    variance: (ddof) =>
      count <= ddof
        ? Number.NaN
        : ratio(squares * BigInt(count) - sum * sum, unitSquared * BigInt(count) * BigInt(count - ddof)),
  };
}

const UNITS_PER_ONE = 1n << 1074n;

function toUnits(value: number): bigint {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0]!;
  const exponent = (bits >> 52n) & 2047n;
  const fraction = bits & ((1n << 52n) - 1n);
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n ? -magnitude : magnitude;
}

/** The quotient, to 60 bits and more. */
function ratio(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const magnitude = numerator < 0n ? -numerator : numerator;
  const shift = BigInt(denominator.toString(2).length - magnitude.toString(2).length + 64);
  const quotient = shift >= 0n ? (magnitude << shift) / denominator : magnitude / (denominator << -shift);
  // Two steps, because 2^-shift alone may be below the smallest double.
  const half = Number(shift / 2n);
  const value = Number(quotient) * 2 ** -half * 2 ** -(Number(shift) - half);
  return numerator < 0n ? -value : value;
}

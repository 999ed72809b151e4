/**
 * What a sketch must answer, found without counters: the value at the rank, exactly while there are few, and otherwise
 * the representative of the bin it lies in (bins keep the order of values, so it is the same bin), within min … max.
 */

/** Numbers (zeros and infinities not among them) up to which a sketch keeps them as they are. */
export const EXACT = 118;

/** The value at rank q × (count − 1), rounded down; NaN are left out. NaN when there is none. */
export function orderStatistic(values: readonly number[], q: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.floor(Math.max(0, Math.min(1, q)) * (sorted.length - 1))]! + 0;
}

export function sketchQuantile(values: readonly number[], q: number): number {
  const value = orderStatistic(values, q);
  const numbers = values.filter((x) => Number.isFinite(x) && x !== 0);
  if (numbers.length <= EXACT || !Number.isFinite(value) || value === 0) return value;
  const min = orderStatistic(values, 0);
  const max = orderStatistic(values, 1);
  return Math.max(min, Math.min(max, Math.sign(value) * representative(Math.abs(value))));
}

/** Bins: 64 of equal width in every octave [2^e, 2^(e+1)). */
function representative(magnitude: number): number {
  let octave = 2 ** Math.max(-1074, Math.min(1023, Math.floor(Math.log2(magnitude))));
  while (octave > magnitude) octave /= 2;
  while (magnitude / octave >= 2) octave *= 2;
  const m = Math.floor((magnitude / octave) * 64);
  const ratio = (2 * m + 2) / (2 * m + 1);
  // Scaled, so that a subnormal octave does not round twice.
  const lift = octave < 2 ** -1022 ? 2 ** 54 : 1;
  return (m * ((octave * lift) / 64) * ratio) / lift;
}

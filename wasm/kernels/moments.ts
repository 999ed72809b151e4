/**
 * Count, sum, squares, minimum and maximum of values, in one pass, without the cancellation of Σx² − (Σx)²/n.
 *
 * States, and pieces of columns (moments-column.ts), are put together by Chan, Golub, LeVeque (1979):
 *   M2 = M2a + M2b + δ² · na · nb / (na + nb),  δ the difference of the means.
 * The state keeps its sum relative to one of its values too, so the means' difference does not cancel, and sums of whole
 * numbers stay exact (while count times span is below 2^53). That is the first value, or of two states the one of the larger; and whenever
 * the count reaches a power of two by single values, the last one when it is nearer to the mean: an outlier in first place would
 * make the sum of what comes after it one of large differences.
 *
 * Squares of distances below 1e-154 underflow, above 1e154 overflow.
 *
 * State, eight f64: count, NaN count, shift, Σ(x − shift), M2 = Σ(x − mean)², minimum, maximum, and 8 bytes that nothing here
 * looks at (cells.ts keeps its own there; only momentsInit wipes them).
 */

export const NANS: usize = 8;
const SHIFT: usize = 16;
const SUM: usize = 24;
const M2: usize = 32;
export const MIN: usize = 40;
export const MAX: usize = 48;

/** Of a double's bits; 0 in powers of two. */
const MANTISSA: u64 = 0x000fffffffffffff;

export function momentsInit(state: usize): void {
  memory.fill(state, 0, 64);
  store<f64>(state, Infinity, MIN);
  store<f64>(state, -Infinity, MAX);
}

export function momentsAdd(state: usize, value: f64): void {
  if (value != value) {
    store<f64>(state, load<f64>(state, NANS) + 1, NANS);
  } else if (value - value != 0) {
    join(state, 1, 0, value, NaN, value, value);
  } else if (load<f64>(state) == 0) {
    join(state, 1, value, 0, 0, value, value);
  } else {
    addNext(state, value);
    if (value < load<f64>(state, MIN)) store<f64>(state, value, MIN);
    if (value > load<f64>(state, MAX)) store<f64>(state, value, MAX);
  }
}

/**
 * Adds a finite value to a state that is not empty, but for the extremes. With one value, δ² · n / (n + 1) is g² / (n · (n + 1)), with
 * g = n · δ = n · (x − s) − Σ(x − s): one division instead of two. As s is one of the values, its squared distance from the mean is
 * within M2, so what g lacks by rounding does not grow with the distance of the values from zero.
 */
// @ts-expect-error: decorator
@inline
export function addNext(state: usize, value: f64): void {
  const count = load<f64>(state);
  const before = load<f64>(state, SUM);
  const distance = value - load<f64>(state, SHIFT);
  const gap = distance * count - before;
  const next = count + 1;
  store<f64>(state, before + distance, SUM);
  store<f64>(state, load<f64>(state, M2) + (gap / (count * next)) * gap, M2);
  store<f64>(state, next);
  // A power of two.
  if ((reinterpret<u64>(next) & MANTISSA) == 0) recentre(state, value);
}

/** Makes `value`, the last one added, the shift when it is nearer to the mean. */
function recentre(state: usize, value: f64): void {
  const count = load<f64>(state);
  const sum = load<f64>(state, SUM);
  const distance = value - load<f64>(state, SHIFT);
  const mean = sum / count;
  if (abs(distance - mean) < abs(mean)) {
    store<f64>(state, value, SHIFT);
    store<f64>(state, sum - count * distance, SUM);
  }
}

export function momentsMerge(into: usize, from: usize): void {
  store<f64>(into, load<f64>(into, NANS) + load<f64>(from, NANS), NANS);
  const count = load<f64>(from);
  if (count == 0) return;
  join(into, count, load<f64>(from, SHIFT), load<f64>(from, SUM), load<f64>(from, M2), load<f64>(from, MIN), load<f64>(from, MAX));
}

export function momentsCount(state: usize): f64 {
  return load<f64>(state);
}

export function momentsNanCount(state: usize): f64 {
  return load<f64>(state, NANS);
}

/** Adding 0 makes −0 into 0: which of the two a minimum found would depend on the order of lanes. */
export function momentsMin(state: usize): f64 {
  return load<f64>(state) == 0 ? NaN : load<f64>(state, MIN) + 0;
}

export function momentsMax(state: usize): f64 {
  return load<f64>(state) == 0 ? NaN : load<f64>(state, MAX) + 0;
}

export function momentsSum(state: usize): f64 {
  return load<f64>(state) * load<f64>(state, SHIFT) + load<f64>(state, SUM);
}

export function momentsSumOfSquares(state: usize): f64 {
  const count = load<f64>(state);
  const sum = momentsSum(state);
  return count == 0 ? 0 : load<f64>(state, M2) + (sum / count) * sum;
}

export function momentsMean(state: usize): f64 {
  return load<f64>(state, SHIFT) + load<f64>(state, SUM) / load<f64>(state);
}

export function momentsVariance(state: usize, ddof: f64): f64 {
  const degrees = load<f64>(state) - ddof;
  return degrees > 0 ? load<f64>(state, M2) / degrees : NaN;
}

/** Takes into `state` n > 0 values given by their own shift, sum relative to it, M2, minimum and maximum. */
export function join(state: usize, n: f64, shift: f64, sum: f64, m2: f64, low: f64, high: f64): void {
  const count = load<f64>(state);
  if (count == 0) {
    store<f64>(state, shift, SHIFT);
    store<f64>(state, sum, SUM);
    store<f64>(state, m2, M2);
  } else {
    const shifts = shift - load<f64>(state, SHIFT);
    const before = load<f64>(state, SUM);
    const delta = shifts + sum / n - before / count;
    if (n > count) {
      store<f64>(state, shift, SHIFT);
      store<f64>(state, sum + (before - count * shifts), SUM);
    } else {
      store<f64>(state, before + (sum + n * shifts), SUM);
    }
    store<f64>(state, load<f64>(state, M2) + m2 + delta * delta * (count * (n / (count + n))), M2);
  }
  store<f64>(state, count + n);
  if (low < load<f64>(state, MIN)) store<f64>(state, low, MIN);
  if (high > load<f64>(state, MAX)) store<f64>(state, high, MAX);
}

/** Event times: i64 milliseconds. */

/** 2^63: above all times, and their lowest. */
const BEYOND: f64 = 9223372036854775808.0;
const LOWEST: f64 = -9223372036854775808.0;

/** Compared as whole numbers, so that no time is rounded on the way; eight rows a step until one of them is outside. */
export function timesWithin(times: usize, from: i32, to: i32, lowMs: f64, highMs: f64): i32 {
  const first = wholeFrom(lowMs);
  const last = highMs >= BEYOND ? i64.MAX_VALUE : wholeFrom(highMs) - 1;
  if (lowMs >= BEYOND || highMs <= LOWEST) return from;
  const lows = i64x2.splat(first);
  const highs = i64x2.splat(last);
  let row = from;
  for (; row + 8 <= to; row += 8) {
    const at = times + ((<usize>row) << 3);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const below = v128.or(v128.or(i64x2.gt_s(lows, a), i64x2.gt_s(lows, b)), v128.or(i64x2.gt_s(lows, c), i64x2.gt_s(lows, d)));
    const above = v128.or(v128.or(i64x2.gt_s(a, highs), i64x2.gt_s(b, highs)), v128.or(i64x2.gt_s(c, highs), i64x2.gt_s(d, highs)));
    if (v128.any_true(v128.or(below, above))) break;
  }
  for (; row < to; row++) {
    const time = load<i64>(times + ((<usize>row) << 3));
    if (time < first || time > last) return row;
  }
  return to;
}

/** The first whole number that is not below, within what an i64 can be. */
// @ts-expect-error: decorator
@inline
function wholeFrom(value: f64): i64 {
  const whole = ceil(value);
  if (!(whole > LOWEST)) return i64.MIN_VALUE;
  return whole >= BEYOND ? i64.MAX_VALUE : <i64>whole;
}

/** Of seconds, those beyond what milliseconds can be are the last there are, which are no moments either. */
export function timesToMs(times: usize, out: usize, rows: i32, perMs: i32): void {
  const end = times + ((<usize>rows) << 3);
  for (; times < end; times += 8) {
    const time = load<i64>(times);
    if (perMs == 0) {
      const isBelow = time < i64.MIN_VALUE / 1000;
      store<i64>(out, isBelow ? i64.MIN_VALUE : time > i64.MAX_VALUE / 1000 ? i64.MAX_VALUE : time * 1000);
    } else {
      const rest = time % perMs;
      store<i64>(out, (time - rest) / perMs - i64(rest < 0));
    }
    out += 8;
  }
}

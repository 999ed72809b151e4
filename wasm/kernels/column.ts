/** Values of a numeric column as doubles, one or two at a time. One meaning a type: the value nearest in f64. */

/** The value at `ptr`. */
// @ts-expect-error: decorator
@inline
export function valueAt<T>(ptr: usize): f64 {
  return <f64>load<T>(ptr);
}

/** The two values at `ptr`, as f64x2. */
// @ts-expect-error: decorator
@inline
export function pairAt<T>(ptr: usize): v128 {
  if (isFloat<T>()) {
    if (sizeof<T>() == 8) return v128.load(ptr);
    return f64x2.promote_low_f32x4(v128.load64_zero(ptr));
  }
  if (sizeof<T>() == 8) return pairOfU64(v128.load(ptr));
  if (isSigned<T>()) return f64x2.convert_low_i32x4_s(v128.load64_zero(ptr));
  return f64x2.convert_low_i32x4_u(v128.load64_zero(ptr));
}

/**
 * u64 to f64, rounded once: the high half is planted into 2^84's mantissa, the low half into 2^52's; both are exact, and
 * one addition (which takes the two planted powers away) rounds.
 */
// @ts-expect-error: decorator
@inline
function pairOfU64(x: v128): v128 {
  const high = v128.or(i64x2.shr_u(x, 32), i64x2.splat(0x4530000000000000));
  const low = v128.or(v128.and(x, i64x2.splat(0xffffffff)), i64x2.splat(0x4330000000000000));
  return f64x2.add(f64x2.sub(high, f64x2.splat(19342813118337666422669312.0)), low);
}

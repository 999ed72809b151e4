/**
 * A value of a column whose type is told at run time, by its place in VALUE_TYPES (wasm/kernels.ts): for kernels that cost far more a
 * row than a branch which is always taken the same way.
 */

const F64 = 0;
const F32 = 1;
const I64 = 2;
const I32 = 3;
const U64 = 4;
const U32 = 5;
const U16 = 6;

/** The value nearest in f64. */
// @ts-expect-error: decorator
@inline
export function numberAt(type: i32, values: usize, row: i32): f64 {
  const at = <usize>row;
  switch (type) {
    case F64:
      return load<f64>(values + (at << 3));
    case F32:
      return <f64>load<f32>(values + (at << 2));
    case I64:
      return <f64>load<i64>(values + (at << 3));
    case I32:
      return <f64>load<i32>(values + (at << 2));
    case U64:
      return <f64>load<u64>(values + (at << 3));
    case U32:
      return <f64>load<u32>(values + (at << 2));
    case U16:
      return <f64>load<u16>(values + (at << 1));
    default:
      return <f64>load<u8>(values + at);
  }
}

/**
 * 64 bits that are equal for equal values, and different for different ones: a whole number's own (signs extended), those of an
 * f64 for the others (zeros of either sign are one). Nobody asks for those of NaN.
 */
// @ts-expect-error: decorator
@inline
export function bitsAt(type: i32, values: usize, row: i32): u64 {
  const at = <usize>row;
  switch (type) {
    case F64:
      return reinterpret<u64>(load<f64>(values + (at << 3)) + 0);
    case F32:
      return reinterpret<u64>(<f64>load<f32>(values + (at << 2)) + 0);
    case I64:
    case U64:
      return load<u64>(values + (at << 3));
    case I32:
      return <u64>(<i64>load<i32>(values + (at << 2)));
    case U32:
      return <u64>load<u32>(values + (at << 2));
    case U16:
      return <u64>load<u16>(values + (at << 1));
    default:
      return <u64>load<u8>(values + at);
  }
}

// @ts-expect-error: decorator
@inline
export function isNanAt(type: i32, values: usize, row: i32): bool {
  if (type > F32) return false;
  const value = numberAt(type, values, row);
  return value != value;
}

/** Checks of a column, row by row: which is the first that is not as declared. */

export interface CheckKernels {
  /** The first row in [from, to) that has no value; `to`: all have one. */
  checkMissing(validity: number, from: number, to: number): number;
  /** The first row in [from, to) that has a value, and not one within [min, max], both inclusive (NaN never is); `to`: there is none. */
  checkF64(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  /** As checkF64; the bounds are those of a double. */
  checkF32(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkI32(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkU32(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkU16(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkU8(data: number, validity: number, from: number, to: number, min: number, max: number): number;
  checkI64(data: number, validity: number, from: number, to: number, min: bigint, max: bigint): number;
  checkU64(data: number, validity: number, from: number, to: number, min: bigint, max: bigint): number;
  /** The first row in [from, to) whose text, good UTF-8, has more bytes or more Unicode characters than that; `to`: there is none. */
  checkLengths(
    offsets: number,
    text: number,
    validity: number,
    from: number,
    to: number,
    maxBytes: number,
    maxCharacters: number,
  ): number;
  /**
   * Which of `count` + 1 int32 offsets is the first that is below the one before it, or below 0, or, when none is, beyond `bytes`; -1: none is. Values
   * between good offsets lie within the text.
   */
  checkOffsets(offsets: number, count: number, bytes: number): number;
  /** The first row in [from, to) whose text is not whole UTF-8, be it missing or not; `to`: there is none. The offsets are good. */
  checkUtf8(offsets: number, text: number, from: number, to: number): number;
}

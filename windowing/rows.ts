/**
 * Rows as an operator takes them: columns in the kernels' memory, wherever they come from. Each begins at a multiple of its values'
 * size, as Arrow has it.
 */

export type ValueType = "f64" | "f32" | "i64" | "i32" | "u64" | "u32" | "u16" | "u8";

export interface ValueColumn {
  readonly type: ValueType;
  /** Byte offset of the dense, little-endian values. */
  readonly at: number;
  /** Byte offset of the validity bitmap (as Arrow has it); 0: every row is valid. */
  readonly validity: number;
}

/** What rows are grouped by: never null. Keys of 1 and 4 bytes count as the number they are. */
export interface KeyColumn {
  readonly width: 1 | 4 | 8;
  readonly at: number;
}

export interface RowColumns {
  readonly rows: number;
  /** Byte offset of the event times: i64, milliseconds since the epoch. */
  readonly timesAt: number;
  /** Absent: all rows are of one group, whose key is 0n. */
  readonly keys?: KeyColumn;
  /** In the order that the accumulation declares them in. */
  readonly values: readonly ValueColumn[];
  /** Wall time at which the rows were written; 0: not known, and no row is taken for one of the future. */
  readonly writtenMs: number;
}

/** A row whose dataset is known only at run time; `RowOf` in define.ts is the same for one that is known when compiling. */

/** A `bigint` stands only in 64-bit columns, for what lies beyond 2^53. */
export type RowValue = number | bigint | string | boolean | null;

/** A row as its source gives it: every declared column under its own name, raw, moments in milliseconds since the epoch. */
export type Row = Readonly<Record<string, RowValue>>;

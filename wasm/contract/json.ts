/** JSON in, rows of a table out. */

/** What jsonRows answers. All of the body is read: of an array, up to the bracket that closes it. */
export const JSON_END = 0;
/** The table has as many rows, or as much text, as it has room for. */
export const JSON_FULL = 1;
/** A row is not one that the kernel reads. */
export const JSON_ROW = 2;
/** Of an array: neither a comma nor the bracket that closes it stands behind the element. */
export const JSON_FAULT = 3;

export interface JsonKernels {
  /**
   * Reads rows of JSON into the table that a plan (ingest/json-plan.ts) was made for, from the plan's place and row on, and writes there how
   * far it came: at the first row that is not in the table, which has nothing of it. `end` is where the body ends; 64 bytes behind it may be read.
   * `isBehind`: of an array, an element was read elsewhere, and the plan's place is right behind it.
   */
  jsonRows(plan: number, end: number, isBehind: boolean): number;
  /** Where the array's element at `at` ends: a comma or a closing bracket, if it is JSON. 0: it does not end before `end`. */
  jsonElementEnd(at: number, end: number): number;
  /**
   * Reads a number as JSON writes it, correctly rounded, from up to `bytes` bytes (64 more may be read); writes the f64 at `out`, and
   * returns the place behind it. 0: there is none, or it is infinite, or has more than 19 digits of which all matter.
   */
  jsonNumber(at: number, bytes: number, out: number): number;
  /**
   * Puts a name of `bytes` bytes, and the number that goes with it, into a set of names: u32 places less 1, u32 0, and 32 bytes a place, zeros; a
   * power of two, at least twice the names. The name is not copied. No name stands twice.
   */
  jsonName(set: number, at: number, bytes: number, value: number): void;
}

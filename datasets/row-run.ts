/** Rows `from` to `to`, the latter not included. */
export interface RowRun {
  readonly from: number;
  readonly to: number;
}

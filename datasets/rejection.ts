/** Why a row was refused, and what is said about it. */

/** Every reason for which a row is refused. Ledger and metrics count by these. */
export const REJECTION_REASONS = [
  "not-an-object",
  "unknown-column",
  "missing",
  "type",
  "bound",
  "category",
  "length",
  /** It is no row of its format. */
  "malformed",
  /** What its sender says of a derived column is not what follows from the others. */
  "derived",
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

export interface Rejection {
  /** Which of the pushed rows, from 0. */
  readonly row: number;
  /** The column at fault; null when it is the row as a whole, or a column whose name is too odd to be repeated. */
  readonly column: string | null;
  readonly reason: RejectionReason;
  readonly expected: string;
  readonly got: string;
}

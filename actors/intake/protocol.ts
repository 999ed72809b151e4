/** What the intake is asked, and what it answers. */

import type { Rejection } from "../../datasets/rejection.ts";

export interface PushRows {
  readonly kind: "intake.push";
  readonly dataset: string;
  /** Rows as their sender made them: anything at all. At most `MAX_PUSH_ROWS`. */
  readonly rows: readonly unknown[];
}

export type IntakeMessage = PushRows;

/** Answered when every accepted row is on the disk. */
export interface Pushed {
  readonly accepted: number;
  readonly rejected: number;
  /** The first of the rejections, at most `MAX_REJECTIONS`. */
  readonly rejections: readonly Rejection[];
  /** Sequence numbers of the accepted rows: from inclusive, to exclusive. */
  readonly fromSequence: number;
  readonly toSequence: number;
}

export const MAX_PUSH_ROWS = 10_000;
export const MAX_REJECTIONS = 20;

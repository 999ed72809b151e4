/**
 * What the examiner is asked, and what it answers.
 *
 *     examiner.examine    → the quality of a dataset's rows in a span of time, against those of another span where that is asked for
 *     examiner.agreement  → how often what was chosen is what would have been
 *     examiner.cancel     → ends one of them, or takes it out of the line
 *
 * They are answered when they are done, one after the other: each reads all rows of its span. A report is of the rows that were stored when
 * its turn came.
 */

import type { AgreementReport, QualityReport, QualityRules } from "../../quality/report.ts";
import type { Refused } from "../refused.ts";

export const EXAMINER = "examiner";
/** Examinations that may be under way: one that runs, and those in line. */
export const MAX_EXAMINATIONS = 8;
/** What the longest may take; an asker who waits for less may not see it done. */
export const EXAMINE_MS = 600_000;

/** Event times in milliseconds: from inclusive, to exclusive; ±Infinity: no bound. */
export interface SpanWish {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ExamineWish extends SpanWish {
  readonly dataset: string;
  /** The earlier span that drift is told against. Default: none. */
  readonly against?: SpanWish;
  /** Thresholds that are not to be those of the settings. */
  readonly rules?: Partial<QualityRules>;
}

export interface AgreementWish extends SpanWish {
  readonly dataset: string;
  /** Length of a piece of time, at least 1000. Default: an hour. */
  readonly everyMs?: number;
  /** Share of the traffic that is looked at, from 0 to 1. Default: that of the settings. */
  readonly fraction?: number;
}

export interface Examine {
  readonly kind: "examiner.examine";
  /** The asker's own, to cancel it by; unlike any other. */
  readonly id: string;
  readonly wish: ExamineWish;
}

export interface AskAgreement {
  readonly kind: "examiner.agreement";
  readonly id: string;
  readonly wish: AgreementWish;
}

export interface CancelExamination {
  readonly kind: "examiner.cancel";
  readonly id: string;
}

export type ExaminerMessage = Examine | AskAgreement | CancelExamination;

/** Why there is no report. `too-many` may be tried again later; the first four are the asker's to mend. */
export type ExaminerRefusal =
  | "unknown-dataset"
  | "bad-range"
  | "bad-option"
  | "no-shadow"
  | "too-many"
  | "damaged"
  | "disk"
  /** It was cancelled, or the examiner is ending. */
  | "unavailable";

export type Examined = { readonly ok: true; readonly report: QualityReport } | Refused<ExaminerRefusal>;
export type Agreed = { readonly ok: true; readonly report: AgreementReport } | Refused<ExaminerRefusal>;

export interface ExaminerReplies {
  readonly "examiner.examine": Examined;
  readonly "examiner.agreement": Agreed;
  /** False when there was no such one, which is no error. */
  readonly "examiner.cancel": { readonly cancelled: boolean };
}

/** What a program can ask of the quality of stored rows. quality.ts answers it. */

import type { ExaminerRefusal } from "../actors/examiner/protocol.ts";
import type { Refused } from "../actors/refused.ts";
import type { AgreementReport, QualityReport, QualityRules } from "../quality/report.ts";
import type { Moment } from "./moment.ts";

/** Event times: from inclusive, to exclusive. */
export interface SpanOptions {
  readonly from: Moment;
  readonly to: Moment;
}

export interface ValidateOptions extends SpanOptions {
  /** Such as `compression_telemetry`. */
  readonly dataset: string;
  /** An earlier time that drift is told against. Default: none. */
  readonly against?: SpanOptions;
  /**
   * Thresholds. Those that are not given are the usual ones, or those of the server's settings. With a `maxMissing` given here, columns
   * count that are declared as ones that may be missing, where the dataset does not say which ones a model is trained on.
   */
  readonly rules?: Partial<QualityRules>;
  readonly signal?: AbortSignal;
}

export interface AgreementOptions extends SpanOptions {
  readonly dataset: string;
  /** Length of a piece of time, at least 1000. Default: an hour. */
  readonly everyMs?: number;
  /** Share of the traffic, from 0 to 1. Default: all, or what the settings say. */
  readonly fraction?: number;
  readonly signal?: AbortSignal;
}

export type ValidateRefusal = ExaminerRefusal | "cancelled" | "closed" | "unreachable" | "denied";

export interface QualityClient {
  /** How good stored rows are for training. Whether they pass is in the report. */
  validate(
    options: ValidateOptions,
  ): Promise<{ readonly ok: true; readonly report: QualityReport } | Refused<ValidateRefusal>>;
  /** How often what was chosen is what would have been. */
  agreement(
    options: AgreementOptions,
  ): Promise<{ readonly ok: true; readonly report: AgreementReport } | Refused<ValidateRefusal>>;
}

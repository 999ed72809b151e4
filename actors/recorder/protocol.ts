/**
 * What the recorder is asked, and what it answers.
 *
 *     recorder.roll → ends the segment that is written to, when it holds rows: all segments before the one answered are
 *                     closed, and no more is written to them
 *     recorder.receipts → which rows of which requests are in the log, of those that it remembers
 */

import type { Refused } from "../refused.ts";

export const RECORDER = "recorder";

export interface RollLog {
  readonly kind: "recorder.roll";
}

export interface TellReceipts {
  readonly kind: "recorder.receipts";
  /** Of this request only; default: of all that are remembered. */
  readonly key?: string;
}

export type RecorderMessage = RollLog | TellReceipts;

export interface RecorderReplies {
  readonly "recorder.roll":
    | {
        readonly ok: true;
        /** Number of the segment that is now written to. */
        readonly segment: number;
      }
    | Refused<"disk">;
  readonly "recorder.receipts": {
    readonly ok: true;
    /** As bytes (store/log/receipts.ts), each request's behind those of requests that came before. */
    readonly receipts: Uint8Array;
    /** What the datasets in them are called. */
    readonly datasets: readonly string[];
  };
}

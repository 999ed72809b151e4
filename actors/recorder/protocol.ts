/**
 * What the recorder is asked, and what it answers.
 *
 *     recorder.roll → ends the segment that is written to, when it holds rows: all segments before the one answered are
 *                     closed, and no more is written to them
 */

import type { Refused } from "../refused.ts";

export const RECORDER = "recorder";

export interface RollLog {
  readonly kind: "recorder.roll";
}

export type RecorderMessage = RollLog;

export interface RecorderReplies {
  readonly "recorder.roll":
    | {
        readonly ok: true;
        /** Number of the segment that is now written to. */
        readonly segment: number;
      }
    | Refused<"disk">;
}

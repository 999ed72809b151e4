/**
 * What is due, decided from plain data and without doing anything.
 *
 * An hour is due when it has been over for `settleMs`: by then the windower has made its windows and late rows have come.
 * A round takes segments from the oldest on, as many as fit into its budget, and all that hold rows which the bounds in force
 * have a say in: a bound that moves must move over every row it is about.
 */

import type { Compacted } from "../store/lake/manifest.ts";
import { hourOf } from "../store/lake/partition.ts";
import { type Segment, storedBefore, storedUpTo } from "./segments.ts";

export interface PlanRules {
  /** How long an hour must be over. */
  readonly settleMs: number;
  /** Segments that were begun longer ago are compacted whole. */
  readonly segmentMaxAgeMs: number;
  /** Size of the log; what is beyond it is compacted whole. */
  readonly logBytes: number;
  /** Bytes of log that one round reads, unless it must read more. */
  readonly roundBytes: number;
  /** Everything that is in closed segments, whatever its age. */
  readonly all: boolean;
}

/** What one round does to one dataset. */
export interface CompactionPlan {
  /**
   * Rows below `before`, and rows of hours before `hourMs` with numbers below `hourBefore`, will be in the lake. The round
   * may find that it can move `before` further.
   */
  readonly target: Compacted;
  /** Segments to be read, ascending. */
  readonly segments: readonly Segment[];
  /** Sequence number after the last row that they can hold. */
  readonly endSequence: number;
  /** Rows ever stored up to there. */
  readonly stored: number;
  /** Rows ever stored before the first segment that there is. */
  readonly storedBefore: number;
}

/** Start of the first hour that is not due yet, ms. */
export function dueHour(nowMs: number, settleMs: number): number {
  return hourOf(nowMs - settleMs);
}

/**
 * Plans a dataset's next round.
 * @param segments all there are, the last one being written to
 * @returns undefined when no closed segment holds a row above `before`
 */
export function planCompaction(
  dataset: string,
  state: Compacted,
  segments: readonly Segment[],
  nowMs: number,
  rules: PlanRules,
): CompactionPlan | undefined {
  const whole = wholeSegments(segments, nowMs, rules);
  const known = Math.max(state.before, state.hourBefore);
  const taken: Segment[] = [];
  let before = state.before;
  let bytes = 0;
  let plan: CompactionPlan | undefined;
  // Beyond what is known by at least one segment, so that who plans again and again comes to the end.
  for (const [index, segment] of segments.slice(0, -1).entries()) {
    const end = storedUpTo(segments, index, dataset);
    if (end === undefined) break;
    if (end.nextSequence <= state.before) continue;
    if (plan !== undefined && bytes + segment.bytes > rules.roundBytes && plan.endSequence > known) break;
    taken.push(segment);
    bytes += segment.bytes;
    if (index < whole) before = Math.max(before, end.nextSequence);
    plan = {
      target: {
        before,
        hourMs: nextHour(state, dueHour(nowMs, rules.settleMs)),
        hourBefore: Math.max(state.hourBefore, end.nextSequence),
      },
      segments: [...taken],
      endSequence: end.nextSequence,
      stored: end.stored,
      storedBefore: storedBefore(segments[0]!, dataset)?.stored ?? 0,
    };
  }
  return plan;
}

/** How many segments, from the oldest on, are compacted whole. The one that is written to never is. */
export function wholeSegments(
  segments: readonly Segment[],
  nowMs: number,
  { all, logBytes, segmentMaxAgeMs }: Pick<PlanRules, "all" | "logBytes" | "segmentMaxAgeMs">,
): number {
  const closed = segments.length - 1;
  if (all) return closed;
  const isOld = ({ head }: Segment) => head !== undefined && head.createdMs <= nowMs - segmentMaxAgeMs;
  const old = segments.slice(0, -1).findLastIndex(isOld) + 1;
  return Math.max(0, old, segmentsTooMany(segments, logBytes));
}

/** How many segments, from the oldest on, are more than the log may have. The one that is written to never is. */
export function segmentsTooMany(segments: readonly Segment[], logBytes: number): number {
  let excess = segments.reduce((sum, { bytes }) => sum + bytes, 0) - logBytes;
  let count = 0;
  for (const { bytes } of segments.slice(0, -1)) {
    if (excess <= 0) break;
    excess -= bytes;
    count++;
  }
  return count;
}

/** Where `before` covers all that the hour says, the hour may go back: after a clock that was far ahead was set right. */
function nextHour({ before, hourMs, hourBefore }: Compacted, dueMs: number): number {
  return before >= hourBefore ? dueMs : Math.max(hourMs, dueMs);
}

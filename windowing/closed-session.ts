/** A session as it comes out: a window of one group. */

import type { ClosedGroup, ClosedWindow } from "./operator.ts";
import type { Session, Withdrawal } from "./session.ts";

export interface ClosedSession extends ClosedWindow {
  readonly key: bigint | null;
  readonly record: number;
  /** It is kept no more: its record is to be freed when it was read. */
  readonly isLast: boolean;
}

export function closedOf(session: Session, endMs: number, isLast: boolean): ClosedSession {
  const { record, revision, firstMs, group } = session;
  return make({ key: group.key, startMs: firstMs, endMs, revision }, record, false, isLast);
}

/** @param record an empty one */
export function withdrawnOf(withdrawal: Withdrawal, record: number): ClosedSession {
  return make(withdrawal, record, true, false);
}

/** By end, then start, then key, unsigned, null last. */
export function inOrder(a: ClosedSession, b: ClosedSession): number {
  return a.endMs - b.endMs || a.startMs - b.startMs || byKey(a.key, b.key) || a.revision - b.revision;
}

export function byKey(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

function make(of: Withdrawal, record: number, isWithdrawn: boolean, isLast: boolean): ClosedSession {
  const { key, startMs, endMs, revision } = of;
  const groups: readonly ClosedGroup[] = [{ key, record }];
  return { key, startMs, endMs, revision, record, isWithdrawn, isLast, groups: () => groups };
}

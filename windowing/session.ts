/**
 * A session of a group, and where in the group's sessions a moment falls. Sessions of a group lie at least the gap apart: a row that is
 * nearer to two of them makes one of both.
 */

import type { Due } from "./due-heap.ts";
import type { Listed } from "./group-list.ts";
import { firstFrom } from "./ordered.ts";

export interface SessionGroup extends Listed {
  /** By time. */
  readonly sessions: Session[];
  /** The last of them. */
  newest: Session | undefined;
}

/** Open: it ends after the watermark, and comes out then. Due: at its end or before, or else when it is given up. */
export interface Session extends Due {
  readonly group: SessionGroup;
  readonly record: number;
  firstMs: number;
  lastMs: number;
  isOpen: boolean;
  /** Closed, and rows in it did not come out. */
  isChanged: boolean;
  /** What it came out under the last time, with this `firstMs`; -1: it did not. */
  revision: number;
  /** Its end as it came out. */
  outEndMs: number;
  /** Sessions of the group that are given up may have begun here or before: its start does not move to there, as it would be theirs. */
  notToMs: number;
}

/** A start that came out and is none any more. */
export interface Withdrawal {
  readonly key: bigint | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly revision: number;
}

/** A group without a session. @param key null: all groups for which there was no room */
export function groupOf(key: bigint | null): SessionGroup {
  return { key, word: 0, sessions: [], newest: undefined };
}

/** A session of one row. @param notToMs where sessions of the group that are given up may have begun */
export function sessionOf(group: SessionGroup, record: number, timeMs: number, notToMs: number): Session {
  return {
    group,
    record,
    firstMs: timeMs,
    lastMs: timeMs,
    isOpen: false,
    isChanged: false,
    revision: -1,
    outEndMs: 0,
    notToMs,
    dueMs: 0,
    place: -1,
  };
}

/**
 * Index of the session that a row at this moment belongs to, or else of the one before which it makes a new one. It connects that
 * session with the next when `touches` says so of the next too.
 */
export function placeOf(group: SessionGroup, timeMs: number, gapMs: number): number {
  return firstFrom(group.sessions, timeMs - gapMs + 1, lastOf);
}

/** Whether a row at this moment is nearer than the gap to a session that ends less than the gap before it, or later. */
export function touches(session: Session | undefined, timeMs: number, gapMs: number): session is Session {
  return session !== undefined && session.firstMs - gapMs < timeMs;
}

export function insert(session: Session, at: number): void {
  const { group } = session;
  group.sessions.splice(at, 0, session);
  group.newest = group.sessions.at(-1);
}

/** @returns the one that followed it */
export function remove(session: Session): Session | undefined {
  const { group } = session;
  const at = firstFrom(group.sessions, session.lastMs, lastOf);
  group.sessions.splice(at, 1);
  group.newest = group.sessions.at(-1);
  return group.sessions[at];
}

function lastOf(session: Session): number {
  return session.lastMs;
}

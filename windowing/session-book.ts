/**
 * The sessions that are kept, and what of them has to come out when. A session is **open** until the watermark reaches its end, and is
 * kept for the lateness after that; one that changes meanwhile is open again if it now ends after the watermark, and is **changed** if not:
 * then it comes out at the next edge of the grid (whole multiples of the gap since the epoch), or when it is given up.
 *
 * One heap tells when. An open session that grows stays in its place there and is looked at when its former end is reached, so that a
 * row that follows the one before costs nothing.
 */

import type { Accumulation } from "./accumulation.ts";
import { type ClosedSession, closedOf, inOrder, withdrawnOf } from "./closed-session.ts";
import { DueHeap } from "./due-heap.ts";
import type { Revisions } from "./revisions.ts";
import { placeOf, remove, type Session, type SessionGroup, touches, type Withdrawal } from "./session.ts";

export interface BookOptions {
  readonly accumulation: Accumulation;
  readonly gapMs: number;
  readonly latenessMs: number;
  readonly revisions: Revisions;
  /** What a withdrawn session comes out with. */
  readonly emptyRecord: number;
  /** Is told before two records are merged. */
  readonly onMerge: () => void;
  /** Is told of a group that has no session left. */
  readonly onEmpty: (group: SessionGroup) => void;
}

export class SessionBook {
  readonly #options: BookOptions;
  readonly #heap = new DueHeap<Session>();
  readonly #changed = new Set<Session>();
  #withdrawals: Withdrawal[] = [];
  /** The next edge that changes come out at; Infinity while there are none. */
  #edgeMs = Number.POSITIVE_INFINITY;
  #sessions = 0;
  /** Sessions up to here were given up by other rules, before a state was loaded. */
  #givenUpMs = Number.NEGATIVE_INFINITY;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Sessions that are kept. */
  get size(): number {
    return this.#sessions;
  }

  /** The watermark at which there is something to do. */
  get dueMs(): number {
    return Math.min(this.#heap.firstMs, this.#edgeMs);
  }

  /** The edge that changes come out at; undefined: there are none. */
  get edgeMs(): number | undefined {
    return this.#changed.size + this.#withdrawals.length === 0 ? undefined : this.#edgeMs;
  }

  get withdrawals(): readonly Withdrawal[] {
    return this.#withdrawals;
  }

  /** Sessions whose last row is at this moment, or before, are given up. */
  givenUpTo(watermarkMs: number): number {
    return Math.max(this.#givenUpMs, watermarkMs - this.#options.gapMs - this.#options.latenessMs);
  }

  /** Whether a session of one row at this moment would be kept. */
  wouldKeep(timeMs: number, watermarkMs: number): boolean {
    return timeMs > this.givenUpTo(watermarkMs);
  }

  /** Takes in a session that is in its group already. */
  add(session: Session, watermarkMs: number): void {
    this.#sessions++;
    this.#note(session, watermarkMs);
  }

  /**
   * Puts a row's moment into the group's sessions; its values are to be added to the record of the session returned.
   * @returns undefined: no session that is kept takes it
   */
  join(group: SessionGroup, timeMs: number, watermarkMs: number): Session | undefined {
    const { gapMs, accumulation } = this.#options;
    const at = placeOf(group, timeMs, gapMs);
    const session = group.sessions[at];
    if (!touches(session, timeMs, gapMs) || timeMs <= session.notToMs) return undefined;
    const next = group.sessions[at + 1];
    if (touches(next, timeMs, gapMs)) {
      this.#options.onMerge();
      accumulation.merge(session.record, next.record);
      const { lastMs } = next;
      this.#withdraw(next, watermarkMs);
      this.#drop(next);
      accumulation.free(next.record);
      session.lastMs = lastMs;
    }
    if (timeMs < session.firstMs) {
      this.#withdraw(session, watermarkMs);
      session.firstMs = timeMs;
    }
    if (timeMs > session.lastMs) session.lastMs = timeMs;
    this.#note(session, watermarkMs);
    return session;
  }

  /** What has to come out now that the watermark is here, in order; gives up what was kept long enough. */
  closeTo(watermarkMs: number): ClosedSession[] {
    const { gapMs, latenessMs, accumulation } = this.#options;
    const out: ClosedSession[] = [];
    if (watermarkMs >= this.#edgeMs) {
      for (const session of this.#changed) this.#close(session, watermarkMs, out);
      this.#takeWithdrawals(out);
    }
    for (
      let first = this.#heap.first;
      first !== undefined && first.dueMs <= watermarkMs;
      first = this.#heap.first
    ) {
      const endMs = first.lastMs + gapMs;
      if (first.isOpen && endMs > watermarkMs) {
        this.#heap.set(first, endMs);
      } else if (first.isOpen || first.isChanged) {
        this.#close(first, watermarkMs, out);
      } else {
        if (endMs + latenessMs > watermarkMs) throw new Error("a session was due before its time");
        this.#giveUp(first);
        accumulation.free(first.record);
      }
    }
    return this.#given(out);
  }

  /** Closes everything, and keeps nothing. @returns what has to come out, in order */
  closeAll(): ClosedSession[] {
    const out: ClosedSession[] = [];
    for (let first = this.#heap.first; first !== undefined; first = this.#heap.first) {
      if (first.isOpen || first.isChanged) {
        this.#close(first, Number.POSITIVE_INFINITY, out);
      } else {
        this.#drop(first);
        this.#options.accumulation.free(first.record);
      }
    }
    this.#takeWithdrawals(out);
    this.#givenUpMs = Number.NEGATIVE_INFINITY;
    return this.#given(out);
  }

  /** Takes in a session as it was when it was saved; it is in its group already. */
  restore(session: Session): void {
    const endMs = session.lastMs + this.#options.gapMs;
    this.#sessions++;
    if (session.isChanged) this.#changed.add(session);
    this.#heap.set(session, session.isOpen ? endMs : endMs + this.#options.latenessMs);
  }

  restoreChanges(withdrawals: Withdrawal[], edgeMs: number | undefined, givenUpMs: number): void {
    this.#givenUpMs = givenUpMs;
    this.#withdrawals = withdrawals;
    this.#edgeMs = edgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Puts a session where it is to be looked at next, after it was made or rows came to it. */
  #note(session: Session, watermarkMs: number): void {
    const { gapMs, latenessMs } = this.#options;
    const endMs = session.lastMs + gapMs;
    session.isOpen = endMs > watermarkMs;
    session.isChanged = !session.isOpen;
    if (session.isOpen) {
      this.#changed.delete(session);
      this.#heap.set(session, endMs);
    } else {
      this.#changed.add(session);
      this.#heap.set(session, endMs + latenessMs);
      this.#setEdge(watermarkMs);
    }
  }

  /** Its start is none any more. */
  #withdraw(session: Session, watermarkMs: number): void {
    if (session.revision < 0) return;
    this.#withdrawals.push({
      key: session.group.key,
      startMs: session.firstMs,
      endMs: session.outEndMs,
      revision: session.revision + 1,
    });
    session.revision = -1;
    this.#setEdge(watermarkMs);
  }

  #setEdge(watermarkMs: number): void {
    const { gapMs } = this.#options;
    this.#edgeMs = Math.min(this.#edgeMs, (Math.floor(watermarkMs / gapMs) + 1) * gapMs);
  }

  /** It is kept no more: the one that follows it may not begin where it did. */
  #giveUp(session: Session): void {
    const next = this.#drop(session);
    if (next !== undefined) next.notToMs = Math.max(next.notToMs, session.lastMs);
  }

  /** Takes it out of its group and of everything here; its record stays. @returns the one that followed it in its group */
  #drop(session: Session): Session | undefined {
    const next = remove(session);
    this.#heap.remove(session);
    this.#changed.delete(session);
    this.#sessions--;
    if (session.group.sessions.length === 0) this.#options.onEmpty(session.group);
    return next;
  }

  /** It has come to its end, or is given up: it comes out, unless no row in it has a value. */
  #close(session: Session, watermarkMs: number, out: ClosedSession[]): void {
    const { gapMs, latenessMs, revisions, accumulation } = this.#options;
    const { record } = session;
    const endMs = session.lastMs + gapMs;
    const isLast = endMs + latenessMs <= watermarkMs;
    session.isOpen = session.isChanged = false;
    this.#changed.delete(session);
    if (isLast) this.#giveUp(session);
    else this.#heap.set(session, endMs + latenessMs);
    if (accumulation.isEmpty(record)) {
      if (isLast) accumulation.free(record);
      return;
    }
    session.revision = session.revision < 0 ? revisions.firstOf(session.firstMs) : session.revision + 1;
    session.outEndMs = endMs;
    out.push(closedOf(session, endMs, isLast));
  }

  #takeWithdrawals(out: ClosedSession[]): void {
    for (const withdrawal of this.#withdrawals) out.push(withdrawnOf(withdrawal, this.#options.emptyRecord));
    this.#withdrawals = [];
    this.#edgeMs = Number.POSITIVE_INFINITY;
  }

  #given(out: ClosedSession[]): ClosedSession[] {
    for (const { endMs, revision } of out) this.#options.revisions.gaveOut(endMs, revision);
    return out.sort(inOrder);
  }
}

/** The sessions that are kept, as bytes of a checkpoint. */

import type { Accumulation } from "./accumulation.ts";
import { insert, type Session, type SessionGroup, sessionOf, type Withdrawal } from "./session.ts";
import type { SessionBook } from "./session-book.ts";
import type { StateReader, StateWriter } from "./state.ts";

/** @param groups the group of all others, then the others by key */
export function saveSessions(
  out: StateWriter,
  book: SessionBook,
  watermarkMs: number,
  groups: readonly SessionGroup[],
  accumulation: Accumulation,
): void {
  out.u32(groups.length);
  for (const { key, sessions } of groups) {
    saveKey(key, out);
    out.u32(sessions.length);
    for (const session of sessions) {
      out.f64(session.firstMs);
      out.f64(session.lastMs);
      out.f64(session.revision);
      out.f64(session.outEndMs);
      out.f64(session.notToMs);
      out.u8((session.isOpen ? 1 : 0) + (session.isChanged ? 2 : 0));
      accumulation.save(session.record, out);
    }
  }
  out.f64(book.givenUpTo(watermarkMs));
  out.f64(book.edgeMs ?? Number.POSITIVE_INFINITY);
  out.u32(book.withdrawals.length);
  for (const { key, startMs, endMs, revision } of book.withdrawals) {
    saveKey(key, out);
    out.f64(startMs);
    out.f64(endMs);
    out.f64(revision);
  }
}

/** @param makeGroup undefined: there is no room for it. @throws RangeError, PoolExhausted */
export function loadSessions(
  from: StateReader,
  book: SessionBook,
  accumulation: Accumulation,
  makeGroup: (key: bigint | null) => SessionGroup,
): void {
  for (let groups = from.u32(); groups > 0; groups--) {
    const group = makeGroup(loadKey(from));
    for (let sessions = from.u32(); sessions > 0; sessions--) {
      const session = loadSession(from, group, accumulation);
      insert(session, group.sessions.length);
      book.restore(session);
    }
  }
  const givenUpMs = from.f64();
  const edgeMs = from.f64();
  const withdrawals = Array.from({ length: from.u32() }, (): Withdrawal => {
    return { key: loadKey(from), startMs: from.f64(), endMs: from.f64(), revision: from.f64() };
  });
  book.restoreChanges(withdrawals, edgeMs, givenUpMs);
}

function loadSession(from: StateReader, group: SessionGroup, accumulation: Accumulation): Session {
  const firstMs = from.f64();
  const lastMs = from.f64();
  const revision = from.f64();
  const outEndMs = from.f64();
  const notToMs = from.f64();
  const flags = from.u8();
  const session = sessionOf(group, accumulation.load(from), firstMs, notToMs);
  session.lastMs = lastMs;
  session.revision = revision;
  session.outEndMs = outEndMs;
  session.isOpen = (flags & 1) !== 0;
  session.isChanged = (flags & 2) !== 0;
  return session;
}

function saveKey(key: bigint | null, out: StateWriter): void {
  out.u8(key === null ? 0 : 1);
  if (key !== null) out.u64(key);
}

function loadKey(from: StateReader): bigint | null {
  return from.u8() === 0 ? null : from.u64();
}

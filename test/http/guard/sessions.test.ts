/** Sessions, and the cookie that carries one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { endedCookie, sessionCookie, sessionId } from "../../../http/guard/session-cookie.ts";
import { MAX_SESSIONS, SESSION_MS, Sessions } from "../../../http/guard/sessions.ts";
import { VirtualClock } from "../../../runtime/clock.ts";

const caller = (name: string) => ({ name, scopes: new Set(["read"] as const) });
const plain = { port: 8787, isSecure: false };
const secure = { port: 8787, isSecure: true };

test("a session is its token's until it is closed or its time is over", () => {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock);
  const [a, b] = [sessions.open(caller("a")), sessions.open(caller("b"))];
  assert.notEqual(a, b);
  assert.equal(sessions.callerOf(a)?.name, "a");
  assert.equal(sessions.callerOf(b)?.name, "b");
  assert.equal(sessions.callerOf(`${a}x`), undefined);
  assert.equal(sessions.callerOf(""), undefined);
  sessions.close(b);
  sessions.close("nonesuch");
  assert.equal(sessions.callerOf(b), undefined);
  clock.advance(SESSION_MS - 1);
  assert.equal(sessions.callerOf(a)?.name, "a");
  clock.advance(1);
  assert.equal(sessions.callerOf(a), undefined);
  assert.equal(sessions.count, 0);
});

test("there are so many and no more: the oldest ends, and before it those whose time is over", () => {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock);
  const ids = Array.from({ length: MAX_SESSIONS }, (_, index) => sessions.open(caller(String(index))));
  assert.equal(sessions.count, MAX_SESSIONS);
  const further = sessions.open(caller("further"));
  assert.equal(sessions.count, MAX_SESSIONS);
  assert.equal(sessions.callerOf(ids[0]!), undefined);
  assert.equal(sessions.callerOf(ids[1]!)?.name, "1");
  assert.equal(sessions.callerOf(further)?.name, "further");
  clock.advance(SESSION_MS);
  sessions.open(caller("late"));
  assert.equal(sessions.count, 1);
});

// Breaks when the oldest of all ends: who may only read could then sign out who controls.
test("who opens many with one token ends its own, and nobody else's", () => {
  const sessions = new Sessions(new VirtualClock());
  const other = sessions.open(caller("other"));
  const own = Array.from({ length: 3 * MAX_SESSIONS }, () => sessions.open(caller("own")));
  assert.equal(sessions.count, MAX_SESSIONS);
  assert.equal(sessions.callerOf(other)?.name, "other");
  assert.equal(sessions.callerOf(own.at(-1)!)?.name, "own");
  assert.equal(sessions.callerOf(own[0]!), undefined);
});

test("an id has 256 random bits, and is not kept", () => {
  const sessions = new Sessions(new VirtualClock());
  const ids = Array.from({ length: MAX_SESSIONS }, () => sessions.open(caller("a")));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(sessionId(`millrace-8787=${id}`, plain), id);
  }
});

test("the cookie is for this server's own pages alone, and under TLS for TLS alone", () => {
  const [id] = [new Sessions(new VirtualClock()).open(caller("a"))];
  assert.equal(
    sessionCookie(id, plain),
    `millrace-8787=${id}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`,
  );
  assert.equal(
    sessionCookie(id, secure),
    `__Host-millrace-8787=${id}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure`,
  );
  assert.match(endedCookie(plain), /^millrace-8787=; Path=\/; Max-Age=0; /);
});

test("of a Cookie header the one id is read, among whatever else there is", () => {
  const id = "x".repeat(43);
  for (const [header, expected] of [
    [undefined, undefined],
    ["", undefined],
    [`millrace-8787=${id}`, id],
    [`a=b; millrace-8787=${id}; c=d`, id],
    [`a=b;millrace-8787=${id}`, id],
    // Another server of this host.
    [`millrace-8788=${id}`, undefined],
    [`xmillrace-8787=${id}`, undefined],
    // Somebody set one beside ours: which is ours is not to be guessed.
    [`millrace-8787=${id}; millrace-8787=${"y".repeat(43)}`, undefined],
    [`millrace-8787=${id}x`, undefined],
    ["millrace-8787=", undefined],
    [`millrace-8787="${id}"`, undefined],
    [`__Host-millrace-8787=${id}`, undefined],
  ] as const) {
    assert.equal(sessionId(header, plain), expected, header);
  }
  assert.equal(sessionId(`__Host-millrace-8787=${id}`, secure), id);
  assert.equal(sessionId(`millrace-8787=${id}`, secure), undefined);
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (header) => {
      const found = sessionId(header, plain);
      if (found !== undefined) assert.match(found, /^[A-Za-z0-9_-]{43}$/);
    }),
    { seed: 20_261_122 },
  );
});

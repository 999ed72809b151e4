/** Who may do what: tokens with scopes, and the sessions that browsers have in their place. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BODY_MS, MAX_BODIES } from "../../http/bounded-body.ts";
import { SESSION_MS } from "../../http/guard/sessions.ts";
import type { TokenGrant } from "../../http/guard/tokens.ts";
import { SCOPES } from "../../http/route.ts";
import { assertProblem } from "./problems.ts";
import { type Control, type ControlOptions, openControl, settle } from "./support.ts";

const READER = "reader-0123456789abcdef";
const KEEPER = "keeper-0123456789abcdef";
const tokens: readonly TokenGrant[] = [
  { name: "reader", token: READER, scopes: ["read"] },
  { name: "keeper", token: KEEPER, scopes: ["read", "control", "export", "ingest"] },
];
const JSON_BODY = { "content-type": "application/json" };
const OWN_PAGE = { origin: "http://localhost:8787", "sec-fetch-site": "same-origin" };
const RESTART = "/v1/actors/recorder/restart";

const open = (more: Partial<ControlOptions> = {}) => openControl({ tokens, ...more });

function show({ request }: Control, token: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ token });
  const length = { "content-length": String(body.length) };
  return request("/v1/session", { method: "POST", body, headers: { ...JSON_BODY, ...length, ...headers } });
}

/** Shows a token as the page does. @returns the cookie as a browser sends it */
async function enter(control: Control, token: string): Promise<string> {
  const response = await show(control, token, OWN_PAGE);
  assert.equal(response.status, 200, await response.clone().text());
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("what a token is not good for is refused, with what it lacks", async () => {
  const reasons: string[] = [];
  const { request, log } = open({
    command: async (_actor, _command, reason) => {
      reasons.push(reason);
      return { ok: true };
    },
  });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  assert.equal((await request("/v1/ledger", { headers: as(READER) })).status, 200);
  const { detail, scope } = await assertProblem(
    await request(RESTART, { method: "POST", headers: as(READER) }),
    "scope-needed",
  );
  assert.equal(scope, "control");
  assert.match(detail, /the scope control; the scopes that came: read$/);
  assert.equal(log.length, 0);
  assert.ok((await request(RESTART, { method: "POST", headers: as(KEEPER) })).ok);
  assert.deepEqual(reasons, ["restart asked for over HTTP with the token keeper"]);
  assert.equal(log[0]?.properties["by"], "over HTTP with the token keeper");
  assert.ok(!JSON.stringify(log).includes(KEEPER));
});

test("who asks is told what it may do", async () => {
  const { request } = open();
  for (const [headers, scopes, name] of [
    [{}, [], null],
    [{ authorization: `Bearer ${READER}` }, ["read"], "reader"],
    [{ authorization: `Bearer ${KEEPER}` }, SCOPES, "keeper"],
  ] as const) {
    const response = await request("/v1/session", { headers: { ...headers } });
    assert.deepEqual(await response.json(), { tokenNeeded: true, scopes, name });
  }
  const wrong = { headers: { authorization: "Bearer wrong" } };
  await assertProblem(await request("/v1/session", wrong), "token-needed");
  const free = await openControl().request("/v1/session");
  assert.deepEqual(await free.json(), { tokenNeeded: false, scopes: SCOPES, name: null });
});

test("a token shown once is a session, which is good for what the token is", async () => {
  const control = open();
  const cookie = await enter(control, READER);
  const { request } = control;
  for (const headers of [
    { cookie, ...OWN_PAGE },
    { cookie, "sec-fetch-site": "same-origin" },
    // The address bar, and a browser that does not say.
    { cookie, "sec-fetch-site": "none" },
    { cookie: `a=b; ${cookie}` },
  ]) {
    assert.equal((await request("/v1/ledger", { headers })).status, 200, JSON.stringify(headers));
  }
  const restart = { method: "POST", headers: { cookie, ...OWN_PAGE } };
  await assertProblem(await request(RESTART, restart), "scope-needed");
  const shown = await request("/v1/session", { headers: { cookie } });
  assert.deepEqual(await shown.json(), { tokenNeeded: true, scopes: ["read"], name: "reader" });
});

// Breaks when a cookie counts wherever it comes from: then any page could act for who is signed in here.
test("what changes something needs our own page beside the cookie", async () => {
  const control = open();
  const cookie = await enter(control, KEEPER);
  const { request } = control;
  const restart = (headers: Record<string, string>) =>
    request(RESTART, { method: "POST", headers: { cookie, ...headers } });
  assert.ok((await restart(OWN_PAGE)).ok);
  assert.ok((await restart({ "sec-fetch-site": "same-origin" })).ok);
  assert.ok((await restart({ origin: "http://localhost:8787" })).ok);
  await assertProblem(await restart({}), "token-needed");
  await assertProblem(await restart({ "sec-fetch-site": "none" }), "token-needed");
  // Another name of ours is another place to a browser.
  await assertProblem(await restart({ origin: "http://127.0.0.1:8787" }), "token-needed");
  await assertProblem(await restart({ origin: "http://evil.example" }), "origin-refused");
  await assertProblem(await restart({ "sec-fetch-site": "cross-site" }), "origin-refused");
  await assertProblem(await restart({ "sec-fetch-site": "same-site" }), "origin-refused");
});

test("a WebSocket with a cookie must say that it is our own page's", async () => {
  const control = open();
  const cookie = await enter(control, KEEPER);
  const upgrade = { connection: "Upgrade", upgrade: "websocket", cookie };
  const ask = (headers: Record<string, string>) =>
    control.request("/v1/streams/memory", { headers: { ...upgrade, ...headers } });
  await assertProblem(await ask({}), "token-needed");
  await assertProblem(await ask({ "sec-fetch-site": "none" }), "token-needed");
  await assertProblem(await ask({ origin: "http://evil.example:8787" }), "origin-refused");
  assert.notEqual((await ask({ origin: "http://localhost:8787" })).status, 401);
});

test("a token beside a cookie is the one that counts", async () => {
  const control = open();
  const cookie = await enter(control, KEEPER);
  const headers = { cookie, ...OWN_PAGE, authorization: "Bearer wrong" };
  await assertProblem(await control.request("/v1/ledger", { headers }), "token-needed");
  // That of a proxy before us is not ours.
  const basic = { ...headers, authorization: "Basic d3Jvbmc6d3Jvbmc=" };
  assert.equal((await control.request("/v1/ledger", { headers: basic })).status, 200);
});

test("a session ends when it is closed, when its time is over, and when another begins", async () => {
  const control = open();
  const reads = async (cookie: string) =>
    (await control.request("/v1/ledger", { headers: { cookie } })).status === 200;
  const first = await enter(control, READER);
  const closed = await control.request("/v1/session", {
    method: "DELETE",
    headers: { cookie: first, ...OWN_PAGE },
  });
  assert.equal(closed.status, 204);
  assert.match(
    closed.headers.get("set-cookie") ?? "",
    /^millrace-8787=; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict$/,
  );
  assert.equal(await reads(first), false);

  const second = await enter(control, READER);
  const response = await show(control, KEEPER, { ...OWN_PAGE, cookie: second });
  const third = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  assert.equal(await reads(second), false);
  assert.equal(await reads(third), true);
  control.clock.advance(SESSION_MS);
  assert.equal(await reads(third), false);
  assert.equal((await control.request("/v1/session", { headers: { cookie: third } })).status, 200);
});

test("the cookie is for TLS alone where a browser speaks TLS", async () => {
  const cookieOf = async (control: Control, headers: Record<string, string>) =>
    (await show(control, READER, headers)).headers.get("set-cookie") ?? "";
  assert.doesNotMatch(await cookieOf(open(), OWN_PAGE), /Secure/);
  assert.match(
    await cookieOf(open({ isSecure: true }), { origin: "https://localhost:8787" }),
    /^__Host-millrace-8787=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
  );
  const proxied = { host: "millrace.example", origin: "https://millrace.example" };
  assert.match(await cookieOf(open({ names: "millrace.example" }), proxied), /^millrace-8787=.*; Secure$/);
});

test("a wrong token opens nothing, is counted, and is not repeated", async () => {
  const control = open();
  for (let n = 0; n < 10; n++) {
    const response = await show(control, `precious-${n}`, OWN_PAGE);
    assert.equal(response.headers.get("set-cookie"), null);
    const { detail } = await assertProblem(response, "token-needed");
    assert.doesNotMatch(detail, /precious/);
  }
  await assertProblem(await show(control, READER, OWN_PAGE), "too-many-failures");
  const bearer = { headers: { authorization: `Bearer ${READER}` } };
  await assertProblem(await control.request("/v1/ledger", bearer), "too-many-failures");
  assert.doesNotMatch(JSON.stringify(control.log), /precious|reader-0/);
});

test("a session goes on while tokens of its address are refused", async () => {
  const control = open();
  const cookie = await enter(control, READER);
  for (let n = 0; n < 11; n++) await (await show(control, "wrong", OWN_PAGE)).body?.cancel();
  assert.equal((await control.request("/v1/ledger", { headers: { cookie } })).status, 200);
});

// Breaks when all bodies share their places: then 64 connections without a token keep everybody from changing anything.
test("strangers who send slowly keep nobody out who has a token", async () => {
  const control = open();
  const send = (path: string, method: string, body: string | ReadableStream, headers = {}) =>
    control.request(path, {
      ...({ method, body, duplex: "half" } as object),
      headers: { ...JSON_BODY, ...headers },
    });
  const slow = Array.from({ length: MAX_BODIES }, () =>
    send("/v1/session", "POST", new ReadableStream({ pull: () => new Promise(() => {}) })),
  );
  await settle();
  await assertProblem(await show(control, READER), "too-many");
  const change = await send("/v1/config", "PATCH", '{"set":{}}', { authorization: `Bearer ${KEEPER}` });
  assert.notEqual(change.status, 503, await change.clone().text());
  control.clock.advance(BODY_MS);
  for (const response of await Promise.all(slow)) assert.ok([408, 503].includes(response.status));
});

test("what is no {token} is refused without a word of it", async () => {
  const control = open();
  for (const body of [
    "precious",
    '"precious"',
    '{"precious":1}',
    '{"token":{"precious":1}}',
    '{"token":"precious","precious":1}',
    `{"token":"precious${"x".repeat(600)}"}`,
    "{}",
    "[]",
    "null",
    "",
  ]) {
    const headers = { ...JSON_BODY, ...OWN_PAGE, "content-length": String(body.length) };
    const response = await control.request("/v1/session", { method: "POST", body, headers });
    const { detail } = await assertProblem(response, "bad-body");
    assert.doesNotMatch(detail, /precious/);
  }
  const long = { ...JSON_BODY, ...OWN_PAGE, "content-length": "2000" };
  const sent = control.request("/v1/session", { method: "POST", body: "x".repeat(2000), headers: long });
  await assertProblem(await sent, "body-refused");
  const form = { ...OWN_PAGE, "content-type": "application/x-www-form-urlencoded", "content-length": "9" };
  const posted = control.request("/v1/session", { method: "POST", body: "token=abc", headers: form });
  await assertProblem(await posted, "body-type-refused");
});

test("where no token is needed there is no session", async () => {
  const response = await show(openControl(), "whatever", OWN_PAGE);
  assert.equal(response.headers.get("set-cookie"), null);
  assert.deepEqual(await response.json(), { tokenNeeded: false, scopes: SCOPES, name: null });
});

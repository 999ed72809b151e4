/**
 * GET and PATCH /v1/config.
 *
 * What would fail here: a wish that is passed on in another form than it came, a body that is taken though it is none, a refusal
 * that is answered as done, or without what is wrong and what to do, a value that is repeated in a log.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigChange, ConfigChanged, SettingView } from "../../http/control.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { openControl } from "./support.ts";

const SETTING: SettingView = {
  ...{ name: "sampler.memoryIntervalMs", type: "duration", meaning: "How often.", expected: "a duration" },
  ...{ value: "2s", default: "1s", source: "changed while running", secret: false },
  ...{ change: "live", actors: ["sampler"], writable: true },
};

function open(answer: ConfigChanged = { ok: true, changed: [], file: null }, tokens = {}) {
  const wishes: ConfigChange[] = [];
  const control = openControl({
    config: {
      settings: () => [SETTING],
      async change(wish) {
        wishes.push(wish);
        return answer;
      },
    },
    ...tokens,
  });
  const patch = (body: unknown, headers: Record<string, string> = {}) =>
    control.request("/v1/config", {
      method: "PATCH",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { ...control, wishes, patch };
}

test("the settings are shown as they are", async () => {
  const response = await open().request("/v1/config");
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.deepEqual(await response.json(), { settings: [SETTING] });
});

test("a change is passed on as it came, and what became of it is told", async () => {
  const done: ConfigChanged = {
    ok: true,
    changed: [{ name: "log.level", effect: "live", overriddenBy: "flag --log.level" }],
    file: "millrace.json",
  };
  const { patch, wishes, log } = open(done);
  const set = { "log.level": "debug", "http.port": 1, "a.b": true, "c.d": null };
  const response = await patch({ set, persist: true });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { changed: done.changed, file: done.file });
  await patch({ set });
  assert.deepEqual(wishes, [
    { set, persist: true },
    { set, persist: false },
  ]);
  assert.ok(!JSON.stringify(log).includes("debug"), "values are for who makes the change to log");
});

test("a body that is no change is refused, and says what was expected", async () => {
  const { patch, wishes, request } = open();
  for (const [body, parameter] of [
    [{}, "set"],
    [{ set: [] }, "set"],
    [{ set: { "log.level": ["debug"] } }, "set.log.level"],
    [{ set: { "log.level": {} } }, "set.log.level"],
    [{ set: {}, persist: "yes" }, "persist"],
    [{ set: {}, presist: true }, "body"],
    [[], "body"],
    ["null", "body"],
  ] as const) {
    const problem = await assertProblem(await patch(body), "bad-parameter");
    assert.equal(problem["parameter"], parameter, JSON.stringify(body));
  }
  await assertProblem(await patch("{"), "bad-body");
  await assertProblem(await patch({ set: {} }, { "content-type": "text/plain" }), "body-type-refused");
  await assertProblem(await patch(`{"set": {"x": "${"y".repeat(2 ** 16)}"}}`), "body-refused");
  await assertProblem(await request("/v1/config?persist=true", { method: "PATCH" }), "body-type-refused");
  await assertProblem(await request("/v1/config", { method: "PUT" }), "method-not-allowed");
  assert.deepEqual(wishes, []);
});

test("a refusal is a problem of its kind, with what is wrong and what to do", async () => {
  const wrong = {
    ...{ setting: "log.level", from: "the change that was asked for", expected: "one of debug, info" },
    ...{ came: '"loud"', remedy: "correct it" },
  };
  const settings = open({
    ok: false,
    reason: "bad-setting",
    problems: [wrong, { ...wrong, setting: "other" }],
  });
  const bad = await assertProblem(await settings.patch({ set: {} }), "bad-setting");
  assert.equal(bad.detail, 'log.level: expected one of debug, info; came "loud"; correct it');
  assert.deepEqual(bad["problems"], [wrong, { ...wrong, setting: "other" }]);
  for (const [reason, code] of [
    ["fixed", "setting-fixed"],
    ["file", "change-refused"],
    ["actor", "change-refused"],
  ] as const) {
    const response = await open({ ok: false, reason, message: "why" }).patch({ set: {} });
    assert.equal(response.headers.get("retry-after"), reason === "actor" ? "2" : null);
    const body = await assertProblem(response, code);
    assert.deepEqual([body.detail, body["reason"]], ["why", reason === "fixed" ? undefined : reason]);
  }
});

test("who may only read sees them and changes nothing", async () => {
  const token = "0123456789abcdef-reader";
  const { request, patch, wishes } = open(undefined, {
    tokens: [{ name: "reader", token, scopes: ["read"] }],
  });
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await request("/v1/config", { headers })).status, 200);
  await assertProblem(await patch({ set: {} }, headers), "scope-needed");
  assert.deepEqual(wishes, []);
});

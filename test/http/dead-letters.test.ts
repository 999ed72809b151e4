/** Dead letters over HTTP: what is asked of their keeper, what its answers are told as, and who may ask. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEAD_LETTERS, type DeadLettersMessage } from "../../actors/dead-letters/protocol.ts";
import { tokensOf } from "../../http/access.ts";
import { createMetricsText } from "../../http/metrics-text.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { someLetters } from "./letters.ts";
import { type ControlOptions, closed, good, openControl, statusOf } from "./support.ts";

function openLetters(answer: AskResult<unknown> = good(someLetters()), more: ControlOptions = {}) {
  const control = openControl({ answer: () => answer, ...more });
  const asked = () =>
    control.asked.map(({ to, message }) => {
      assert.equal(to, DEAD_LETTERS);
      return message as DeadLettersMessage;
    });
  const replay = (body: unknown, headers: Record<string, string> = {}) =>
    control.request("/v1/dead-letters/replay", {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  return { ...control, asked, replay };
}

async function problemOf(response: Response | Promise<Response>) {
  const answered = await response;
  const problem = (await answered.json()) as Readonly<Record<string, unknown>>;
  return { status: answered.status, of: (name: string) => problem[name] };
}

describe("GET /v1/dead-letters", () => {
  test("lists the latest, with times as text and the way to the next page", async () => {
    const { request, asked } = openLetters();
    const response = await request("/v1/dead-letters?limit=2");
    assert.equal(response.status, 200);
    const { letters, ok: _, ...rest } = someLetters();
    assert.deepEqual(await response.json(), {
      letters: letters.map(({ atMs, ...letter }) => ({ ...letter, at: new Date(atMs).toISOString() })),
      next: 7,
      ...rest,
    });
    assert.deepEqual(asked(), [{ kind: "letters.list", limit: 2 }]);
  });

  test("hands on what is asked for, and has no next page when this one is not full", async () => {
    const { request, asked } = openLetters();
    const path = "/v1/dead-letters?dataset=memory&reason=bound&ids=7,%208&before=9";
    const { next } = (await (await request(path)).json()) as { next: unknown };
    assert.equal(next, null);
    assert.deepEqual(asked(), [
      { kind: "letters.list", dataset: "memory", reason: "bound", ids: [7, 8], limit: 100, beforeId: 9 },
    ]);
  });

  for (const [query, parameter] of [
    ["reason=because", "reason"],
    ["ids=1,x", "ids"],
    ["ids=0", "ids"],
    ["limit=1001", "limit"],
    ["limit=-1", "limit"],
    ["before=0", "before"],
  ] as const) {
    test(`refuses ${query}`, async () => {
      const { request, asked } = openLetters();
      const { status, of } = await problemOf(request(`/v1/dead-letters?${query}`));
      assert.deepEqual([status, of("parameter"), asked()], [400, parameter, []]);
    });
  }

  test("says which datasets there are, what the disk says, and that nobody is there", async () => {
    assert.equal((await problemOf(openLetters().request("/v1/dead-letters?dataset=people"))).status, 404);
    const disk = openLetters(good({ ok: false, reason: "disk", message: "EIO" }));
    assert.equal((await problemOf(disk.request("/v1/dead-letters"))).status, 507);
    assert.equal((await problemOf(openLetters(closed).request("/v1/dead-letters"))).status, 503);
  });
});

describe("POST /v1/dead-letters/replay", () => {
  test("says what became of them", async () => {
    const done = { accepted: 5, rejected: 1, notReplayable: 2 };
    const { replay, asked } = openLetters(good({ ok: true, ...done }));
    const response = await replay({ dataset: "memory", reason: "bound", ids: [1, 2] });
    assert.deepEqual([response.status, await response.json()], [200, done]);
    await replay({});
    assert.deepEqual(asked(), [
      { kind: "letters.replay", dataset: "memory", reason: "bound", ids: [1, 2] },
      { kind: "letters.replay" },
    ]);
  });

  for (const [reason, status, code] of [
    ["lane-full", 429, "lane-full"],
    ["quota", 429, "quota"],
    ["busy", 503, "too-many"],
    ["unavailable", 503, "actor-unavailable"],
    ["given-up", 503, "rows-given-up"],
    ["disk", 507, "disk"],
  ] as const) {
    test(`is ${status} for ${reason}, and says how far it came`, async () => {
      const { replay } = openLetters(good({ ok: false, reason, message: "why", accepted: 3, rejected: 1 }));
      const { status: said, of } = await problemOf(replay({}));
      assert.deepEqual([said, of("type")], [status, `urn:millrace:problem:${code}`]);
      assert.deepEqual([of("accepted"), of("rejected")], [3, 1]);
    });
  }

  test("refuses a body that says something else", async () => {
    const { replay, asked } = openLetters();
    for (const body of [{ id: 1 }, { ids: [0] }, { ids: "1" }, { reason: "because" }, [], null])
      assert.equal((await problemOf(replay(body))).status, 400, JSON.stringify(body));
    assert.deepEqual(asked(), []);
  });
});

describe("DELETE /v1/dead-letters", () => {
  test("removes what is chosen", async () => {
    const { request, asked } = openLetters(good({ ok: true, dropped: 4 }));
    const response = await request("/v1/dead-letters?reason=type", { method: "DELETE" });
    assert.deepEqual([response.status, await response.json()], [200, { dropped: 4 }]);
    assert.deepEqual(asked(), [{ kind: "letters.drop", reason: "type" }]);
  });

  test("is not for who may only read", async () => {
    const tokens = tokensOf({ token: "t".repeat(20) }).map((grant) => ({
      ...grant,
      scopes: ["read"] as const,
    }));
    const { request, replay } = openLetters(good(someLetters()), { tokens });
    const headers = { authorization: `Bearer ${"t".repeat(20)}` };
    assert.equal((await request("/v1/dead-letters", { headers })).status, 200);
    assert.equal((await request("/v1/dead-letters", { method: "DELETE", headers })).status, 403);
    assert.equal((await replay({}, headers)).status, 403);
  });
});

test("metrics have letters by dataset and reason, and none while their keeper does not answer", async () => {
  let answer: AskResult<unknown> = good(
    someLetters({ counts: [{ dataset: "compression_telemetry", reason: "bound", letters: 11 }] }),
  );
  const render = createMetricsText({
    ask: async <T>(_to: string, { kind }: Message) =>
      (kind === "letters.list" ? answer : closed) as AskResult<T>,
    status: () => statusOf({ "dead-letters": "running" }),
    ledger: () => [],
    clock: new VirtualClock(),
    feed: {
      subscribe: () => assert.fail(),
      clients: () => [],
      totals: () => ({ sentRows: 0, sentBytes: 0, droppedRows: 0 }),
      close: () => {},
    },
  });
  const lines = (await render()).split("\n");
  for (const line of [
    'millrace_dead_letter_rows{dataset="compression_telemetry",reason="bound"} 11',
    'millrace_dead_letter_rows{dataset="compression_telemetry",reason="type"} 0',
    "millrace_dead_letter_rows_forgotten_total 3",
  ])
    assert.ok(lines.includes(line), line);
  answer = closed;
  assert.ok(!/dead_letter_rows\{/.test(await render()));
});

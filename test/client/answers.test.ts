/** What the client makes of what it is answered. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchResult, Drop } from "../../client/index.ts";
import { answer, openClient, refusal, taken } from "./fake-server.ts";
import { NONE } from "./stats.ts";

test("what is the sender's fault is given up at once, and its reason told", async () => {
  for (const status of [400, 401, 403, 404, 413, 415]) {
    const drops: Drop[] = [];
    const { client, sent, pass } = openClient(() => refusal(status, {}, "the reason"), {
      onDrop: (drop) => drops.push(drop),
    });
    for (let a = 0; a < 3; a++) client.send({ a });
    await pass(1000);
    await pass(60_000);
    assert.equal(sent.length, 1);
    assert.deepEqual(drops, [{ reason: "given-up", rows: 3, message: `${status}: the reason` }]);
    assert.equal(client.stats().dropped.givenUp, 3);
  }
});

test("all rows refused is an answer; a key that was used is none", async () => {
  const rejections = [{ row: 0, column: "a", reason: "bound", expected: "less", got: "more" }];
  const results: BatchResult[] = [];
  const { client, pass } = openClient(
    ({ rows }) => answer(0, rows.length, { rejections, reasons: { bound: 2 } }, 422),
    {
      onResult: (result) => results.push(result),
    },
  );
  for (let a = 0; a < 2; a++) client.send({ a });
  await pass(1000);
  assert.deepEqual(client.stats(), { ...NONE, offered: 2, sent: 2, rejected: 2 });
  assert.deepEqual(results[0]?.rejections, rejections);
  assert.deepEqual(results[0]?.reasons, { bound: 2 });

  const drops: Drop[] = [];
  const other = openClient(() => refusal(422, {}, "another body"), { onDrop: (drop) => drops.push(drop) });
  other.client.send({ a: 1 });
  await other.pass(1000);
  assert.equal(drops[0]?.message, "422: another body");
});

test("an answer that is none of Millrace's is not believed", async () => {
  const others = [answer(5), answer(0, 0), new Response("{}"), new Response("<html>", { status: 404 })];
  for (const response of others) {
    const { client, pass } = openClient(() => response);
    client.send({ a: 1 });
    await pass(1000);
    assert.deepEqual(client.stats(), { ...NONE, offered: 1, dropped: { ...NONE.dropped, givenUp: 1 } });
  }
});

test("a refusal that somebody else has written is one, too", async () => {
  for (const [text, message] of [
    ["<html>", "422"],
    ["null", "422"],
    ["{}", "422"],
    [`{"detail":"${"x".repeat(1000)}"}`, `422: ${"x".repeat(300)}`],
  ] as const) {
    const drops: Drop[] = [];
    const { client, sent, pass } = openClient(() => new Response(text, { status: 422 }), {
      onDrop: (drop) => drops.push(drop),
    });
    client.send({ a: 1 });
    await pass(1000);
    await pass(60_000);
    assert.equal(sent.length, 1, text.slice(0, 20));
    assert.deepEqual(drops, [{ reason: "given-up", rows: 1, message }]);
  }
});

test("no more is read of an answer than Millrace could say", async () => {
  let read = 0;
  const chunk = new Uint8Array(2 ** 16).fill(0x20);
  const { client, sent, pass } = openClient((one, number) => {
    if (number > 1) return taken(one, number);
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(chunk);
        if (++read === 100) controller.close();
      },
    });
    return new Response(body, { status: 502, headers: { "content-length": String(100 * chunk.length) } });
  });
  client.send({ a: 1 });
  await pass(1000);
  for (let turn = 0; turn < 100 && sent.length < 2; turn++) await pass(125);
  assert.equal(client.stats().accepted, 1);
  // A chunk may be read ahead.
  assert.ok(read <= 18, `${read} chunks`);
});

/** When rows leave, with which others, and what of them: until the client is closed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchResult, Drop } from "../../client/index.ts";
import { answer, openClient, refusal, settle, silent, taken, URL_OF_SERVER } from "./fake-server.ts";
import { balanced, NONE } from "./stats.ts";

test("rows leave together, in order, when the oldest has waited for the flush interval", async () => {
  const results: BatchResult[] = [];
  const { client, sent, pass } = openClient(taken, {
    token: "a-token",
    onResult: (result) => results.push(result),
  });
  assert.equal(client.send({ a: 1 }), true);
  await pass(600);
  assert.equal(client.send({ a: 2 }), true);
  await pass(399);
  assert.equal(sent.length, 0);
  await pass(1);
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.url, `${URL_OF_SERVER}/v1/ingest/compression_telemetry?ack=disk`);
  assert.equal(sent[0]?.headers["content-type"], "application/msgpack");
  assert.equal(sent[0]?.headers["authorization"], "Bearer a-token");
  assert.match(sent[0]?.key ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual(sent[0]?.rows, [{ a: 1 }, { a: 2 }]);
  assert.deepEqual(client.stats(), { ...NONE, offered: 2, sent: 2, accepted: 2 });
  assert.deepEqual(results, [
    { rows: 2, accepted: 2, rejected: 0, rejections: [], reasons: {}, attempts: 1 },
  ]);
});

test("a full batch leaves at once, but not in the caller's turn; what is over waits", async () => {
  const { client, sent, pass } = openClient(taken, { batchRows: 3 });
  for (let a = 0; a < 7; a++) client.send({ a });
  assert.equal(sent.length, 0);
  await pass(0);
  assert.deepEqual(
    sent.map(({ rows }) => rows.length),
    [3, 3],
  );
  await pass(1000);
  assert.deepEqual(sent[2]?.rows, [{ a: 6 }]);
  assert.equal(new Set(sent.map(({ key }) => key)).size, 3);
});

test("one batch is on its way at a time", async () => {
  const open: (() => void)[] = [];
  const { client, sent, pass } = openClient(
    ({ rows }) => new Promise((resolve) => open.push(() => resolve(answer(rows.length)))),
    { batchRows: 2 },
  );
  for (let a = 0; a < 6; a++) client.send({ a });
  await pass(5000);
  assert.equal(sent.length, 1);
  open[0]?.();
  await settle();
  assert.equal(sent.length, 2);
  assert.equal(client.stats().buffered, 4);
});

test("a row is sent as it was when it was given", async () => {
  const { client, sent, pass } = openClient(taken);
  const row = { a: 1 };
  client.send(row);
  row.a = 2;
  await pass(1000);
  assert.deepEqual(sent[0]?.rows, [{ a: 1 }]);
});

test("flush sends what waits, and waits for the rows that were taken before it alone", async () => {
  const open: (() => void)[] = [];
  const { client, sent } = openClient(
    ({ rows }) => new Promise((resolve) => open.push(() => resolve(answer(rows.length)))),
    { batchRows: 2 },
  );
  await client.flush();
  for (let a = 0; a < 3; a++) client.send({ a });
  let isFlushed = false;
  const flushed = client.flush().then(() => {
    isFlushed = true;
  });
  client.send({ a: 3 });
  await settle();
  open[0]?.();
  await settle();
  assert.equal(isFlushed, false);
  open[1]?.();
  await flushed;
  assert.equal(sent.length, 2);
});

test("close sends what is left, and takes nothing more", async () => {
  const drops: Drop[] = [];
  const { client, sent } = openClient(taken, { onDrop: (drop) => drops.push(drop) });
  client.send({ a: 1 });
  const closing = client.close();
  assert.equal(client.send({ a: 2 }), false);
  await closing;
  assert.deepEqual(sent[0]?.rows, [{ a: 1 }]);
  assert.equal(client.close(), closing, "it is closed once");
  assert.deepEqual(
    drops.map(({ reason, rows }) => [reason, rows]),
    [["closed", 1]],
  );
  assert.ok(balanced(client.stats()));
});

test("close gives up what does not leave in time", async () => {
  const drops: Drop[] = [];
  const { client, sent, pass } = openClient(silent, { batchRows: 2, onDrop: (drop) => drops.push(drop) });
  for (let a = 0; a < 5; a++) client.send({ a });
  let isClosed = false;
  const closing = client.close({ withinMs: 300 }).then(() => {
    isClosed = true;
  });
  await pass(299);
  assert.equal(isClosed, false);
  await pass(1);
  await closing;
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.signal.aborted, true);
  assert.deepEqual(client.stats(), { ...NONE, offered: 5, dropped: { ...NONE.dropped, givenUp: 5 } });
  assert.equal(
    drops.reduce((sum, { rows }) => sum + rows, 0),
    5,
  );
});

test("close does not wait out a long pause between retries", async () => {
  let isBack = false;
  const { client, pass } = openClient((one, number) =>
    isBack ? taken(one, number) : refusal(503, { "retry-after": "60" }),
  );
  client.send({ a: 1 });
  await pass(1000);
  isBack = true;
  await client.close();
  assert.equal(client.stats().accepted, 1);
});

test("close ends in time, also when nothing hears that the request is given up", async () => {
  const { client, sent, pass } = openClient(() => new Promise(() => {}));
  client.send({ a: 1 });
  await pass(1000);
  assert.equal(sent.length, 1);
  const closing = client.close({ withinMs: 300 });
  await pass(300);
  await closing;
  assert.equal(client.stats().dropped.givenUp, 1);
});

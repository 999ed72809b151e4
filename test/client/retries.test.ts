/** When a request is sent again, and what of it stays the same. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Drop } from "../../client/index.ts";
import {
  type Answering,
  answer,
  openClient,
  refusal,
  type Sent,
  settle,
  silent,
  taken,
} from "./fake-server.ts";
import { balanced, NONE } from "./stats.ts";
import { unpacked } from "./unpack.ts";

test("what may do better later is sent again, the same bytes under the same key", async () => {
  const failing: readonly Answering[] = [
    () => refusal(408),
    () => refusal(429),
    () => refusal(500),
    () => refusal(503),
    () => Promise.reject(new Error("no route")),
    () => new Response("cut off {", { status: 202 }),
  ];
  for (const fail of failing) {
    const { client, sent, pass } = openClient((one, number) =>
      number < 3 ? fail(one, number) : taken(one, number),
    );
    client.send({ a: 1 });
    await pass(1000);
    assert.equal(sent.length, 1);
    // Half of 250 ms, then half of 500 ms: `random` says 0.5.
    await pass(124);
    assert.equal(sent.length, 1);
    await pass(1);
    assert.equal(sent.length, 2);
    await pass(250);
    assert.equal(sent.length, 3);
    assert.equal(new Set(sent.map(({ key }) => key)).size, 1);
    assert.equal(new Set(sent.map(({ body }) => body.join())).size, 1);
    assert.deepEqual(client.stats(), { ...NONE, offered: 1, sent: 1, accepted: 1, retries: 2 });
  }
});

test("the time between retries grows to half a minute, and no further", async () => {
  const { client, sent, pass } = openClient(() => refusal(503), { random: () => 1 - 2 ** -30 });
  client.send({ a: 1 });
  await pass(1000);
  for (const waitMs of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = sent.length;
    await pass(waitMs - 1);
    assert.equal(sent.length, before);
    await pass(1);
    assert.equal(sent.length, before + 1);
  }
});

test("Retry-After is kept to, in seconds or as a date", async () => {
  for (const [header, waitMs] of [
    ["7", 7000],
    ["Thu, 01 Jan 2026 00:00:11 GMT", 10_000],
    ["soon", 0],
    ["Thu, 01 Jan 2020 00:00:00 GMT", 0],
  ] as const) {
    const { client, sent, pass } = openClient(
      (one, number) => (number === 1 ? refusal(429, { "retry-after": header }) : taken(one, number)),
      { random: () => 0 },
    );
    client.send({ a: 1 });
    await pass(1000);
    await pass(Math.max(0, waitMs - 1));
    assert.equal(sent.length, waitMs === 0 ? 2 : 1, header);
    await pass(1);
    assert.equal(sent.length, 2, header);
  }
});

test("a batch is given up when its time is over, and the next one begins anew", async () => {
  const drops: Drop[] = [];
  const { client, sent, pass } = openClient(() => refusal(503), {
    ...{ maxRetryMs: 1000, batchRows: 1, random: () => 1 - 2 ** -30 },
    onDrop: (drop) => drops.push(drop),
  });
  client.send({ a: 1 });
  client.send({ a: 2 });
  for (let step = 0; step < 50; step++) await pass(100);
  // After 250 and 500 ms; another one would be at 1750.
  assert.deepEqual(
    sent.map(({ rows }) => rows[0]),
    [{ a: 1 }, { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }, { a: 2 }],
  );
  assert.deepEqual(drops[0], { reason: "given-up", rows: 1, message: "503: why; given up after 3 attempts" });
  assert.ok(balanced(client.stats()));
});

test("a request that is not answered is given up in time, and sent again", async () => {
  const { client, sent, pass } = openClient(
    (one, number) => (number === 1 ? silent(one, 1) : taken(one, number)),
    {
      requestTimeoutMs: 2000,
    },
  );
  client.send({ a: 1 });
  await pass(1000);
  await pass(1999);
  assert.equal(sent[0]?.signal.aborted, false);
  await pass(1);
  assert.equal(sent[0]?.signal.aborted, true);
  await pass(125);
  assert.equal(client.stats().accepted, 1);
});

test("gzip says so, and stays the same over retries", async () => {
  const { client, sent, pass } = openClient((_, number) => (number === 1 ? refusal(503) : answer(2)), {
    gzip: true,
  });
  client.send({ a: "\u00fc" });
  client.send({ a: 2 });
  await pass(1000);
  // Compressing takes turns of the runtime's own.
  while (sent.length === 0) await settle();
  await pass(125);
  while (client.stats().sent === 0) await settle();
  assert.equal(sent.length, 2);
  assert.equal(sent[0]?.headers["content-encoding"], "gzip");
  assert.deepEqual(unpacked(gunzipSync(sent[0]!.body)), [{ a: "\u00fc" }, { a: 2 }]);
  assert.deepEqual(sent[1]?.body, sent[0]?.body);
});

test("an answer that never ends is given up in time, also where the runtime has forgotten the signal", async () => {
  let given = 0;
  const endless = (headers = {}) => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"accepted":1,')),
      cancel: () => void given++,
    });
    return new Response(body, { status: 202, headers });
  };
  for (const [late, cancelled] of [
    // The answer has begun; it begins only after its time; it never does; it says how short it is.
    [() => endless(), 1],
    [
      ({ signal }: Sent) =>
        new Promise<Response>((resolve) => signal.addEventListener("abort", () => resolve(endless()))),
      1,
    ],
    [() => new Promise<Response>(() => {}), 0],
    [() => endless({ "content-length": "100" }), 0],
  ] as const) {
    given = 0;
    const { client, sent, pass } = openClient(
      (one, number) => (number === 1 ? late(one) : taken(one, number)),
      {
        requestTimeoutMs: 2000,
      },
    );
    client.send({ a: 1 });
    await pass(1000);
    await pass(1999);
    assert.equal(given, 0);
    await pass(1);
    assert.equal(given, cancelled, "nothing is read on");
    await pass(125);
    assert.equal(sent.length, 2);
    assert.deepEqual(client.stats(), { ...NONE, offered: 1, sent: 1, accepted: 1, retries: 1 });
  }
});

/** Nothing is thrown into the program, and every row is accounted for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Drop } from "../../client/index.ts";
import { answer, openClient, refusal, settle, taken } from "./fake-server.ts";
import { balanced } from "./stats.ts";

test("send takes anything, and throws nothing", async () => {
  const drops: Drop[] = [];
  const { client, sent, pass } = openClient(taken, { onDrop: (drop) => drops.push(drop) });
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const hostile = [
    null,
    undefined,
    1,
    "text",
    [1],
    () => 1,
    Symbol("s"),
    circular,
    {
      get a() {
        throw new Error("a getter");
      },
    },
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("a proxy");
        },
      },
    ),
    { toJSON: () => "text" },
    { toJSON: () => undefined },
    { long: "x".repeat(2 ** 20) },
  ];
  for (const row of hostile) assert.equal(client.send(row as never), false);
  assert.equal(client.send({ id: 12n, nested: { id: -3n } }), true);
  await pass(1000);
  assert.deepEqual(sent[0]?.rows, [{ id: "12", nested: { id: "-3" } }]);
  const stats = client.stats();
  assert.equal(stats.dropped.bad, hostile.length);
  assert.ok(balanced(stats));
  assert.deepEqual(
    drops.map(({ reason, rows }) => [reason, rows]),
    [["bad", hostile.length]],
  );
});

test("callbacks that throw, or reject, are counted", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  const { client, pass } = openClient(taken, { onResult: boom, onDrop: (async () => boom()) as never });
  client.send({ a: 1 });
  client.send(1 as never);
  await pass(1000);
  assert.equal(client.stats().callbackErrors, 2);
  assert.equal(client.stats().accepted, 1);
});

test("what the program hands in may throw", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  const sampled = openClient(taken, { samplingRate: 0.5, random: boom });
  assert.equal(sampled.client.send({ a: 1 }), false);
  const retried = openClient(() => refusal(503), { random: boom });
  retried.client.send({ a: 1 });
  await retried.pass(1000);
  const broken = openClient(taken, { fetch: boom as never, maxRetryMs: 0 });
  broken.client.send({ a: 1 });
  await broken.pass(1000);
  for (const { client } of [sampled, retried, broken]) assert.ok(balanced(client.stats()));
  assert.equal(retried.client.stats().dropped.givenUp, 1);
  assert.equal(broken.client.stats().dropped.givenUp, 1);
});

test("every row is accounted for, whatever happens", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), rows: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 3000 }) }),
    fc.record({ kind: fc.constant("flush" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 15 }),
      fc.infiniteStream(fc.nat({ max: 4 })),
      async (steps, fates) => {
        const seen: number[] = [];
        const { client, pass } = openClient(
          (one) => {
            const fate = fates.next().value;
            if (fate === 0) return refusal(503);
            if (fate === 1) return refusal(400);
            if (fate === 2) return Promise.reject(new Error("gone"));
            for (const row of one.rows) seen.push((row as { readonly n: number }).n);
            return answer(one.rows.length);
          },
          { batchRows: 4, maxBufferedRows: 10, maxRetryMs: 2000 },
        );
        let n = 0;
        for (const one of steps) {
          if (one.kind === "send") for (let row = 0; row < one.rows; row++) client.send({ n: n++ });
          else if (one.kind === "pass") await pass(one.ms);
          else void client.flush();
          assert.ok(balanced(client.stats()), JSON.stringify(client.stats()));
          assert.ok(client.stats().buffered <= 10);
        }
        const closing = client.close({ withinMs: 1000 });
        await settle();
        await pass(500);
        await pass(500);
        await closing;
        const stats = client.stats();
        assert.ok(balanced(stats));
        assert.equal(stats.buffered, 0);
        assert.equal(stats.accepted, seen.length);
        assert.deepEqual(
          seen,
          seen.toSorted((a, b) => a - b),
        );
      },
    ),
    { seed: 20_261_122, numRuns: 60 },
  );
});

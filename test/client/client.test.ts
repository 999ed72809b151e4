import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { type BatchResult, type ClientStats, createClient, type Drop } from "../../client/index.ts";
import {
  type Answering,
  answer,
  openClient,
  refusal,
  settle,
  silent,
  taken,
  URL_OF_SERVER,
} from "./fake-server.ts";
import { unpacked } from "./unpack.ts";

const NONE: ClientStats = {
  ...{ offered: 0, sent: 0, accepted: 0, rejected: 0, buffered: 0, retries: 0, callbackErrors: 0 },
  dropped: { full: 0, givenUp: 0, bad: 0, closed: 0, notSampled: 0, disabled: 0 },
};

function balanced({ offered, sent, buffered, dropped }: ClientStats): boolean {
  return offered === sent + buffered + Object.values(dropped).reduce((sum, rows) => sum + rows, 0);
}

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

test("a row is sent as it was when it was given", async () => {
  const { client, sent, pass } = openClient(taken);
  const row = { a: 1 };
  client.send(row);
  row.a = 2;
  await pass(1000);
  assert.deepEqual(sent[0]?.rows, [{ a: 1 }]);
});

test("when the buffer is full the newest rows are dropped, counted and told of together", async () => {
  const drops: Drop[] = [];
  const { client, sent, pass } = openClient(silent, {
    ...{ maxBufferedRows: 5, batchRows: 3, requestTimeoutMs: 3_600_000 },
    onDrop: (drop) => drops.push(drop),
  });
  for (let a = 0; a < 8; a++) assert.equal(client.send({ a }), a < 5);
  await pass(999);
  assert.deepEqual(sent[0]?.rows, [{ a: 0 }, { a: 1 }, { a: 2 }]);
  // Those on their way take room as well.
  assert.equal(client.send({ a: 9 }), false);
  assert.deepEqual(drops, []);
  await pass(1);
  assert.deepEqual(
    drops.map(({ reason, rows }) => [reason, rows]),
    [["full", 4]],
  );
  assert.deepEqual(client.stats(), {
    ...NONE,
    offered: 9,
    buffered: 5,
    dropped: { ...NONE.dropped, full: 4 },
  });
});

test("bytes are bounded as rows are, and come free when a batch is settled", async () => {
  const row = { a: "x".repeat(90) };
  // Heads of the map, the name and the text, and these.
  const length = 5 + 2 + 5 + 90;
  const { client, pass } = openClient(taken, { maxBufferedBytes: 3 * length });
  for (let round = 0; round < 5; round++) {
    for (let a = 0; a < 4; a++) assert.equal(client.send(row), a < 3);
    await pass(1000);
  }
  assert.deepEqual(client.stats().dropped, { ...NONE.dropped, full: 5 });
  assert.equal(client.stats().accepted, 15);
});

test("a batch is bounded by its bytes too", async () => {
  const { client, sent, pass } = openClient(taken);
  for (let a = 0; a < 5; a++) client.send({ long: "x".repeat(400_000) });
  // The first is whole, and leaves at once.
  await pass(0);
  assert.equal(sent.length, 1);
  await pass(1000);
  assert.deepEqual(
    sent.map(({ rows }) => rows.length),
    [3, 2],
  );
});

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

test("samplingRate is the chance of each row", () => {
  let next = 0;
  const numbers = [0, 0.24, 0.25, 0.9, 0.1, 1 - 2 ** -30];
  const { client } = openClient(taken, {
    samplingRate: 0.25,
    random: () => numbers[next++ % numbers.length]!,
  });
  const kept = numbers.map(() => client.send({ a: 1 }));
  assert.deepEqual(kept, [true, true, false, false, true, false]);
  assert.equal(client.stats().dropped.notSampled, 3);
  const none = openClient(taken, { samplingRate: 0, random: () => 0 });
  assert.equal(none.client.send({ a: 1 }), false);
  const all = openClient(taken, { samplingRate: 1, random: () => 1 });
  assert.equal(all.client.send({ a: 1 }), true);
});

test("a client that is not enabled does nothing", async () => {
  const { client, sent, pass } = openClient(taken, { enabled: false });
  assert.equal(client.send({ a: 1 }), false);
  await pass(10_000);
  await client.flush();
  await client.close();
  assert.equal(sent.length, 0);
  assert.deepEqual(client.stats(), { ...NONE, offered: 1, dropped: { ...NONE.dropped, disabled: 1 } });
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

test("wrong options throw when the client is made, and name themselves", () => {
  const good = { url: URL_OF_SERVER, dataset: "memory" };
  for (const [name, value] of [
    ["url", "server:8787"],
    ["url", "ftp://server"],
    ["url", "http://user:secret@server"],
    ["url", undefined],
    ["dataset", "../x"],
    ["dataset", ""],
    ["token", "two words"],
    ["enabled", "yes"],
    ["batchRows", 0],
    ["batchRows", 50_001],
    ["flushIntervalMs", 1.5],
    ["samplingRate", 1.1],
    ["samplingRate", Number.NaN],
    ["maxBufferedRows", -1],
    ["acknowledge", "none"],
    ["gzip", 1],
    ["onDrop", 1],
    ["batchSize", 1],
  ] as const) {
    assert.throws(
      () => createClient({ ...good, [name]: value } as never),
      (error: unknown) =>
        error instanceof TypeError && error.message.includes(name) && !error.message.includes("secret"),
      name,
    );
  }
});

test("a path in front of the server's addresses is kept", async () => {
  for (const url of ["https://host/millrace", "https://host/millrace/"]) {
    const { client, sent } = openClient(taken, { url, acknowledge: "memory" });
    client.send({ a: 1 });
    await client.flush();
    assert.equal(sent[0]?.url, "https://host/millrace/v1/ingest/compression_telemetry?ack=memory");
  }
});

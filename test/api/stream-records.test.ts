/** Rows followed from a program: over connections that break, with a server that a test makes up and with a real one. */

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { ledgerOf } from "../../actors/house/places.ts";
import { readLedger } from "../../actors/ledger.ts";
import { connectStore } from "../../api/remote.ts";
import { type StreamRecord, StreamRefused, streamRecords } from "../../api/stream-records.ts";
import type { Notice } from "../../datasets/records/format.ts";
import { startHttp } from "../../http/serve.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { defaultSettings } from "../../settings.ts";
import { buildHouse, houseOptions, pushSynthetic, temporaryFolder, until } from "../e2e/support.ts";
import { describe, test } from "../fixtures/flat-test.ts";

interface Asked {
  readonly url: string;
  readonly lastEventId: string | undefined;
  readonly authorization: string | undefined;
}

/** A server whose answers, one for each request, a test writes. */
async function openServer(t: TestContext, answers: readonly ((response: ServerResponse) => void)[]) {
  const asked: Asked[] = [];
  const server: Server = createServer((request: IncomingMessage, response) => {
    const { "last-event-id": lastEventId, authorization } = request.headers;
    asked.push({ url: request.url ?? "", lastEventId: lastEventId as string | undefined, authorization });
    const answer = answers[asked.length - 1];
    if (answer === undefined) response.destroy();
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, server };
}

const event = (id: number, dataset = "memory") =>
  `event: ${dataset}\nid: ${id}\ndata: {"dataset":"${dataset}","sequence":${id},"value":${id * 2}}\n\n`;

function events(...blocks: readonly string[]) {
  return (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`: millrace\nretry: 1\n\n${blocks.join("")}`);
  };
}

/** A clock whose time passes by itself, as fast as anybody waits for it. */
function hastyClock(): VirtualClock {
  const clock = new VirtualClock();
  const { after } = clock;
  clock.after = (delayMs, callback) => {
    const timer = after.call(clock, delayMs, callback);
    // Not the watch over silence.
    if (delayMs <= 5000) setTimeout(() => clock.advance(delayMs), 0);
    return timer;
  };
  return clock;
}

async function take(records: AsyncIterable<StreamRecord>, count: number): Promise<number[]> {
  const taken: number[] = [];
  for await (const { sequence } of records) {
    taken.push(sequence);
    if (taken.length === count) break;
  }
  return taken;
}

describe("streamRecords", () => {
  test("gives records, and asks again behind the last one when the connection breaks", async (t) => {
    const { url, asked } = await openServer(t, [
      events(event(7), event(8)),
      (response) => response.destroy(),
      events(`event: ended\ndata: {"reason":"full"}\n\n`),
      events(event(9), event(10)),
    ]);
    const options = {
      datasets: ["memory"],
      since: "-15m",
      where: "a > 1",
      columns: ["a", "b"],
      token: "secret",
    };
    const records = streamRecords(url, { ...options, clock: hastyClock() });
    assert.deepEqual(await take(records, 4), [7, 8, 9, 10]);
    const query = "whenFull=disconnect&since=-15m&where=a+%3E+1&columns=a%2Cb";
    assert.deepEqual(
      asked.map(({ url: address, lastEventId }) => [address, lastEventId]),
      [undefined, "8", "8", "8"].map((id) => [`/v1/streams/memory?${query}`, id]),
    );
    assert.ok(asked.every(({ authorization }) => authorization === "Bearer secret"));
  });

  test("where it stands without a record yet counts as well", async (t) => {
    const { url, asked } = await openServer(t, [
      events("id: 6\n\n"),
      events(": still here\nid: 9\n\n"),
      events(event(12)),
    ]);
    assert.deepEqual(await take(streamRecords(url, { datasets: ["memory"], clock: hastyClock() }), 1), [12]);
    assert.deepEqual(
      asked.map(({ lastEventId }) => lastEventId),
      [undefined, "6", "9"],
    );
  });

  test("of several datasets, or all, it is one stream", async (t) => {
    const answer = events(event(1), event(1, "process"));
    const { url, asked } = await openServer(t, [answer, answer]);
    const clock = hastyClock();
    const seen: unknown[] = [];
    for await (const record of streamRecords(url, { datasets: ["memory", "process"], clock })) {
      seen.push(record);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [
      { dataset: "memory", sequence: 1, value: 2 },
      { dataset: "process", sequence: 1, value: 2 },
    ]);
    await take(streamRecords(url, { since: new Date(0), clock }), 1);
    assert.deepEqual(
      asked.map((one) => one.url),
      [
        "/v1/streams/all?whenFull=disconnect&datasets=memory%2Cprocess",
        "/v1/streams/all?whenFull=disconnect&since=1970-01-01T00%3A00%3A00.000Z",
      ],
    );
  });

  test("notices are told aside", async (t) => {
    const notice = { notice: "gap", dataset: "memory", rows: 3, next: 5 };
    const { url } = await openServer(t, [
      events(`event: gap\ndata: ${JSON.stringify(notice)}\n\n`, event(5)),
    ]);
    const told: Notice[] = [];
    const records = streamRecords(url, { onNotice: (one) => told.push(one), clock: hastyClock() });
    assert.deepEqual(await take(records, 1), [5]);
    assert.deepEqual(told, [notice]);
  });

  test("what cannot be had is thrown, and what may pass only at the beginning", async (t) => {
    const problem = (status: number, code: string, reason?: string) => (response: ServerResponse) => {
      const body = { type: `urn:millrace:problem:${code}`, detail: "because", ...(reason && { reason }) };
      response.writeHead(status, { "content-type": "application/problem+json" });
      response.end(JSON.stringify(body));
    };
    const busy = problem(503, "too-many", "too-many");
    for (const [answers, reason, count] of [
      [[problem(404, "unknown-dataset", "unknown-dataset")], "unknown-dataset", 0],
      [[problem(401, "token-needed")], "denied", 0],
      [[busy], "too-many", 0],
      [[events(event(1)), busy, events(event(2)), problem(400, "bad-filter", "bad-filter")], "bad-filter", 2],
    ] as const) {
      const { url } = await openServer(t, answers);
      let taken = 0;
      const all = async () => {
        for await (const _ of streamRecords(url, { clock: hastyClock() })) taken++;
      };
      await assert.rejects(all, (error) => error instanceof StreamRefused && error.reason === reason);
      assert.equal(taken, count);
    }
    const { url, server } = await openServer(t, []);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await assert.rejects(take(streamRecords(url), 1), { name: "StreamRefused", reason: "unreachable" });
    assert.throws(() => streamRecords("ftp://127.0.0.1"), TypeError);
  });

  test("a signal ends it without an error, while it reads and while it waits", async (t) => {
    const reading = new AbortController();
    const open = await openServer(t, [
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(event(1));
      },
    ]);
    const seen: number[] = [];
    for await (const { sequence } of streamRecords(open.url, { signal: reading.signal })) {
      seen.push(sequence);
      reading.abort();
    }
    assert.deepEqual(seen, [1]);
    const waiting = new AbortController();
    const { url, asked } = await openServer(t, [events(event(1))]);
    // Time stands still: it waits before it connects again.
    const rest = take(streamRecords(url, { signal: waiting.signal, clock: new VirtualClock() }), 2);
    // More than twice where the runtime's fetch tries again by itself.
    await until("it was asked in vain", () => asked.length >= 2);
    waiting.abort();
    assert.deepEqual(await rest, [1]);
  });

  test("a server that says nothing for too long is taken for gone", async (t) => {
    const clock = new VirtualClock();
    const { url, asked } = await openServer(t, [
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(event(1));
      },
      events(event(2)),
    ]);
    const seen: number[] = [];
    const following = (async () => {
      for await (const { sequence } of streamRecords(url, { clock })) {
        seen.push(sequence);
        if (seen.length === 2) break;
      }
    })();
    // Only then may time pass: what is on its way comes as fast as the host lets it.
    await until("it waits for more", () => seen.length === 1 && clock.nextDueMs() !== undefined);
    clock.advance(44_999);
    assert.notEqual(clock.nextDueMs(), undefined);
    assert.equal(asked.length, 1);
    clock.advance(1);
    await following;
    assert.deepEqual(seen, [1, 2]);
    assert.equal(asked.length, 2);
  });
});

test("a real stream goes on over servers that end and come back, without a gap or a double", {
  timeout: 120_000,
}, async (t) => {
  const system = buildHouse(houseOptions(temporaryFolder(t)));
  assert.ok((await system.start()).ok);
  t.after(() => system.stop());
  const { http, ...settings } = defaultSettings();
  const listen = (port: number) =>
    startHttp({
      settings: { ...settings, http: { ...http, port } },
      system,
      ledger: () => readLedger(system.memory, ledgerOf(system)),
    });
  let server = await listen(0);
  const { port, url } = server;
  t.after(() => server.close());
  const client = connectStore({ url });
  t.after(() => client.close());

  const seen: StreamRecord[] = [];
  const stop = new AbortController();
  const following = (async () => {
    const options = { datasets: ["optimization"], since: 0, signal: stop.signal };
    for await (const record of client.startStream(options)) seen.push(record);
  })();
  const push = async (from: number, count: number) => {
    const pushed = await pushSynthetic(
      system,
      Array.from({ length: count }, (_, index) => from + index),
      0,
      60_000,
    );
    assert.ok(pushed.ok && pushed.value.accepted === count, JSON.stringify(pushed));
  };
  for (let round = 0; round < 3; round++) {
    await push(round * 200, 100);
    await until("some have come", () => seen.length > round * 200);
    await server.close();
    await push(round * 200 + 100, 100);
    server = await listen(port);
  }
  await until("all have come", () => seen.length >= 600, 60_000);
  stop.abort();
  await following;
  assert.deepEqual(
    seen.map(({ sequence, duration_ms }) => [sequence, Number(duration_ms)]),
    Array.from({ length: 600 }, (_, id) => [id, id]),
  );
});

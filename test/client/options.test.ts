/** What a client is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../../client/index.ts";
import { openClient, taken, URL_OF_SERVER } from "./fake-server.ts";
import { NONE } from "./stats.ts";

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

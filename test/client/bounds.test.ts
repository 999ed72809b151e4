/** What waits is bounded, by rows and by bytes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Drop } from "../../client/index.ts";
import { RowBuffer } from "../../client/row-buffer.ts";
import { RowWriter } from "../../client/row-writer.ts";
import { openClient, silent, taken } from "./fake-server.ts";
import { NONE } from "./stats.ts";
import { unpacked } from "./unpack.ts";

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

test("what waits takes little more memory than it is long", () => {
  const held = (batchRows: number, rows: readonly object[], said: string) => {
    const buffer = new RowBuffer(batchRows, 1e6, 2 ** 30);
    for (const row of rows) buffer.add(row);
    const bodies: Uint8Array[] = [];
    for (let batch = buffer.take(); batch !== undefined; batch = buffer.take()) bodies.push(batch.body);
    const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
    const memory = bodies.reduce((sum, { buffer: { byteLength } }) => sum + byteLength, 0);
    assert.ok(bytes > 0 && memory <= bytes * (4 / 3), `${said}: ${memory} bytes for ${bytes}`);
  };
  const short = Array.from({ length: 3000 }, (_, a) => ({ a, b: "text" }));
  for (const batchRows of [1, 2, 1000, 2999]) held(batchRows, short, `batches of ${batchRows}`);
  held(1000, [...short, { long: "x".repeat(300_000) }, { a: 1 }], "a long one at the end");
  // Together they are far too long, and the first to be so ends it.
  const long = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`n${n}`, "x".repeat(2 ** 20 - 20)]));
  held(1000, [{ a: 1 }, long, { a: 2 }], "one that was too long");
});

test("a row is not written far beyond its bound before it is refused", () => {
  const writer = new RowWriter();
  const read: string[] = [];
  const row = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`n${n}`, ""]));
  for (const name of Object.keys(row)) {
    Object.defineProperty(row, name, {
      enumerable: true,
      get() {
        read.push(name);
        return "x".repeat(2 ** 19);
      },
    });
  }
  assert.equal(writer.tryFlat(row), false);
  assert.equal(writer.written, 0);
  assert.ok(read.length <= 3, read.join());
});

test("names that are very long are not remembered, and rows with them are sent", async () => {
  const { client, sent, pass } = openClient(taken);
  const rows = Array.from({ length: 3 }, (_, n) => ({ [`${n}${"n".repeat(20_000)}`]: n, a: 1 }));
  for (const row of rows) assert.equal(client.send(row), true);
  await pass(1000);
  assert.deepEqual(sent[0]?.rows, rows);
  assert.equal(new RowWriter().tryFlat(rows[0]!), false);
});

test("a row that there was no memory for leaves nothing behind", (t) => {
  const { encodeInto } = TextEncoder.prototype;
  t.after(() => {
    TextEncoder.prototype.encodeInto = encodeInto;
  });
  const buffer = new RowBuffer(10, 10, 2 ** 30);
  TextEncoder.prototype.encodeInto = () => {
    throw new RangeError("no memory");
  };
  assert.throws(() => buffer.add({ a: { b: 1 } }), RangeError);
  TextEncoder.prototype.encodeInto = encodeInto;
  assert.equal(buffer.add({ a: 1 }), "added");
  assert.deepEqual(unpacked(buffer.take()!.body), [{ a: 1 }]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import { readFacts, readTable, type TableRead, tooLarge } from "../../../actors/analyst/table-reader.ts";
import { process } from "../../../datasets/process.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { FakeStore } from "./fake-store.ts";

const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
const columns = ["pid", "cpu_percent"];

function newRead(): TableRead {
  return { need: { table: "process", columns, ...EVER }, rows: 0, bytes: 0, groups: 0 };
}

test("gives streams of a bounded size with the chosen columns, and counts them", () => {
  const store = new FakeStore();
  const rows = store.fill(process, [40_000, 3, 30_000]);
  const read = newRead();
  const streams = [...readTable(process, store.take(process, EVER), read)].filter(
    (stream) => stream !== undefined,
  );
  assert.equal(streams.length, 3);
  const tables = streams.map((stream) => tableFromIPC(stream));
  assert.ok(tables.every(({ schema }) => schema.names.join() === columns.join()));
  const pids = tables.flatMap((table) => [...table.getChild("pid")!]);
  assert.deepEqual(
    pids,
    rows.map(({ pid }) => pid),
  );
  assert.deepEqual([read.rows, read.groups], [70_003, 0]);
  assert.equal(
    read.bytes,
    streams.reduce((sum, { byteLength }) => sum + byteLength, 0),
  );
  assert.ok(streams.every((stream) => stream.byteLength === stream.buffer.byteLength));
});

test("has taken all of a batch when it gives the first of it: others may read to where it lies", () => {
  const store = new FakeStore();
  const rows = store.fill(process, [70_000]);
  let batch: PublicBatch | undefined;
  const snapshot = store.take(process, EVER);
  const watched = {
    ...snapshot,
    *parts() {
      for (const part of snapshot.parts()) {
        if (part?.kind === "rows") batch = part.batch;
        yield part;
      }
    },
  };
  const pids: unknown[] = [];
  for (const stream of readTable(process, watched, newRead())) {
    if (stream === undefined) continue;
    pids.push(...tableFromIPC(stream).getChild("pid")!);
    batch!.views.u8.fill(0);
  }
  assert.deepEqual(
    pids,
    rows.map(({ pid }) => pid),
  );
});

test("says what was read, and what to narrow when it was too much", () => {
  const read = { ...newRead(), rows: 5, bytes: 100, groups: 2 };
  const bounded = { ...read, need: { table: "memory", columns: ["timestamp"], fromMs: 0, toMs: 1000 } };
  assert.deepEqual(readFacts([read, bounded]), {
    rows: 10,
    bytes: 200,
    groups: 4,
    tables: [
      { table: "process", columns, from: null, to: null, rows: 5 },
      {
        table: "memory",
        columns: ["timestamp"],
        from: "1970-01-01T00:00:00.000Z",
        to: "1970-01-01T00:00:01.000Z",
        rows: 5,
      },
    ],
  });
  assert.match(
    tooLarge([read, bounded], 2 ** 20).message,
    /more than 1 MiB: it stopped after 5 rows of process \(pid, cpu_percent\) and 5 rows of memory \(timestamp\); .*WHERE memory.timestamp/,
  );
});

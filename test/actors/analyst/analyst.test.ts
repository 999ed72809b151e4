import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { MAX_QUERIES, QUERY_IDLE_MS } from "../../../actors/analyst/protocol.ts";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { AnalystHouse } from "./analyst-house.ts";

const HOUR_MS = 3_600_000;
const LONG = "SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y)";
const house = new AnalystHouse();

before(async () => {
  const { store } = house;
  // Five hours, three of which go to the lake; one row comes late.
  for (let hour = 0; hour < 5; hour++) {
    const times = Array.from({ length: 60 }, (_, minute) => START_MS + hour * HOUR_MS + minute * 60_000);
    store.append(process, times);
    store.append(memory, times);
  }
  store.compact(process, { before: 0, hourMs: START_MS + 3 * HOUR_MS, hourBefore: 180 });
  store.append(process, [START_MS + 5]);
  await house.start();
  house.count();
});

after(() => house.stop());

test("answers over log and lake together, each row once", async () => {
  const { rows, facts } = await house.answer(
    "SELECT date_trunc('hour', timestamp) AS hour, count(*) AS n, sum(pid) AS pids FROM process GROUP BY 1 ORDER BY 1",
  );
  const { store } = house;
  const expected = [
    ...Map.groupBy(store.rowsOf(process), ({ timeMs }) => Math.floor((timeMs - START_MS) / HOUR_MS)),
  ].map(([hour, own]) => ({
    hour: new Date(START_MS + hour * HOUR_MS).toISOString(),
    n: own.length,
    pids: own.reduce((sum, { row }) => sum + Number(row["pid"]), 0),
  }));
  assert.deepEqual(rows, expected);
  assert.equal(expected[0]!.n, 61);
  assert.deepEqual([facts.read.rows, facts.read.groups], [301, 3]);
});

test("reads only the hours and columns that are needed", async () => {
  const { rows, read } = await house.answer(
    "SELECT count(pid) AS n FROM process WHERE timestamp >= '2026-01-01 01:30:00' AND timestamp < '2026-01-01 02:00:00'",
  );
  assert.deepEqual(rows, [{ n: 30 }]);
  assert.equal(read.groups, 1);
  assert.deepEqual(read.tables, [
    {
      table: "process",
      columns: ["timestamp", "pid"],
      from: "2026-01-01T01:30:00.000Z",
      to: "2026-01-01T02:00:00.000Z",
      rows: 30,
    },
  ]);
});

test("does not see rows that are stored after it has begun to read, and sees them next time", async () => {
  const count = "SELECT count(*) AS n FROM memory";
  assert.deepEqual((await house.answer(count)).rows, [{ n: 300 }]);
  house.store.append(memory, [START_MS + 6 * HOUR_MS]);
  assert.deepEqual((await house.answer(count)).rows, [{ n: 300 }]);
  house.count();
  assert.deepEqual((await house.answer(count)).rows, [{ n: 301 }]);
});

test("holds the store while it reads, and no longer", async () => {
  // What the query before let go of has been told by now.
  await house.settle();
  house.told.length = 0;
  await house.answer("SELECT count(*) FROM process, memory");
  await house.settle();
  assert.deepEqual(house.told, ["keeper.hold", "keeper.release"]);
  await house.answer("SELECT 1");
  assert.equal(house.told.length, 2);
});

test("opens so many queries and no more, and has room again when one is closed", async () => {
  const ids: number[] = [];
  for (let count = 0; count < MAX_QUERIES; count++) ids.push(await house.open(LONG));
  assert.equal(new Set(ids).size, MAX_QUERIES);
  const full = await house.ask({ kind: "query.open", sql: "SELECT 1", params: [], format: "csv" });
  assert.ok(!full.ok && full.reason === "too-many");
  for (const id of ids) assert.deepEqual(await house.ask({ kind: "query.close", id }), { closed: true });
  for (const id of ids) assert.deepEqual(await house.ask({ kind: "query.close", id }), { closed: false });
  assert.deepEqual((await house.answer("SELECT 1 AS one")).rows, [{ one: 1 }]);
});

test("is closed in the middle of a pull, which is answered", async () => {
  const id = await house.open(LONG);
  const pulled = house.ask({ kind: "query.pull", id });
  await house.ask({ kind: "query.close", id });
  const chunk = await pulled;
  assert.ok(!chunk.ok && chunk.reason === "unknown-query");
});

test("closes a query that nobody pulls, and only such a one", async () => {
  const left = await house.open("SELECT 1");
  await house.pass(QUERY_IDLE_MS - 1);
  const other = await house.open("SELECT 2");
  await house.pass(1);
  const gone = await house.ask({ kind: "query.pull", id: left });
  assert.ok(!gone.ok && gone.reason === "unknown-query");
  assert.ok((await house.ask({ kind: "query.pull", id: other })).ok);
});

test("knows no query that has ended, or never was", async () => {
  for (const id of [0, 123]) {
    const chunk = await house.ask({ kind: "query.pull", id });
    assert.ok(!chunk.ok && chunk.reason === "unknown-query");
  }
});

test("tells why a query has no rows when it is pulled", async () => {
  const id = await house.open("SELECT json_extract('{}', '$')");
  const refused = await house.ask({ kind: "query.pull", id });
  assert.ok(!refused.ok && refused.reason === "needs-extension");
  const after = await house.ask({ kind: "query.pull", id });
  assert.ok(!after.ok && after.reason === "unknown-query");
});

test("tells of a lake file that is missing", async () => {
  const file = house.store.manifest.datasets["process"]!.files[0]!;
  rmSync(house.store.lakePath(file));
  const id = await house.open("SELECT count(*) FROM process");
  const refused = await house.ask({ kind: "query.pull", id });
  assert.ok(!refused.ok && refused.reason === "damaged");
  assert.match(refused.message, /lake file process\/.* is missing/);
});

test("goes on without a keeper", async () => {
  const alone = await new AnalystHouse(false).start();
  try {
    alone.store.append(memory, [START_MS]);
    alone.count();
    assert.deepEqual((await alone.answer("SELECT count(*) AS n FROM memory")).rows, [{ n: 1 }]);
  } finally {
    await alone.stop();
  }
});

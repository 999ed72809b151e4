/** Results of queries of many shapes, against the same reckoned in plain JavaScript over the same rows. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SqlEngine } from "../../../actors/analyst/sql-engine.ts";
import { datasets } from "../../../datasets/index.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { type Row, rowsOf } from "./ask-engine.ts";
import { FakeStore, START_MS } from "./fake-store.ts";

interface ProcessRow {
  readonly timestamp: number;
  readonly pid: number;
  readonly name_hash: bigint;
  readonly working_set_mb: number;
  readonly private_bytes_mb: number | null;
  readonly cpu_percent: number | null;
  readonly io_read_bytes: bigint | null;
}

interface MemoryRow {
  readonly timestamp: number;
  readonly available_mb: number;
  readonly processes_count: number;
}

const NOW_MS = START_MS + 7_200_000;
const store = new FakeStore();
const processes = store.fill(
  process,
  [900, 1, 1200, 399],
  1700,
) as readonly PlainRow[] as readonly unknown[] as readonly ProcessRow[];
const memories = store.fill(memory, [500, 1000], 2000) as readonly unknown[] as readonly MemoryRow[];
const optimizations = store.fill(optimization, [300], 60_000);
const engine = new SqlEngine({ datasets, take: store.take, clock: new VirtualClock(NOW_MS) });
after(() => engine.close());

const iso = (ms: number) => new Date(ms).toISOString();
const minuteOf = (ms: number) => Math.floor(ms / 60_000) * 60_000;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function groups<T>(
  rows: readonly T[],
  keyOf: (row: T) => number,
): readonly (readonly [number, readonly T[]])[] {
  const byKey = Map.groupBy(rows, keyOf);
  return [...byKey].sort(([one], [other]) => one - other);
}

/** Like quantile_cont: linear between the two nearest ranks. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const [first, second] = [sorted[low]!, sorted[Math.ceil(at)]!];
  return first + (second - first) * (at - low);
}

/** Equal, floats to nine digits: sums are made in another order. */
function assertNear(actual: readonly Row[], expected: readonly Row[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((row, index) => {
    const wanted = expected[index]!;
    assert.deepEqual(Object.keys(row), Object.keys(wanted));
    for (const [name, value] of Object.entries(wanted)) {
      const came = row[name];
      if (typeof value !== "number" || typeof came !== "number")
        assert.equal(came, value, `row ${index}: ${name}`);
      else
        assert.ok(
          Math.abs(came - value) <= 1e-6 * Math.max(1, Math.abs(value)),
          `row ${index}: ${name} is ${came}, not ${value}`,
        );
    }
  });
}

test("filters, and gives every value as it is stored", async () => {
  const rows = await rowsOf(
    engine,
    "SELECT timestamp, pid, name_hash, working_set_mb, private_bytes_mb, io_read_bytes FROM process WHERE cpu_percent > 50 AND private_bytes_mb IS NOT NULL",
  );
  const expected = processes
    .filter(
      ({ cpu_percent, private_bytes_mb }) =>
        cpu_percent !== null && cpu_percent > 50 && private_bytes_mb !== null,
    )
    .map(({ timestamp, pid, name_hash, working_set_mb, private_bytes_mb, io_read_bytes }) => ({
      timestamp: iso(timestamp),
      pid,
      name_hash: String(name_hash),
      working_set_mb,
      private_bytes_mb,
      io_read_bytes: io_read_bytes === null ? null : Number(io_read_bytes),
    }));
  assert.ok(expected.length > 500);
  assert.deepEqual(rows, expected);
});

test("gives floats that read back as the floats that are stored", async () => {
  const rows = await rowsOf(engine, "SELECT cpu_percent FROM process");
  assert.deepEqual(
    rows.map(({ cpu_percent }) => (cpu_percent === null ? null : Math.fround(cpu_percent as number))),
    processes.map(({ cpu_percent }) => cpu_percent),
  );
});

test("groups and counts", async () => {
  const rows = await rowsOf(
    engine,
    `SELECT pid % 7 AS g, count(*) AS n, count(cpu_percent) AS known, avg(cpu_percent) AS mean, max(working_set_mb) AS most
     FROM process GROUP BY ALL HAVING n > 1 ORDER BY g`,
  );
  assertNear(
    rows,
    groups(processes, ({ pid }) => pid % 7).map(([g, own]) => {
      const known = own.flatMap(({ cpu_percent }) => cpu_percent ?? []);
      const most = Math.max(...own.map(({ working_set_mb }) => working_set_mb));
      return { g, n: own.length, known: known.length, mean: sum(known) / known.length, most };
    }),
  );
});

test("joins memory and process on the minute", async () => {
  const rows = await rowsOf(
    engine,
    `WITH m AS (SELECT date_trunc('minute', timestamp) AS minute, min(available_mb) AS least FROM memory GROUP BY 1),
          p AS (SELECT date_trunc('minute', timestamp) AS minute, sum(working_set_mb) AS used FROM process GROUP BY 1)
     SELECT minute, least, used FROM m JOIN p USING (minute) ORDER BY minute`,
  );
  const used = new Map(groups(processes, ({ timestamp }) => minuteOf(timestamp)));
  const expected = groups(memories, ({ timestamp }) => minuteOf(timestamp)).flatMap(([minute, own]) => {
    const those = used.get(minute);
    if (those === undefined) return [];
    const least = Math.min(...own.map(({ available_mb }) => available_mb));
    return { minute: iso(minute), least, used: sum(those.map(({ working_set_mb }) => working_set_mb)) };
  });
  assert.ok(expected.length > 40);
  assertNear(rows, expected);
});

test("finds the sample of memory before each of a process", async () => {
  const rows = await rowsOf(
    engine,
    "SELECT p.timestamp AS t, m.timestamp AS before FROM process p ASOF LEFT JOIN memory m ON p.timestamp >= m.timestamp ORDER BY t",
  );
  const last = memories.at(-1)!.timestamp;
  assert.deepEqual(
    rows,
    processes.map(({ timestamp }) => {
      const before = Math.min(last, START_MS + Math.floor((timestamp - START_MS) / 2000) * 2000);
      return { t: iso(timestamp), before: iso(before) };
    }),
  );
});

test("looks at neighbours, and a difference may be negative", async () => {
  const rows = await rowsOf(
    engine,
    `SELECT processes_count - lag(processes_count) OVER w AS change, avg(available_mb) OVER (w ROWS 2 PRECEDING) AS mean
     FROM memory WINDOW w AS (ORDER BY timestamp) ORDER BY timestamp`,
  );
  const expected = memories.map(({ processes_count }, index) => {
    const near = memories.slice(Math.max(0, index - 2), index + 1).map(({ available_mb }) => available_mb);
    const change = index === 0 ? null : processes_count - memories[index - 1]!.processes_count;
    return { change, mean: sum(near) / near.length };
  });
  assert.ok(expected.some(({ change }) => change !== null && change < 0));
  assertNear(rows, expected);
});

test("finds percentiles", async () => {
  const known = processes.flatMap(({ cpu_percent }) => cpu_percent ?? []);
  assertNear(
    await rowsOf(
      engine,
      "SELECT quantile_cont(cpu_percent, 0.95) AS p95, median(cpu_percent) AS p50 FROM process",
    ),
    [{ p95: quantile(known, 0.95), p50: quantile(known, 0.5) }],
  );
});

test("buckets time, and knows now", async () => {
  const rows = await rowsOf(
    engine,
    `SELECT time_bucket(INTERVAL 5 MINUTE, timestamp) AS bucket, count(*) AS n FROM memory
     WHERE timestamp >= now() - INTERVAL 100 MINUTE GROUP BY 1 ORDER BY 1`,
  );
  const recent = memories.filter(({ timestamp }) => timestamp >= NOW_MS - 6_000_000);
  assert.ok(recent.length > 100 && recent.length < memories.length);
  assert.deepEqual(
    rows,
    groups(recent, ({ timestamp }) => Math.floor(timestamp / 300_000) * 300_000).map(([bucket, own]) => ({
      bucket: iso(bucket),
      n: own.length,
    })),
  );
});

test("reads categories and truth values", async () => {
  const rows = await rowsOf(
    engine,
    "SELECT trigger, count(*) FILTER (WHERE success) AS good, count(*) AS n FROM optimization WHERE trigger <> 'manual' GROUP BY trigger ORDER BY trigger",
  );
  const byTrigger = Map.groupBy(
    optimizations.filter(({ trigger }) => trigger !== "manual"),
    ({ trigger }) => String(trigger),
  );
  assert.deepEqual(
    rows,
    [...byTrigger]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([trigger, own]) => ({
        trigger,
        good: own.filter(({ success }) => success).length,
        n: own.length,
      })),
  );
});

test("finds one pseudonym of 64 bits among all", async () => {
  const large = processes.find(({ name_hash }) => name_hash > 2n ** 63n)!;
  const rows = await rowsOf(engine, `SELECT pid FROM process WHERE name_hash = ${large.name_hash}`);
  assert.deepEqual(rows, [{ pid: large.pid }]);
  const least = processes.reduce((low, { name_hash }) => (name_hash < low ? name_hash : low), 2n ** 64n);
  assert.deepEqual(await rowsOf(engine, "SELECT min(name_hash) AS low FROM process"), [
    { low: String(least) },
  ]);
});

test("asks within and beside: EXISTS, a correlated subquery, UNION ALL, DISTINCT", async () => {
  const spikes = memories.filter(({ available_mb }) => available_mb > 990_000);
  const near = processes.filter(({ timestamp }) =>
    spikes.some((spike) => minuteOf(spike.timestamp) === minuteOf(timestamp)),
  );
  assert.ok(near.length > 0 && near.length < processes.length);
  assert.deepEqual(
    await rowsOf(
      engine,
      `SELECT count(*) AS n FROM process p WHERE EXISTS (
         SELECT 1 FROM memory m WHERE available_mb > 990000 AND date_trunc('minute', m.timestamp) = date_trunc('minute', p.timestamp))`,
    ),
    [{ n: near.length }],
  );
  assert.deepEqual(
    await rowsOf(
      engine,
      `SELECT DISTINCT kind FROM (SELECT 'm' AS kind FROM memory UNION ALL SELECT 'p' FROM process) ORDER BY kind`,
    ),
    [{ kind: "m" }, { kind: "p" }],
  );
});

test("does not take the tables for empty, as they are while it is looked at", async () => {
  const [first, last] = [processes[0]!.timestamp, processes.at(-1)!.timestamp];
  assert.deepEqual(
    await rowsOf(
      engine,
      `SELECT count(*) AS n, min(timestamp) AS first, max(timestamp) AS last, bool_or(pid IS NULL) AS none FROM process`,
    ),
    [{ n: processes.length, first: iso(first), last: iso(last), none: false }],
  );
  assert.deepEqual(await rowsOf(engine, "SELECT count(*) AS n FROM memory"), [{ n: memories.length }]);
  assert.deepEqual(await rowsOf(engine, "SELECT max(timestamp) AS last FROM process"), [{ last: iso(last) }]);
  assert.equal((await rowsOf(engine, "SELECT 1 FROM memory m, process p LIMIT 9")).length, 9);
  assert.deepEqual(
    await rowsOf(engine, "SELECT count(*) AS n FROM process WHERE timestamp IS NOT NULL AND pid >= 0"),
    [{ n: processes.length }],
  );
});

test("pages through rows in their order", async () => {
  const order = [...processes].sort((one, other) => other.working_set_mb - one.working_set_mb);
  const rows = await rowsOf(
    engine,
    "FROM process SELECT working_set_mb AS w ORDER BY w DESC LIMIT 5 OFFSET 10",
  );
  assert.deepEqual(
    rows,
    order.slice(10, 15).map(({ working_set_mb }) => ({ w: working_set_mb })),
  );
});

test("takes parameters of every type, and none of them is read as SQL", async () => {
  const rows = await rowsOf(
    engine,
    "SELECT ? AS t, typeof($1) AS tt, ? AS i, typeof($2) AS ti, ? AS d, typeof($3) AS td, ? AS b, typeof($4) AS tb, ? IS NULL AS n",
    ["it's; DROP TABLE memory -- \\ \"", 12, -1.5e-7, true, null],
  );
  assert.deepEqual(rows, [
    {
      t: "it's; DROP TABLE memory -- \\ \"",
      tt: "VARCHAR",
      i: 12,
      ti: "INTEGER",
      d: -1.5e-7,
      td: "DOUBLE",
      b: true,
      tb: "BOOLEAN",
      n: true,
    },
  ]);
  const [first, second] = [processes[3]!, processes[9]!];
  const found = await rowsOf(
    engine,
    "SELECT pid FROM process WHERE timestamp BETWEEN ? AND ? AND pid = ? AND working_set_mb >= ? AND name_hash = ?",
    [
      iso(first.timestamp),
      iso(second.timestamp),
      second.pid,
      second.working_set_mb,
      String(second.name_hash),
    ],
  );
  assert.deepEqual(found, [{ pid: second.pid }]);
  const numbers = [0, -0, 1e21, 9007199254740991, 2 ** 53 + 2, 5e-324, 0.1, 123456.789];
  const back = await rowsOf(
    engine,
    `SELECT ${numbers.map((_, index) => `$${index + 1}::DOUBLE AS n${index}`).join(", ")}`,
    numbers,
  );
  assert.deepEqual(Object.values(back[0]!), numbers);
});

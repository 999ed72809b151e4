import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, describe, test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import { SqlEngine, THREAD_IDLE_MS } from "../../../actors/analyst/sql-engine.ts";
import { StoreDamaged } from "../../../actors/store/store-damaged.ts";
import { datasets } from "../../../datasets/index.ts";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { ask, pullAll, refusalOf, rowsOf } from "./ask-engine.ts";
import { FakeStore, START_MS } from "./fake-store.ts";

/** Never ends, and yields no row on its way: only a heartbeat stops it. */
const ENDLESS = "SELECT * FROM range(1000000) a(x), range(1000000) b(y) WHERE x + y = -1";
/** Never ends, but comes up for air. */
const LONG = "SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y)";

const clock = new VirtualClock(START_MS + 3_600_000);
const store = new FakeStore();
store.fill(process, [1000, 1500]);
store.fill(memory, [2000]);
const faults: unknown[] = [];
const onFault = (error: unknown) => faults.push(error);
const engine = new SqlEngine({ datasets, take: store.take, clock, onFault });
after(() => engine.close());

describe("a query reads", () => {
  const cases = [
    {
      sql: "SELECT avg(cpu_percent) FROM process WHERE timestamp >= '2026-01-01 00:10:00' AND timestamp < '2026-01-01 00:20:00'",
      reads: [{ table: "process", columns: ["timestamp", "cpu_percent"], from: 600, to: 1200, rows: 600 }],
    },
    {
      sql: "SELECT count(*) FROM process WHERE timestamp BETWEEN ? AND ?",
      params: ["2026-01-01 00:00:01", "2026-01-01 00:00:03"],
      reads: [{ table: "process", columns: ["timestamp"], from: 1, to: 3.001, rows: 3 }],
    },
    {
      sql: "SELECT max(pid) FROM process WHERE timestamp >= now() - INTERVAL 30 MINUTE AND working_set_mb > 5",
      reads: [
        {
          table: "process",
          columns: ["timestamp", "pid", "working_set_mb"],
          from: 1800,
          to: null,
          rows: 700,
        },
      ],
    },
    {
      sql: "SELECT name_hash FROM (SELECT * FROM process) LIMIT 1",
      reads: [{ table: "process", columns: ["name_hash"], from: null, to: null, rows: 2500 }],
    },
    {
      sql: "SELECT p.pid FROM process p JOIN memory m ON p.timestamp = m.timestamp WHERE m.timestamp < '2026-01-01 00:01:00'",
      reads: [
        { table: "memory", columns: ["timestamp"], from: null, to: 60, rows: 60 },
        { table: "process", columns: ["timestamp", "pid"], from: null, to: 60, rows: 60 },
      ],
    },
    {
      sql: "SELECT pid FROM process WHERE timestamp::DATE = '2026-01-01' AND hour(timestamp) = 0 AND io_read_bytes IS NULL",
      reads: [
        { table: "process", columns: ["timestamp", "pid", "io_read_bytes"], from: 0, to: 86_400, rows: 2500 },
      ],
    },
    {
      sql: "SELECT (SELECT count(*) FROM memory), 1 FROM process WHERE timestamp < '2026-01-01 00:00:02' OR pid = 3",
      reads: [
        { table: "memory", columns: ["timestamp"], from: null, to: null, rows: 2000 },
        { table: "process", columns: ["timestamp", "pid"], from: null, to: null, rows: 2500 },
      ],
    },
    { sql: "SELECT pid FROM process WHERE false", reads: [] },
    { sql: "DESCRIBE process", reads: [] },
    { sql: "EXPLAIN SELECT * FROM process", reads: [] },
    { sql: "SELECT 1", reads: [] },
  ] as const;

  for (const { sql, reads, ...more } of cases) {
    test(`only the columns and times that it needs: ${sql}`, async () => {
      store.wishes.length = 0;
      const { facts } = await ask(engine, sql, more);
      const moment = (seconds: number | null) =>
        seconds === null ? null : new Date(START_MS + seconds * 1000).toISOString();
      const expected = reads.map(({ from, to, ...read }) => ({
        ...read,
        from: moment(from),
        to: moment(to),
      }));
      assert.deepEqual(
        facts.read.tables.map((read) => ({ ...read })),
        expected.map(({ table, columns, from, to, rows }) => ({ table, columns, from, to, rows })),
      );
      assert.equal(
        facts.read.rows,
        reads.reduce((sum, { rows }) => sum + rows, 0),
      );
      assert.equal(facts.read.bytes > 0, reads.length > 0);
      // Not only told: no more was asked of the store.
      assert.deepEqual(
        store.wishes.map(({ dataset, columns, fromMs, toMs }) => [dataset, columns, fromMs, toMs]),
        reads.map(({ table, columns, from, to }) => [
          table,
          columns,
          from === null ? Number.NEGATIVE_INFINITY : START_MS + from * 1000,
          to === null ? Number.POSITIVE_INFINITY : START_MS + to * 1000,
        ]),
      );
    });
  }

  test("and the columns that were not read are there all the same, as they are named and typed", async () => {
    const described = await rowsOf(engine, "DESCRIBE SELECT * FROM process WHERE pid = 1");
    assert.deepEqual(
      described.map(({ column_name, column_type }) => `${column_name} ${column_type}`),
      [
        "timestamp TIMESTAMP",
        "pid UINTEGER",
        "name_hash UBIGINT",
        "working_set_mb DOUBLE",
        "private_bytes_mb DOUBLE",
        "cpu_percent FLOAT",
        "io_read_bytes BIGINT",
        "io_write_bytes BIGINT",
      ],
    );
  });
});

describe("a result", () => {
  test("as JSON says its columns, its rows, how many, whether there were more, and what was read", async () => {
    const { bytes, facts } = await ask(engine, "SELECT pid, timestamp FROM process ORDER BY timestamp", {
      maxRows: 2,
    });
    const { columns, rows, ...rest } = JSON.parse(bytes.toString());
    assert.deepEqual(columns, [
      { name: "pid", type: "UINTEGER" },
      { name: "timestamp", type: "TIMESTAMP" },
    ]);
    assert.equal(rows.length, 2);
    assert.equal(rows[1].timestamp, "2026-01-01T00:00:01.000Z");
    assert.deepEqual(rest, { rowCount: 2, truncated: true, seconds: 0, read: facts.read });
    assert.deepEqual(facts, { columns, ...rest });
  });

  test("is not truncated when it has just as many rows as were wanted", async () => {
    for (const [rows, isTruncated] of [
      [4, false],
      [5, false],
      [6, true],
    ] as const) {
      const { facts } = await ask(engine, `SELECT * FROM range(${rows})`, { maxRows: 5 });
      assert.deepEqual([facts.rowCount, facts.truncated], [Math.min(rows, 5), isTruncated]);
    }
  });

  test("as CSV has a header and a line a row", async () => {
    const sql = `SELECT * FROM (VALUES (1, 'a,b', 1.5, true, NULL, 'nan'::DOUBLE), (2, '', -2.25, false, 'say "x"', '-inf'::DOUBLE)) t(i, t, d, b, n, f)`;
    const { bytes } = await ask(engine, sql, { format: "csv" });
    assert.equal(
      bytes.toString(),
      'i,t,d,b,n,f\n1,"a,b",1.50,true,,nan\n2,"",-2.25,false,"say ""x""",-inf\n',
    );
  });

  test("as Arrow is a stream that holds the same, cut at the row that was wanted", async () => {
    const sql = "SELECT x, x::VARCHAR AS t, [x] AS l FROM range(10000) r(x)";
    for (const maxRows of [1, 2048, 5000, 10_000]) {
      const { bytes, facts } = await ask(engine, sql, { format: "arrow", maxRows });
      const table = tableFromIPC(bytes);
      assert.equal(table.numRows, maxRows);
      assert.equal(facts.truncated, maxRows < 10_000);
      const last = table.get(maxRows - 1)!;
      assert.deepEqual(
        [last["x"], last["t"], last["l"].get(0)],
        [BigInt(maxRows - 1), String(maxRows - 1), BigInt(maxRows - 1)],
      );
    }
  });

  test("of no rows is whole in every format", async () => {
    const sql = "SELECT 1 AS a WHERE false";
    assert.deepEqual(JSON.parse((await ask(engine, sql)).bytes.toString()).rows, []);
    assert.equal((await ask(engine, sql, { format: "csv" })).bytes.toString(), "a\n");
    const table = tableFromIPC((await ask(engine, sql, { format: "arrow" })).bytes);
    assert.deepEqual([table.numRows, table.schema.names], [0, ["a"]]);
  });

  test("holds every type that a query can make", async () => {
    const sql = `SELECT 1::TINYINT AS i8, 9007199254740991 AS safe, 9007199254740992 AS unsafe, 5::UBIGINT AS u64,
      170141183460469231731687303715884105727::HUGEINT AS huge, sum(3) AS total, 7::UHUGEINT AS uhuge, 1.5 AS dec,
      -0.05::DECIMAL(4,2) AS neg, 12345678901234567890.5::DECIMAL(30,1) AS wide, 0.1::FLOAT AS f, -0.0::DOUBLE AS zero, 'inf'::DOUBLE AS inf,
      DATE '2026-01-02' AS day, TIME '03:04:05.000006' AS clock, TIMESTAMP '2026-01-02 03:04:05.000006' AS micros,
      TIMESTAMP 'infinity' AS never, '2026-01-02 03:04:05'::TIMESTAMP_S AS s, INTERVAL '14 months 3 days 1.5 seconds' AS span, INTERVAL 0 DAY AS none,
      '\\xAB\\x01'::BLOB AS blob, [1, NULL] AS list, {'a': 1, 'b': ['x']} AS struct, MAP {'k': 2.5} AS map, NULL AS missing,
      'é"' AS text, uuid '00000000-0000-0000-0000-000000000001' AS id`;
    const expected = {
      i8: 1,
      safe: 9007199254740991,
      unsafe: "9007199254740992",
      u64: "5",
      huge: "170141183460469231731687303715884105727",
      total: 3,
      uhuge: 7,
      dec: 1.5,
      neg: -0.05,
      wide: "12345678901234567890.5",
      f: 0.1,
      zero: -0,
      inf: null,
      day: "2026-01-02",
      clock: "03:04:05.000006",
      micros: "2026-01-02T03:04:05.000006Z",
      never: null,
      s: "2026-01-02T03:04:05.000Z",
      span: "P14M3DT1.5S",
      none: "PT0S",
      blob: "ab01",
      list: [1, null],
      struct: { a: 1, b: ["x"] },
      map: [{ key: "k", value: 2.5 }],
      missing: null,
      text: 'é"',
      id: "00000000-0000-0000-0000-000000000001",
    };
    assert.deepEqual(await rowsOf(engine, sql), [expected]);
    const { bytes } = await ask(
      engine,
      "SELECT [1, 2] AS l, {'a': 'x'} AS s, 9007199254740993 AS n, TIMESTAMP 'infinity' AS t",
      { format: "csv" },
    );
    assert.equal(bytes.toString(), 'l,s,n,t\n"[1,2]","{""a"":""x""}",9007199254740993,\n');
  });

  test("has names of its own for columns of one name", async () => {
    assert.deepEqual(await rowsOf(engine, "SELECT 1 AS a, 2 AS a, 3 AS a"), [{ a: 1, a_1: 2, a_2: 3 }]);
  });

  test("comes in pieces of at most a megabyte", async () => {
    const query = engine.open({
      sql: "SELECT repeat('x', 3000) AS t FROM range(1000)",
      params: [],
      format: "csv",
    });
    const { bytes, pulls } = await pullAll(query);
    assert.ok(pulls >= 3);
    assert.equal(bytes.byteLength, 2 + 1000 * 3001);
  });

  test("is the same text on every runtime, and the same values as Arrow", async () => {
    const sql = "SELECT * FROM process JOIN memory USING (timestamp) ORDER BY timestamp";
    const digests: string[] = [];
    for (const format of ["json", "csv"] as const) {
      const { bytes } = await ask(engine, sql, { format });
      digests.push(createHash("sha256").update(withoutFacts(bytes)).digest("hex").slice(0, 16));
    }
    assert.deepEqual(digests, DIGESTS);
    // Its bytes are DuckDB's own, with whatever lay in its memory where a value is missing.
    const table = tableFromIPC((await ask(engine, sql, { format: "arrow" })).bytes);
    const rows = await rowsOf(engine, sql);
    const cpu = rows.map(({ cpu_percent }) =>
      cpu_percent === null ? null : Math.fround(Number(cpu_percent)),
    );
    assert.deepEqual([...table.getChild("cpu_percent")!], cpu);
    assert.deepEqual(
      [...table.getChild("name_hash")!],
      rows.map(({ name_hash }) => BigInt(String(name_hash))),
    );
  });
});

/** Of the rows that the fake store makes. They change with the datasets' columns, the version of DuckDB, and nothing else. */
const DIGESTS = ["58ed5becf61fa3cb", "cc1ccc10eba3c2f4"];

/** Of a JSON document, what comes before the figures of its making. */
function withoutFacts(bytes: Buffer): Buffer {
  const end = bytes.indexOf('],"rowCount"');
  return end < 0 ? bytes : bytes.subarray(0, end);
}

describe("a query is refused at once", () => {
  const refusals = [
    [
      "SELECT json_extract('{}', '$.a')",
      "needs-extension",
      /json_extract.* needs DuckDB's extension json.*LIST and STRUCT/,
    ],
    ["SELECT '{}'::JSON", "needs-extension", /extension json/],
    [
      "SELECT * FROM read_parquet('x.parquet')",
      "needs-extension",
      /extension parquet.*every dataset is a table/,
    ],
    [
      "SELECT now() AT TIME ZONE 'Europe/Berlin'",
      "needs-extension",
      /extension icu.*moments are TIMESTAMP in UTC/,
    ],
    ["SELECT st_point(1, 2)", "needs-extension", /extension spatial/],
    [
      "SELECT * FROM read_csv('/etc/passwd')",
      "refused",
      /no file can be read or written: the tables are memory, process/,
    ],
    ["SELECT * FROM read_text('/etc/passwd')", "refused", /no file can be read/],
    ["SELECT * FROM '/etc/passwd'", "refused", /does not exist/],
    ["SELECT * FROM glob('/*')", "refused", /no file can be read/],
    ["ATTACH 'x.db'", "refused", /a query that reads, beginning with SELECT.*; came ATTACH/],
    ["COPY memory TO 'x.csv'", "refused", /came COPY/],
    ["INSTALL httpfs", "refused", /came INSTALL/],
    ["LOAD icu", "refused", /came LOAD/],
    ["PRAGMA version", "refused", /came PRAGMA/],
    ["SET threads = 2", "refused", /came SET/],
    ["CALL pragma_version()", "refused", /came CALL/],
    ["CREATE TABLE x (i INT)", "refused", /came CREATE/],
    ["INSERT INTO memory VALUES (1)", "refused", /came INSERT/],
    ["DELETE FROM memory", "refused", /came DELETE/],
    ["(((DROP TABLE memory)))", "refused", /came DROP/],
    ["-- a comment\n/* and another */ BEGIN", "refused", /came BEGIN/],
    ["EXPLAIN ANALYZE DELETE FROM stored.memory", "refused", /after EXPLAIN; came DELETE/],
    [
      "WITH x AS (SELECT 1) DELETE FROM stored.memory",
      "refused",
      /a query that gives rows; the statement gives none/,
    ],
    [
      "EXPLAIN ANALYZE WITH x AS (SELECT 1) DELETE FROM stored.memory",
      "refused",
      /read-only|queries only read/,
    ],
    ["SELECT 1; SELECT 2", "refused", /one statement at a time/],
    ["SELECT 1) UNION ALL (SELECT 2", "refused", /syntax error/],
    ["", "refused", /came nothing/],
    [" -- nothing\n", "refused", /came nothing/],
    ["SELEC 1", "refused", /came SELEC/],
    ["SELECT FROM WHERE", "refused", /syntax error/],
    ["SELECT * FROM nothing", "refused", /nothing does not exist.*the tables are memory/s],
    ["SELECT colour FROM memory", "refused", /"colour" not found/],
    ["SELECT ?", "refused", /Values were not provided.*1/],
    ["SELECT 'a'::ENUM('a')", "refused", /is an ENUM.*cast it/],
    ["SELECT 1::UTINYINT - 2::UTINYINT", "refused", /Overflow|out of range/i],
    [`SELECT ${"1+".repeat(40_000)}1`, "refused", /nests too deeply/],
    [`SELECT ${"NOT ".repeat(24_000)}true`, "refused", /nests too deeply/],
    [`SELECT ${"(SELECT ".repeat(3000)}1${")".repeat(3000)}`, "refused", /nests too deeply/],
    [`SELECT ${" ".repeat(100_000)}`, "refused", /at most 100000 characters; came 100007/],
    ["SELECT len(repeat('x', 2000000000))", "too-large", /more memory than it may have/],
  ] as const;
  for (const [sql, reason, message] of refusals) {
    test(`${sql.slice(0, 60)}: ${reason}`, async () => {
      const refused = await refusalOf(engine, sql);
      assert.equal(refused.reason, reason, refused.message);
      assert.match(refused.message, message);
      assert.ok(refused.message.length < 900, refused.message);
    });
  }

  test("for limits and parameters that cannot be", async () => {
    for (const [more, message] of [
      [{ maxRows: 0 }, /maxRows: expected a whole number from 1/],
      [{ maxRows: 1.5 }, /came 1.5/],
      [{ timeoutMs: 600_001 }, /timeoutMs: expected a whole number from 1 to 600000; came 600001/],
      [{ params: Array(101).fill(1) }, /at most 100 parameters; came 101/],
      [{ params: [Number.NaN] }, /parameter 1: expected a finite number; came NaN/],
      [{ params: ["a\0b"] }, /parameter 1: expected text without NUL/],
      [{ params: [1, 2] }, /excess parameters: 2/],
    ] as const) {
      const refused = await refusalOf(engine, "SELECT $1", more);
      assert.equal(refused.reason, "refused");
      assert.match(refused.message, message);
    }
  });

  test("and goes on with the next", async () => {
    assert.deepEqual(await rowsOf(engine, "SELECT 1 AS one"), [{ one: 1 }]);
    assert.deepEqual(faults, []);
  });
});

describe("a query ends", () => {
  for (const sql of [LONG, ENDLESS]) {
    test(`when its time is over: ${sql}`, async () => {
      const refused = refusalOf(engine, sql, { timeoutMs: 5000 });
      await started(engine);
      clock.advance(4999);
      clock.advance(1);
      const { reason, message } = await refused;
      assert.equal(reason, "timed-out");
      assert.match(message, /longer than 5 s/);
      assert.deepEqual(await rowsOf(engine, "SELECT 2 AS two"), [{ two: 2 }]);
    });

    test(`when it is closed, and the next one runs: ${sql}`, async () => {
      const query = engine.open({ sql, params: [], format: "json" });
      const next = rowsOf(engine, "SELECT 3 AS three");
      await started(engine);
      query.close();
      const chunk = await query.pull();
      assert.ok(!chunk.ok && chunk.reason === "unknown-query");
      assert.deepEqual(await next, [{ three: 3 }]);
    });
  }

  test("before it began, when it is closed in line", async () => {
    const first = engine.open({ sql: LONG, params: [], format: "json" });
    const second = engine.open({ sql: "SELECT 1", params: [], format: "json" });
    const third = rowsOf(engine, "SELECT 4 AS four");
    assert.equal(engine.waiting, 2);
    second.close();
    assert.equal(engine.waiting, 1, "it is not kept until the long one ends");
    const chunk = await second.pull();
    assert.ok(!chunk.ok && chunk.reason === "unknown-query");
    first.close();
    assert.deepEqual(await third, [{ four: 4 }]);
  });

  test("when DuckDB does not survive it, and the next one runs on a new one", async () => {
    const { reason, message } = await refusalOf(engine, "SELECT len(range(500000000))");
    assert.ok(reason === "refused" || reason === "too-large");
    assert.match(message, /started anew|more memory/);
    assert.deepEqual(await rowsOf(engine, "SELECT count(*) AS n FROM memory"), [{ n: 2000 }]);
  });

  test("when it needs more memory than there is", async () => {
    const small = new SqlEngine({ datasets, take: store.take, clock, memoryBytes: 2 ** 26 });
    try {
      const sql = "SELECT count(*) FROM (SELECT x FROM range(20000000) r(x) GROUP BY x)";
      const { reason, message } = await refusalOf(small, sql);
      assert.equal(reason, "too-large", message);
      assert.equal((await rowsOf(small, "SELECT pid FROM process")).length, 2500);
    } finally {
      await small.close();
    }
  });
});

describe("the engine", () => {
  test("refuses to read more than it may, and says what to narrow", async () => {
    const small = new SqlEngine({ datasets, take: store.take, clock, maxReadBytes: 2 ** 16 });
    try {
      const { reason, message } = await refusalOf(small, "SELECT * FROM process");
      assert.equal(reason, "too-large");
      assert.match(
        message,
        /more than 0.0625 MiB: it stopped after \d+ rows of process \(timestamp, pid, .*narrow the time/,
      );
      assert.equal((await rowsOf(small, "SELECT pid FROM process")).length, 2500);
    } finally {
      await small.close();
    }
  });

  test("runs queries one after the other, in the order they came", async () => {
    const ended: number[] = [];
    await Promise.all([3, 1, 2].map((n) => rowsOf(engine, `SELECT ${n}`).then(() => ended.push(n))));
    assert.deepEqual(ended, [3, 1, 2]);
  });

  test("is not held up by who does not pull a result of usual size", async () => {
    const left = engine.open({ sql: "SELECT * FROM process", params: [], format: "json" });
    assert.deepEqual(await rowsOf(engine, "SELECT 5 AS five"), [{ five: 5 }]);
    const { facts } = await pullAll(left);
    assert.equal(facts.rowCount, 2500);
  });

  test("waits with a large result until it is pulled, and that is not the query's time", async () => {
    const sql = "SELECT repeat('x', 1000) AS t FROM range(30000)";
    const query = engine.open({ sql, params: [], format: "csv", maxRows: 30_000, timeoutMs: 1000 });
    const first = await query.pull();
    assert.ok(first.ok && !first.done);
    await resting(engine);
    // Longer than the query may take.
    clock.advance(10_000);
    const { bytes, facts } = await pullAll(query);
    assert.equal(first.bytes.byteLength + bytes.byteLength, 2 + 30_000 * 1001);
    assert.equal(facts.seconds, 0);
  });

  test("tells of a damaged store, and of what is no damage", async () => {
    store.failure = new StoreDamaged("lake file x is missing");
    assert.deepEqual(await refusalOf(engine, "SELECT pid FROM process"), {
      ok: false,
      reason: "damaged",
      message: "lake file x is missing",
    });
    store.failure = new Error("a bug");
    const { message } = await refusalOf(engine, "SELECT pid FROM process");
    assert.match(message, /failed, which is Millrace's fault/);
    assert.equal((faults.pop() as Error).message, "a bug");
    assert.deepEqual(await rowsOf(engine, "SELECT 6 AS six"), [{ six: 6 }]);
  });

  test("holds the store while it reads, lets go, and does not read when it cannot", async () => {
    const told: string[] = [];
    let isHeld = true;
    const holding = new SqlEngine({
      datasets,
      clock,
      take: (dataset, wish) => {
        told.push(`take ${dataset.name}`);
        return store.take(dataset, wish);
      },
      hold: async () => {
        told.push("hold");
        return isHeld ? () => told.push("release") : undefined;
      },
    });
    try {
      await rowsOf(holding, "SELECT count(*) FROM process p JOIN memory m USING (timestamp)");
      assert.deepEqual(told, ["hold", "take memory", "take process", "release"]);
      await rowsOf(holding, "SELECT 1");
      assert.equal(told.length, 4);
      isHeld = false;
      const { reason } = await refusalOf(holding, "SELECT pid FROM process");
      assert.equal(reason, "too-many");
      isHeld = true;
      store.failure = new StoreDamaged("gone");
      await refusalOf(holding, "SELECT pid FROM process");
      assert.deepEqual(told.slice(5), ["hold", "take process", "release"]);
    } finally {
      await holding.close();
    }
  });

  test("ends DuckDB's thread when no query has come for a while, and goes on with the next", async () => {
    await rowsOf(engine, "SELECT 7");
    await turn();
    clock.advance(THREAD_IDLE_MS - 1);
    assert.equal(engine.isLoaded, true);
    // A query that came meanwhile puts it off.
    await rowsOf(engine, "SELECT 8");
    await turn();
    clock.advance(THREAD_IDLE_MS - 1);
    assert.equal(engine.isLoaded, true);
    clock.advance(1);
    assert.equal(engine.isLoaded, false);
    assert.deepEqual(await rowsOf(engine, "SELECT 9 AS nine"), [{ nine: 9 }]);
  });

  test("answers no more when it is closed", async () => {
    const closing = new SqlEngine({ datasets, take: store.take, clock });
    const running = refusalOf(closing, ENDLESS);
    const waiting = refusalOf(closing, "SELECT 1");
    await closing.close();
    assert.equal((await running).reason, "unknown-query");
    assert.equal((await waiting).reason, "unknown-query");
    assert.equal((await refusalOf(closing, "SELECT 1")).reason, "unknown-query");
  });
});

/** Resolves when a query that does not end is at work: DuckDB was started, has looked at it, and runs it. */
async function started(of: SqlEngine): Promise<void> {
  while (of.working !== "run") await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Resolves when a query that has given something waits to be pulled. One question follows the other within a turn: no look falls between. */
async function resting(of: SqlEngine): Promise<void> {
  while (of.working !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lets what follows from an answer happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

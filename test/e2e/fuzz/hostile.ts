/** Values that have broken servers before, and values that are nearly right here: by what a parameter or a member is called. */

import { EXPORT_FORMATS } from "../../../actors/exporter/order.ts";
import { datasets } from "../../../datasets/index.ts";
import type { Random } from "./random.ts";

const DATASETS = datasets.map(({ name }) => name);
const COLUMNS = datasets.flatMap(({ publicColumns }) => publicColumns.map(({ name }) => name));
const ACTORS = [
  "sampler",
  "anonymizer",
  "recorder",
  "broadcaster",
  "windower",
  "keeper",
  "exporter",
  "analyst",
  "outlets",
  "replayer",
  "aggregator",
];
const FILES = DATASETS.flatMap((dataset) =>
  ["csv", "jsonl", "parquet", "arrow", "csv.gz", "sqlite"].map((ending) => `${dataset}.${ending}`),
);
const TIMES = [
  "-15m",
  "-1s",
  "2026-01-31T12:00:00Z",
  "1767225600000",
  "2099-01-01T00:00:00Z",
  "1970-01-01T00:00:00Z",
  "-0m",
  "-99999999d",
  "now",
];
const FILTERS = [
  "timestamp > 0",
  "total_mb > 1 and available_mb < 5",
  "cpu_percent >= 0 or cpu_percent < 1e308",
  "state = 'running'",
  "not (not (not (timestamp > 0)))",
  "((((((((((timestamp > 0))))))))))",
  "timestamp > ",
  "and and and",
  "'unclosed",
  "timestamp in (1, 2, 3)",
  "x = 1; DROP TABLE memory",
  "total_mb = 1e400",
  "total_mb = -0",
  `${"(".repeat(500)}timestamp > 0${")".repeat(500)}`,
  Array.from({ length: 300 }, () => "timestamp > 0").join(" and "),
];
const SQL = [
  "SELECT 1",
  "SELECT count(*) FROM memory",
  "SELECT * FROM memory LIMIT 3",
  "SELECT * FROM process LIMIT 2",
  "SELECT avg(available_mb) FROM memory WHERE timestamp > now() - INTERVAL 1 HOUR",
  "SELECT ? + ?",
  "SELECT",
  "",
  ";;;",
  "SELECT * FROM nowhere",
  "SELECT * FROM read_csv('/etc/passwd')",
  "COPY memory TO '/tmp/x.csv'",
  "ATTACH 'x.db'",
  "INSTALL httpfs",
  "PRAGMA database_list",
  "SET memory_limit='1TB'",
  "SELECT getenv('HOME')",
  `SELECT ${"(".repeat(2000)}1${")".repeat(2000)}`,
  "SELECT 'ü𝄞' || chr(0)",
  "SELECT 1; SELECT 2",
  "EXPLAIN SELECT 1",
];

/** What works for as long as it may. */
export const ENDLESS_SQL = [
  "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM t) SELECT * FROM t",
  "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b",
];

/** Nearly right values, by name. */
const KNOWN: Readonly<Record<string, readonly unknown[]>> = {
  dataset: [...DATASETS, "all"],
  name: [...DATASETS, ...ACTORS],
  datasets: [DATASETS.join(","), "memory", "memory,memory", ",", DATASETS, ["memory"], ["memory", "memory"]],
  file: [...FILES, "memory.xml", "memory", ".csv", "memory.csv.zst.gz"],
  format: [...EXPORT_FORMATS, "jsonl", "msgpack", "protobuf", "arrow", "ndjson", "json"],
  framing: ["sse", "raw", "message"],
  columns: [
    ...COLUMNS.slice(0, 20),
    "timestamp,total_mb",
    "timestamp,timestamp",
    "nope",
    ["timestamp"],
    ["pid_hash"],
  ],
  where: FILTERS,
  since: TIMES,
  from: TIMES,
  to: TIMES,
  hours: ["1", "0.5", "0", "-1", "1e9", 1, 0.001, 1e9, -1],
  k: ["5", "2", "1", "1000", 5, 2, 1001],
  maxSuppressed: ["0.1", "1", 0.1, 2],
  compression: ["none", "gzip", "zstd", "brotli"],
  profile: ["pseudonymous", "anonymous", "raw"],
  whenFull: ["drop-oldest", "disconnect", "block"],
  all: ["true", "false", "yes"],
  sql: [...SQL, ...SQL, ...SQL, ...ENDLESS_SQL],
  params: [[], [1, "a", null, true], [1e308], ["x".repeat(1000)]],
  maxRows: [1, 10, 0, -1, 1_000_001],
  timeoutMs: [200, 1, 0],
  job: ["0123456789abcdef0123456789abcdef", "0".repeat(32)],
  id: ["1", "0123456789abcdef", "outlet-1"],
  transport: ["tcp", "zeromq", "pipe", "udp"],
  host: ["127.0.0.1", "::1", "localhost", "0.0.0.0", "8.8.8.8", "[::1]"],
  port: [0, 1, 80, 65_535, 65_536, -1],
  path: ["pipe-a", "pipe-b", "./pipe", "missing/pipe"],
  leaseMs: [1000, 1, 0, 3_600_001],
  leaseSeconds: [1, 60, 0, 3601],
  set: [
    {},
    { "log.level": "info" },
    { "log.level": "shout" },
    { "http.port": 1 },
    { nothing: 1 },
    { "sampler.memoryInterval": "1s" },
    { "sampler.processInterval": "2s" },
  ],
  persist: [false],
  token: ["x".repeat(16), "wrong"],
  metric: ["latency", "cpu/usage", "__proto__", "9lives"],
  metric_name: ["latency", "latency", "cpu/usage", "queue.depth", "__proto__", "constructor", "9lives", ""],
  value: [1, 0, -1, 150.5, 1e308, "1", null],
  group_by: ["service-1", "service-2", "__proto__", "ünï𝄞", "\ud800", null, "", 1],
  group: ["service-1", "__proto__", "\ud800", ""],
  timestamp: [...TIMES, null, 0, Date.UTC(2026, 0, 1), 1e300],
  window: ["1m", "5m", "250ms", "0s", "1y", "-1m", "1e9d"],
  limit: ["1", "1000", "0", "1001", "x"],
  after: ["latency", "", "\uffff"],
  ack: ["disk", "memory", "never"],
  key: ["k", "two words", "k".repeat(201)],
  next: ["0", "7", "-1", "1e3"],
  "Idempotency-Key": ["k1", "k2", "k3", "", "two words", "k".repeat(201)],
  "Content-Encoding": ["identity", "identity", "identity", "gzip", "zstd", "br", ""],
  "Last-Event-ID": ["0", "memory=1", "memory:1,process:2", "-1", "99999999999999999999"],
};

/** Texts that have broken something somewhere. */
const NASTY_TEXTS = [
  "",
  " ",
  "\0",
  "null",
  "undefined",
  "NaN",
  "Infinity",
  "-0",
  "0x10",
  "1e309",
  "9007199254740993",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "../../../etc/passwd",
  "..\\..\\x",
  "/etc/passwd",
  "C:\\x",
  "%00",
  "%ff%fe",
  "%zz",
  "$(id)",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "' OR '1'='1",
  '"; DROP TABLE memory; --',
  "a\r\nx-injected: 1",
  "\u202e\u200b\ufeff",
  "ünï𝄞👩‍👩‍👧",
  "\ud800",
  "A".repeat(300),
  "A".repeat(5000),
  ",".repeat(500),
  "a,".repeat(400),
  "2026-13-45T99:99:99Z",
  "-".repeat(100),
];
const NASTY_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  -0.5,
  1e308,
  2 ** 53,
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  { constructor: { prototype: 1 } },
  [1, "2", null, {}],
  Array.from({ length: 2000 }, (_, index) => index),
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index])),
];

/** A text for a parameter of this name. */
export function textFor(random: Random, name: string): string {
  const known = KNOWN[name];
  if (known !== undefined && random.chance(0.65)) return String(random.pick(known));
  return random.pick(NASTY_TEXTS);
}

/** A value for a member of this name, of any type. */
export function valueFor(random: Random, name: string): unknown {
  const known = KNOWN[name];
  if (known !== undefined && random.chance(0.7)) return random.pick(known);
  return random.chance(0.5) ? random.pick(NASTY_TEXTS) : random.pick(NASTY_VALUES);
}

/** A value that is nearly right, or undefined: nothing is known of this name. */
export function goodValue(random: Random, name: string): unknown {
  const known = KNOWN[name];
  return known === undefined ? undefined : random.pick(known);
}

export function nastyText(random: Random): string {
  return random.pick(NASTY_TEXTS);
}

export function nastyValue(random: Random): unknown {
  return random.chance(0.5) ? random.pick(NASTY_TEXTS) : random.pick(NASTY_VALUES);
}

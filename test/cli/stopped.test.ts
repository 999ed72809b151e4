/**
 * The commands on the store of a stopped Millrace: an export, and no command at all, as processes of their own with exit code and standard
 * output; all others in this one.
 */

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { HOUR_MS } from "../../actors/store/lake/manifest.ts";
import { segmentName } from "../../actors/store/log/log-format.ts";
import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed, datasets } from "../../datasets/index.ts";
import { lockFolder } from "../../runtime/folder-lock.ts";
import { TempStore } from "../actors/store/temp-store.ts";
import { type CliEnd, runCli } from "./run-cli.ts";
import { runHere } from "./run-here.ts";

const TIMEOUT = { timeout: 120_000 };
const START = Date.UTC(2026, 0, 1);
const FROM = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"];
const ROWS = 100;
const memory = datasetNamed("memory") as Dataset;

const store = makeStore();
const data = ["--data", store.at.dataFolder];
const folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
after(() => {
  for (const path of [store.at.dataFolder, folder]) rmSync(path, { recursive: true, force: true });
});

/** Half of its rows are in the lake. */
function makeStore(): TempStore {
  const made = new TempStore(datasets);
  for (let at = 0; at < ROWS; at += 20) {
    made.append(
      memory,
      Array.from({ length: 20 }, (_, index) => START + (at + index) * 60_000),
    );
  }
  made.compact(memory, { before: 0, hourMs: START + HOUR_MS, hourBefore: ROWS });
  made.log.close();
  return made;
}

const out = (name: string) => join(folder, name);
const memoryExport = (name: string, ...more: readonly string[]) =>
  runHere(["export", "--dataset", "memory", ...data, ...FROM, "--output", out(name), ...more]);

/** One line that says it, and nothing that is for programmers. */
function assertSaid({ code, stdout, stderr }: CliEnd, expected: number, said: RegExp): void {
  assert.equal(code, expected, stderr);
  assert.match(stderr, said);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.doesNotMatch(stderr, /^\s+at |Error:/m);
  assert.equal(stdout, "");
}

test(
  "export writes the file, private to its owner, and says what came of it on one line",
  TIMEOUT,
  async () => {
    const ended = await memoryExport("memory.csv");
    assertSaid(ended, 0, /memory\.csv: 100 rows, .* rows\/s\).*; csv, pseudonymous$/m);
    const lines = readFileSync(out("memory.csv"), "utf8").trimEnd().split("\n");
    assert.equal(lines.length, ROWS + 1);
    assert.match(lines[0]!, /^timestamp,total_mb,/);
    assert.equal(statSync(out("memory.csv")).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes("part")),
      [],
    );
  },
);

test(
  "export takes columns, a span, a compression by the file's name, and prints JSON when asked",
  TIMEOUT,
  async () => {
    const ended = await memoryExport(
      "some.csv.gz",
      ...["--columns", "available_mb,timestamp", "--to", "2026-01-01T00:10:00Z", "--json"],
    );
    assert.equal(ended.code, 0, ended.stderr);
    const stats = JSON.parse(ended.stdout) as Record<string, unknown>;
    assert.deepEqual(
      [stats["path"], stats["rows"], stats["format"], stats["compression"], stats["dataset"]],
      [out("some.csv.gz"), 10, "csv", "gzip", "memory"],
    );
    const text = gunzipSync(readFileSync(out("some.csv.gz"))).toString();
    assert.equal(text.split("\n")[0], "available_mb,timestamp");
    assert.equal(text.trimEnd().split("\n").length, 11);
  },
);

test("export to standard output is the file and nothing else", TIMEOUT, async () => {
  const ended = await runCli([
    "export",
    ...["--dataset", "memory", ...data, ...FROM, "--format", "jsonl", "--output", "-"],
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  const rows = ended.stdout.trimEnd().split("\n");
  assert.equal(rows.length, ROWS);
  for (const row of rows) JSON.parse(row);
  assert.match(ended.stderr, /^-: 100 rows/);
});

test("export of all datasets makes a folder with a file of each", TIMEOUT, async () => {
  const ended = await runHere([
    "export",
    "--all",
    ...data,
    ...FROM,
    "--format",
    "csv",
    "--output",
    out("all"),
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(readdirSync(out("all")).sort(), datasets.map(({ name }) => `${name}.csv`).sort());
  assert.equal(statSync(out("all")).mode & 0o777, 0o700);
  const again = await runHere(["export", "--all", ...data, "--format", "csv", "--output", out("all")]);
  assertSaid(again, 2, /memory\.csv is there already.*--force/);
});

test("a file that is there is left alone without --force", TIMEOUT, async () => {
  writeFileSync(out("mine.csv"), "mine");
  assertSaid(await memoryExport("mine.csv"), 2, /mine\.csv is there already; .*--force/);
  assert.equal(readFileSync(out("mine.csv"), "utf8"), "mine");
  assert.equal((await memoryExport("mine.csv", "--force")).code, 0);
  assert.notEqual(readFileSync(out("mine.csv"), "utf8"), "mine");
});

test("a policy that cannot be met ends with 3, and nothing is written", TIMEOUT, async () => {
  const ended = await memoryExport("anonymous.csv", "--anonymize", "--k", "1000");
  assertSaid(ended, 3, /k = 1000/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("anonymous")),
    [],
  );
});

test("an anonymous export has its report beside it, and says so", TIMEOUT, async () => {
  const ended = await memoryExport("shared.csv", "--anonymize", "--k", "2", "--max-suppressed", "0.5");
  assertSaid(ended, 0, /anonymous; \d+ rows left out, k \d+; report in .*shared\.csv\.privacy\.html$/m);
  for (const name of ["shared.csv", "shared.csv.privacy.json", "shared.csv.privacy.html"]) {
    assert.ok(existsSync(out(name)), name);
  }
});

for (const [what, args, code, said] of [
  ["no such dataset", ["--dataset", "proces", "--output", "x.csv"], 2, /--dataset: .*did you mean process\?/],
  ["no dataset", ["--output", "x.csv"], 2, /--dataset: .*--all/],
  ["no output", ["--dataset", "memory"], 2, /--output: expected the file to write/],
  [
    "no such format",
    ["--dataset", "memory", "--format", "xls", "--output", "x"],
    2,
    /--format: expected one of csv/,
  ],
  ["no format", ["--dataset", "memory", "--output", "x"], 2, /--format: .*name ends in one/],
  [
    "no such column",
    ["--dataset", "memory", "--columns", "a", "--output", "x.csv"],
    2,
    /expected columns of memory/,
  ],
  ["a bad filter", ["--dataset", "memory", "--where", "pid >", "--output", "x.csv"], 2, /./],
  [
    "a bad time",
    ["--dataset", "memory", "--from", "noon", "--output", "x.csv"],
    2,
    /--from: expected an ISO 8601/,
  ],
  [
    "two starts",
    ["--dataset", "memory", "--from", "2026-01-01T00:00:00Z", "--hours", "1", "--output", "x.csv"],
    2,
    /--hours/,
  ],
  [
    "a compression that the format has not",
    ["--dataset", "memory", "--compression", "zip", "--output", "x.csv"],
    2,
    /"zip"/,
  ],
  ["k alone", ["--dataset", "memory", "--k", "5", "--output", "x.csv"], 2, /--k: .*--anonymize/],
  [
    "k that is none",
    ["--dataset", "memory", "--anonymize", "--k", "1", "--output", "x.csv"],
    2,
    /from 2 to 1000; came 1/,
  ],
  ["an option that is not known", ["--datset", "memory"], 2, /--datset: .*did you mean --dataset\?/],
  ["an option without its value", ["--dataset"], 2, /--dataset: expected a value/],
  ["a word too many", ["memory", "--output", "x.csv"], 2, /"memory", which is one word too many/],
  [
    "a training set that is not declared",
    ["--training", "--dataset", "memory", "--output", "x.csv"],
    2,
    /--training: expected it with --dataset compression_telemetry; came memory/,
  ],
  ["no folder to write into", ["--dataset", "memory", "--output", "none/x.csv"], 1, /folder is not there/],
  [
    "a folder as the file",
    ["--dataset", "memory", "--format", "csv", "--output", ".", "--force"],
    1,
    /no file/,
  ],
] as const) {
  test(
    `export with ${what} ends with ${code}, says so on one line, and writes nothing`,
    TIMEOUT,
    async () => {
      const cwd = mkdtempSync(join(folder, "empty-"));
      assertSaid(await runHere(["export", ...data, ...args], { cwd }), code, said);
      assert.deepEqual(readdirSync(cwd), []);
    },
  );
}

test("a store that is not there, or is somebody else's, is named", TIMEOUT, async () => {
  const args = ["export", "--dataset", "memory", "--output", out("never.csv"), "--data"];
  assertSaid(await runHere([...args, out("nowhere")]), 2, /no store in .*nowhere.*--data.*--url/);
  mkdirSync(out("empty"));
  assertSaid(await runHere([...args, out("empty")]), 2, /no store in .*empty/);
  assert.deepEqual(readdirSync(out("empty")), []);
  const locked = lockFolder(store.at.dataFolder);
  assert.ok(locked.ok);
  try {
    const named = new RegExp(`in use by process ${process.pid}, since `);
    assertSaid(await runHere([...args, store.at.dataFolder]), 1, named);
    assertSaid(await runHere(["store", "verify", ...data]), 1, named);
    locked.lock.describe({ url: "http://127.0.0.1:9" });
    assertSaid(await runHere([...args, store.at.dataFolder]), 1, /nobody answers at http:\/\/127\.0\.0\.1:9/);
  } finally {
    locked.lock.release();
  }
  assert.ok(!existsSync(out("never.csv")));
});

test("the store is shown as a table, and as JSON", TIMEOUT, async () => {
  const table = await runHere(["store", "stats", ...data]);
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /^dataset +rows +lake +files +log +bytes\/min +first +last$/m);
  assert.match(table.stdout, /^memory +100 +\S+ KiB +1 .* 2026-01-01T00:00:00Z {2}2026-01-01T01:39:00Z$/m);
  assert.match(table.stdout, /^total +100 /m);
  const json = await runHere(["store", "stats", ...data, "--json"]);
  const { datasets: all } = JSON.parse(json.stdout) as { datasets: { dataset: string; rows: number }[] };
  assert.equal(all.find(({ dataset }) => dataset === "memory")?.rows, ROWS);
});

test(
  "a good store is verified; of a damaged one it is said what and where, and it ends with 1",
  TIMEOUT,
  async () => {
    const good = await runHere(["store", "verify", ...data]);
    assert.equal(good.code, 0, good.stdout + good.stderr);
    assert.match(good.stdout, /^good: 100 rows in /m);
    assert.equal(good.stderr, "");
    const damaged = makeStore();
    try {
      truncateSync(damaged.at.path(segmentName(1)), 3000);
      const bad = await runHere(["store", "verify", "--data", damaged.at.dataFolder]);
      assert.equal(bad.code, 1, bad.stdout + bad.stderr);
      assert.match(bad.stdout, /^log\/\S+.*: .*; .+$/m);
      assert.match(bad.stdout, /^not good: /m);
      const json = await runHere(["store", "verify", "--json", "--data", damaged.at.dataFolder]);
      assert.equal((JSON.parse(json.stdout) as { ok: boolean }).ok, false);
    } finally {
      rmSync(damaged.at.dataFolder, { recursive: true, force: true });
    }
  },
);

test("compacting a stopped one's store is not done, and it is said what to do", TIMEOUT, async () => {
  assertSaid(await runHere(["store", "compact", ...data]), 1, /stopped Millrace's: start Millrace/);
});

/** Each loads DuckDB anew, for which a busy host takes long: so a test asks but one. */
const ask = (...more: readonly string[]) => {
  const sql = "select count(*) as n, ? as text, ? as number from memory";
  return runHere(["query", sql, "--param", "a b", "--param", "7", ...data, ...more]);
};

test("a query is answered as CSV where there is no terminal", TIMEOUT, async () => {
  const csv = await ask();
  assert.equal(csv.code, 0, csv.stderr);
  assert.equal(csv.stdout, "n,text,number\n100,a b,7\n");
});

test("a query is answered as a table", TIMEOUT, async () => {
  const table = await ask("--format", "table");
  assert.equal(table.stdout, "  n  text  number\n───  ────  ──────\n100  a b        7\n");
  assert.equal(table.stderr, "1 row\n");
});

test("a query is answered into a file of the form that its name says", TIMEOUT, async () => {
  assert.equal((await ask("--output", out("answer.json"))).stdout, "");
  const json = JSON.parse(readFileSync(out("answer.json"), "utf8")) as { rows: unknown };
  assert.deepEqual(json.rows, [{ n: 100, text: "a b", number: 7 }]);
  assertSaid(await ask("--output", out("answer.json")), 2, /answer\.json is there already.*--force/);
});

test(
  "a query of a table that is not there says where in the text that is, and which there are",
  TIMEOUT,
  async () => {
    const ended = await runHere(["query", ...data, "from nonesuch"]);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /nonesuch does not exist[\s\S]*LINE 1[\s\S]*memory, process/);
    assert.doesNotMatch(ended.stderr, /^\s+at /m);
  },
);

for (const [what, args, said] of [
  ["no SQL", [], /expected SQL/],
  ["what would write", ["create table x (y int)"], /reads.*came CREATE/],
  [
    "a form that is none",
    ["select 1", "--format", "xml"],
    /--format: expected one of table, json, csv, arrow/,
  ],
  [
    "rows that are no number",
    ["select 1", "--max-rows", "many"],
    /--max-rows: expected a number; came "many"/,
  ],
  ["a word without quotes", ["select", "1"], /"1", which is one word too many; put quotes/],
] as const) {
  test(`a query with ${what} ends with 2, and says so on one line`, TIMEOUT, async () => {
    assertSaid(await runHere(["query", ...data, ...args]), 2, said);
  });
}

test(
  "help and version go to standard output, and every help says what the exit codes mean",
  TIMEOUT,
  async () => {
    for (const args of [
      ["--help"],
      ["-h"],
      ["export", "--help"],
      ["query", "--help"],
      ["store", "--help"],
      ["store", "verify", "-h"],
    ]) {
      const help = await runHere(args);
      assert.equal(help.code, 0);
      assert.equal(help.stderr, "");
      assert.match(
        help.stdout,
        /EXIT CODES\n\n {4}0 {2}done\n[\s\S]* {4}3 {2}the privacy policy[\s\S]* {2}130 /,
      );
      assert.ok(!help.stdout.includes("\u001b"), "escape codes where there is no terminal");
    }
    assert.match((await runHere(["--version"])).stdout, /^millrace \d+\.\d+\.\d+\n$/);
  },
);

test("no command, or one that is not known, ends with 2", TIMEOUT, async () => {
  const none = await runCli([]);
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /expected a command: start, export, query, validate, agreement, store, dead-letters; came nothing\n$/,
  );
  assertSaid(await runHere(["exprt"]), 2, /did you mean millrace export\?/);
  assertSaid(await runHere(["store", "stat"]), 2, /did you mean millrace store stats\?/);
});

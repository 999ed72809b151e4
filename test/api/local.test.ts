/**
 * The store of a stopped Millrace, from a program. What would fail here: a log that was changed by who only reads it, rows behind
 * a torn end, an export that disturbs another, a lock that is not given back, and an error that is thrown instead of told.
 */

import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readLogEnd } from "../../actors/store/log/log-end.ts";
import { type LocalStoreClient, openLocalStore } from "../../api/index.ts";
import { datasets } from "../../datasets/index.ts";
import { memory } from "../../datasets/memory.ts";
import { process } from "../../datasets/process.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { lockFolder } from "../../runtime/folder-lock.ts";
import { readCsv, readParquet } from "../actors/exporter/read-files.ts";
import { START_MS } from "../actors/store/log/temp-log.ts";
import { TempStore } from "../actors/store/temp-store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let store: TempStore;
let folder: string;
let clients: LocalStoreClient[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-local-"));
  store = new TempStore(datasets, 5, { segmentBytes: 30_000 });
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  store.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Rows of ten hours, a minute apart: of the first four in the lake. Nobody writes it any more. */
function fill(): void {
  for (let hour = 0; hour < 10; hour++) {
    store.append(
      process,
      Array.from({ length: 60 }, (_, minute) => START_MS + (hour * 60 + minute) * MINUTE_MS),
    );
  }
  store.compact(process, { before: 100, hourMs: START_MS + 4 * HOUR_MS, hourBefore: 600 });
  store.log.close();
}

function open(nowMs = START_MS + 10 * HOUR_MS): LocalStoreClient {
  const opened = openLocalStore({ dataFolder: store.at.dataFolder, clock: new VirtualClock(nowMs) });
  assert.ok(opened.ok, JSON.stringify(opened));
  clients.push(opened.client);
  return opened.client;
}

const out = (name: string) => join(folder, name);
const csv = (name: string) => readCsv(process, readFileSync(out(name)));

describe("a store that is opened", () => {
  test("gives a range, and the last hours, from log and lake", async () => {
    fill();
    const client = open();
    const all = await client.exportRange({ dataset: "process", format: "csv", output: out("all.csv") });
    assert.ok(all.ok && all.path === out("all.csv") && all.stats.rows === 600, JSON.stringify(all));
    assert.deepEqual(csv("all.csv"), store.expect(process));
    const [from, to] = [START_MS + 90 * MINUTE_MS, START_MS + 5 * HOUR_MS];
    const wanted = store.expect(process, { fromMs: from, toMs: to });
    const moments = [
      [from, to],
      [new Date(from), new Date(to)],
      ["2026-01-01T01:30:00Z", "2026-01-01T06:00:00+01:00"],
    ] as const;
    for (const [from, to] of moments) {
      const range = {
        dataset: "process",
        format: "csv",
        output: out("range.csv"),
        force: true,
        from,
        to,
      } as const;
      assert.ok((await client.exportRange(range)).ok);
      assert.deepEqual(csv("range.csv"), wanted);
    }
    const recent = { dataset: "process", format: "csv", output: out("recent.csv"), force: true } as const;
    assert.ok((await client.exportRecent({ ...recent, hours: 1.5 })).ok);
    assert.deepEqual(csv("recent.csv"), store.expect(process, { fromMs: START_MS + 8.5 * HOUR_MS }));
    assert.ok((await client.exportRecent(recent)).ok);
    assert.equal(csv("recent.csv").length, 600);
  });

  test("takes every option that an order has", async () => {
    fill();
    const client = open();
    const result = await client.exportRange({
      dataset: "process",
      format: "csv",
      output: out("some.csv.gz"),
      columns: ["pid", "timestamp"],
      where: "pid < 2000000000",
      compression: "gzip",
    });
    assert.ok(result.ok && result.stats.compression === "gzip", JSON.stringify(result));
    const rows = readCsv(process, gunzipSync(readFileSync(out("some.csv.gz"))));
    assert.deepEqual(
      rows,
      store.expect(process, { columns: ["pid", "timestamp"] }).filter(({ pid }) => Number(pid) < 2e9),
    );
    const parquet = await client.exportRange({
      dataset: "process",
      format: "parquet",
      output: out("p"),
      to: START_MS + HOUR_MS,
    });
    assert.ok(parquet.ok && parquet.stats.copiedRows === 60);
    assert.deepEqual(
      await readParquet(process, readFileSync(out("p"))),
      store.expect(process, { toMs: START_MS + HOUR_MS }),
    );
  });

  test("makes several exports, and counts, at the same time", async () => {
    // Batches that a compressor does not take at once.
    for (let batch = 0; batch < 12; batch++) {
      store.append(
        process,
        Array.from({ length: 2000 }, (_, row) => START_MS + (batch * 2000 + row) * 1000),
      );
    }
    store.log.close();
    const client = open();
    const ranges = [0, 3000, 7000, 12_000];
    const answers = await Promise.all([
      ...ranges.map((from, index) =>
        client.exportRange({
          dataset: "process",
          format: "csv",
          // Which waits for its compressor with rows in hand.
          compression: index < 3 ? "gzip" : "none",
          from: START_MS + from * 1000,
          output: out(`${from}`),
        }),
      ),
      client.stats(),
    ]);
    assert.ok(
      answers.every(({ ok }) => ok),
      JSON.stringify(answers),
    );
    for (const [index, from] of ranges.entries()) {
      const bytes = readFileSync(out(`${from}`));
      const rows = readCsv(process, index < 3 ? gunzipSync(bytes) : bytes);
      assert.deepEqual(rows, store.expect(process, { fromMs: START_MS + from * 1000 }));
    }
  });

  test("makes anonymous files with their reports beside them, or none", async () => {
    fill();
    const client = open();
    const anonymous = {
      dataset: "process",
      format: "csv",
      output: out("a.csv"),
      profile: "anonymous",
    } as const;
    const made = await client.exportRange({ ...anonymous, k: 2, maxSuppressed: 1 });
    assert.ok(made.ok && made.privacy !== undefined, JSON.stringify(made));
    assert.equal(made.privacy.kept, true);
    assert.deepEqual(JSON.parse(readFileSync(out("a.csv.privacy.json"), "utf8")), made.privacy);
    assert.match(readFileSync(out("a.csv.privacy.html"), "utf8"), /process/);
    assert.equal(made.stats.rows + made.stats.suppressedRows, 600);
    assert.equal(made.privacy.rows.exported, made.stats.rows);
    assert.equal(made.privacy.rows.suppressed, made.stats.suppressedRows);
    assert.equal(readFileSync(out("a.csv"), "utf8").trimEnd().split("\n").length, 1 + made.stats.rows);
    // Sixty rows an hour: no class can have so many when none may be left out.
    const names = readdirSync(folder);
    const refused = await client.exportRange({
      ...anonymous,
      output: out("b.csv"),
      k: 1000,
      maxSuppressed: 0,
    });
    assert.ok(!refused.ok && refused.reason === "below-policy", JSON.stringify(refused));
    assert.deepEqual(readdirSync(folder), names);
    // A file of another profile in its place has no such report.
    const { profile: _, ...plain } = anonymous;
    assert.ok((await client.exportRange({ ...plain, force: true })).ok);
    assert.deepEqual(readdirSync(folder), ["a.csv"]);
  });

  test("is not changed, and what a crash left at its end is neither read nor cut off", async () => {
    fill();
    const last = store.at.names().at(-1)!;
    const torn = Buffer.from([9, 9, 9, 9, 200, 0, 0, 0, 2, 0, 0, 0]);
    appendFileSync(store.at.path(last), torn);
    const before = store.at.names().map((name) => [name, store.at.bytes(name).toString("hex")]);
    const client = open();
    const result = await client.exportRange({ dataset: "process", format: "csv", output: out("all.csv") });
    assert.ok(result.ok && result.stats.rows === 600, JSON.stringify(result));
    assert.ok((await client.stats()).ok);
    await client.close();
    assert.deepEqual(
      store.at.names().map((name) => [name, store.at.bytes(name).toString("hex")]),
      before,
    );
    assert.equal(existsSync(join(store.at.dataFolder, "exports")), false);
  });

  test("says what is in it, and whether it is whole", async () => {
    fill();
    const client = open();
    const answer = await client.stats();
    assert.ok(answer.ok);
    const stats = answer.stats.datasets.find(({ dataset }) => dataset === "process");
    assert.deepEqual([stats?.rows, stats?.lakeRows], [600, 240]);
    let progress = 0;
    const report = client.verify({ onProgress: () => progress++ });
    assert.ok(report.ok && report.rows === 600, JSON.stringify(report));
    assert.ok(progress > 5);
  });

  test("clears away what a process that was killed left of its exports", () => {
    fill();
    mkdirSync(join(store.at.dataFolder, "exports", "left"), { recursive: true });
    writeFileSync(join(store.at.dataFolder, "exports", "left", "export.sqlite"), "half");
    open();
    assert.equal(existsSync(join(store.at.dataFolder, "exports")), false);
  });
});

describe("a store is refused", () => {
  test("while another has it, and it says who, and where to ask", () => {
    fill();
    const locked = lockFolder(store.at.dataFolder);
    assert.ok(locked.ok);
    const refused = openLocalStore({ dataFolder: store.at.dataFolder });
    assert.ok(!refused.ok && refused.reason === "in-use");
    assert.match(refused.owner, /^process \d+, since /);
    assert.equal(refused.url, undefined);
    assert.match(refused.message, /is in use by process \d+, since \S+: end it first$/);
    locked.lock.describe({ url: "http://127.0.0.1:1234" });
    const listening = openLocalStore({ dataFolder: store.at.dataFolder });
    assert.ok(!listening.ok && listening.reason === "in-use" && listening.url === "http://127.0.0.1:1234");
    assert.match(listening.message, /: ask it at http:\/\/127\.0\.0\.1:1234, or end it first$/);
    locked.lock.release();
    open();
    assert.equal(openLocalStore({ dataFolder: store.at.dataFolder }).ok, false);
  });

  test("where there is none, and nothing is made there", () => {
    for (const dataFolder of [folder, join(folder, "none")]) {
      const refused = openLocalStore({ dataFolder });
      assert.ok(!refused.ok && refused.reason === "no-store");
      assert.match(
        refused.message,
        /there is no store in .*: give the folder that Millrace keeps its data in$/,
      );
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  test("when its log's head cannot be read, and its lock is given back", () => {
    fill();
    const last = store.at.names().at(-1)!;
    const bytes = store.at.bytes(last);
    bytes[60]! ^= 1;
    writeFileSync(store.at.path(last), bytes);
    for (let attempt = 0; attempt < 2; attempt++) {
      const refused = openLocalStore({ dataFolder: store.at.dataFolder });
      assert.ok(!refused.ok && refused.reason === "damaged", JSON.stringify(refused));
    }
  });
});

describe("an export is refused", () => {
  test("for what the order cannot be, by the same words as at every door", async () => {
    fill();
    const client = open();
    const base = { dataset: "process", format: "csv", output: out("x") } as const;
    const cases = [
      [client.exportRange({ ...base, dataset: "prozess" }), "unknown-dataset", /came "prozess"$/],
      [client.exportRange({ ...base, format: "xls" as never }), "unknown-format", /came "xls"$/],
      [client.exportRange({ ...base, columns: ["x"] }), "unknown-column", /came "x"$/],
      [client.exportRange({ ...base, where: "x = 1" }), "bad-filter", /x/],
      [client.exportRange({ ...base, k: 3 }), "bad-option", /^expected k with the profile anonymous only/],
      [
        client.exportRange({ ...base, from: "yesterday" }),
        "bad-range",
        /^expected from to be a time: .*; came "yesterday"$/,
      ],
      [client.exportRange({ ...base, to: new Date("no date") }), "bad-range", /^expected to to be a time: /],
      [client.exportRange({ ...base, from: 2, to: 1 }), "bad-range", /start before its end/],
      [
        client.exportRecent({ ...base, hours: 0 }),
        "bad-range",
        /^expected hours to be a number above 0.*; came 0$/,
      ],
      [client.exportRecent({ ...base, hours: Number.NaN }), "bad-range", /came NaN$/],
      [
        client.exportRange({ ...base, output: join(folder, "none", "x") }),
        "unwritable",
        /make the folder first/,
      ],
    ] as const;
    for (const [answer, reason, message] of cases) {
      const refused = await answer;
      assert.ok(!refused.ok, "it was let through");
      assert.equal(refused.reason, reason, refused.message);
      assert.match(refused.message, message);
    }
    writeFileSync(out("x"), "mine");
    const there = await client.exportRange(base);
    assert.ok(!there.ok && there.reason === "exists");
    assert.equal(readFileSync(out("x"), "utf8"), "mine");
    assert.deepEqual(readdirSync(folder), ["x"]);
  });

  test("after the store was closed, which waits for those under way", async () => {
    fill();
    const client = open();
    const underWay = client.exportRange({ dataset: "process", format: "csv", output: out("all.csv") });
    await client.close();
    assert.ok((await underWay).ok);
    const late = await client.exportRange({ dataset: "process", format: "csv", output: out("late.csv") });
    assert.ok(!late.ok && late.reason === "closed");
    const query = await client.query("select 1");
    assert.ok(!query.ok && query.reason === "closed");
    const stats = await client.stats();
    assert.ok(!stats.ok && stats.reason === "closed");
    assert.deepEqual(readdirSync(folder), ["all.csv"]);
  });
});

describe("the end of a log that is only read", () => {
  test("is what its writer finds", () => {
    for (const segmentBytes of [2 ** 20, 3000]) {
      const made = new TempStore([memory, process], 3, { segmentBytes });
      try {
        made.append(memory, [START_MS, START_MS + 1]);
        made.append(
          process,
          Array.from({ length: 50 }, (_, row) => START_MS + row),
        );
        made.log.skipTo("memory", 7);
        made.log.appendCounts({ memory: { rejected: {}, dropped: {}, nextSequence: 9 } });
        made.log.sync();
        made.append(process, [START_MS]);
        const written = made.log.counts();
        made.log.close();
        const ends = readLogEnd(made.source);
        for (const name of ["memory", "process"]) {
          const { stored, nextSequence } = written.get(name)!;
          assert.deepEqual(
            [ends.get(name)?.stored, ends.get(name)?.nextSequence],
            [stored, nextSequence],
            name,
          );
        }
        assert.equal(ends.get("memory")?.nextSequence, 9);
      } finally {
        made.remove();
      }
    }
    assert.equal(readLogEnd({ ...store.source, dataFolder: join(folder, "none") }).size, 0);
  });
});

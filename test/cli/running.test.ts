/** The commands through a running Millrace: a whole one, and one whose exporter does what the test wants. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ExportJob } from "../../actors/exporter/protocol.ts";
import { type HttpServer, startHttp } from "../../http/serve.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { Server } from "../e2e/server.ts";
import { temporaryFolder, until } from "../e2e/support.ts";
import { aJob } from "../http/jobs.ts";
import { good, statusOf } from "../http/support.ts";
import { runCli } from "./run-cli.ts";

const TIMEOUT = { timeout: 180_000 };
const FAST = ["--port", "0", "--sampler.memoryIntervalMs", "100ms", "--sampler.processIntervalMs", "1s"];
const TOKEN = "correct-horse-battery-staple";

test(
  "a running one is found by its folder or by its address, and asked instead of its store",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, "data");
    const server = new Server(t, [...FAST, "--data", data], { env: { MILLRACE_HTTP_TOKEN: TOKEN } });
    const url = await server.ready();
    const env = { MILLRACE_HTTP_TOKEN: TOKEN };
    const headers = { authorization: `Bearer ${TOKEN}` };
    const stored = async () => {
      const response = await fetch(`${url}/v1/ledger`, { headers });
      const ledger = (await response.json()) as { datasets: { memory: { stored: number } } };
      return ledger.datasets.memory.stored;
    };
    await until("there are rows", async () => (await stored()) > 5);

    const byFolder = join(folder, "by-folder.csv");
    const first = await runCli(["export", "--dataset", "memory", "--data", data, "--output", byFolder], {
      env,
    });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /by-folder\.csv: \d+ rows, .*; csv, pseudonymous\n$/);
    assert.ok(readFileSync(byFolder, "utf8").split("\n").length > 6);

    const byUrl = join(folder, "by-url.parquet");
    const second = await runCli(["export", "--dataset", "process", "--url", url, "--output", byUrl], { env });
    assert.equal(second.code, 0, second.stderr);
    assert.equal(readFileSync(byUrl).subarray(0, 4).toString(), "PAR1");

    const denied = await runCli([
      "export",
      "--dataset",
      "memory",
      "--url",
      url,
      "--output",
      join(folder, "no.csv"),
    ]);
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /wants a token.*MILLRACE_HTTP_TOKEN/);

    // Of a day without rows, as the hour may end meanwhile: of one that is not over there are none, of one that is there are enough.
    const empty = ["--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"];
    const anonymous = ["--anonymize", ...empty, "--output", join(folder, "no.csv")];
    const below = await runCli(["export", "--dataset", "process", "--data", data, ...anonymous], { env });
    assert.equal(below.code, 3, below.stderr);

    const compacted = await runCli(["store", "compact", "--all", "--data", data], { env });
    assert.match(compacted.stdout, /^\d[\d ]* rows were compacted into \d+ files\n$/);
    const stats = await runCli(["store", "stats", "--url", url, "--json"], { env });
    const { datasets } = JSON.parse(stats.stdout) as { datasets: { dataset: string; lakeRows: number }[] };
    assert.ok(datasets.find(({ dataset }) => dataset === "memory")!.lakeRows > 5);

    const query = await runCli(["query", "select count(*) > 5 as many from memory", "--data", data], { env });
    assert.equal(query.stdout, "many\ntrue\n", query.stderr);

    assert.deepEqual(readdirSync(folder).sort(), ["by-folder.csv", "by-url.parquet", "data"]);
    const isRemoved = async () => {
      const response = await fetch(`${url}/v1/exports`, { headers });
      const list = (await response.json()) as { exports: { state: string }[] };
      return !list.exports.some(({ state }) => state === "done");
    };
    // The command does not wait for it for long, and a server that is slow does it in its own time.
    await until("what was fetched is removed at the server", isRemoved);
  },
);

async function fake(answer: (message: Message) => AskResult<unknown>): Promise<HttpServer> {
  return startHttp({
    settings: { http: { host: "127.0.0.1", port: 0 } },
    system: {
      ask: async <T>(_to: string, message: Message) => answer(message) as AskResult<T>,
      status: () => statusOf({}),
      command: async () => ({ ok: true }),
    },
    ledger: () => [],
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`on ${signal} an export is cancelled where it is made, and leaves nothing`, TIMEOUT, async (t) => {
    const folder = temporaryFolder(t);
    const asked: string[] = [];
    let onWatched: () => void = () => {};
    const watched = new Promise<void>((resolve) => {
      onWatched = resolve;
    });
    const http = await fake(({ kind }) => {
      asked.push(kind);
      if (kind === "export.job") onWatched();
      return good({ ok: true, job: aJob() satisfies ExportJob });
    });
    t.after(() => http.close());
    const output = join(folder, "out.csv");
    const ended = runCli(["export", "--dataset", "memory", "--url", http.url, "--output", output], {
      onStart: (kill) => void watched.then(() => kill(signal)),
    });
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /cancelled/);
    assert.deepEqual(readdirSync(folder), []);
    // The command waits for it for two seconds, which may be less than this process takes to hear of it.
    await until("it is cancelled here", () => asked.includes("export.cancel"));
  });
}

test("an export whose server ends is not taken for done", TIMEOUT, async (t) => {
  const folder = temporaryFolder(t);
  let onRead: () => void = () => {};
  const read = new Promise<void>((resolve) => {
    onRead = resolve;
  });
  const stats = { rows: 1, bytes: 2 ** 30 };
  const http = await fake(({ kind }) => {
    if (kind === "export.read") onRead();
    return kind === "export.read"
      ? good({ ok: true, bytes: new Uint8Array(2 ** 16), fileBytes: 2 ** 30 })
      : good({ ok: true, job: aJob({ state: "done", stats: stats as ExportJob["stats"] }) });
  });
  t.after(() => http.close());
  void read.then(() => http.close());
  const output = join(folder, "out.csv");
  const ended = await runCli(["export", "--dataset", "memory", "--url", http.url, "--output", output]);
  assert.equal(ended.code, 1, ended.stderr);
  assert.match(ended.stderr, /the connection to .* broke/);
  assert.deepEqual(readdirSync(folder), []);
});

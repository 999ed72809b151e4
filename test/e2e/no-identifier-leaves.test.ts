/**
 * Promise 1: no raw identifier is in any file, stream, log line, metric or error message. A process with a canary name runs
 * on this host; when a sample that holds it has been stored and streamed, everything that Millrace wrote or said is searched
 * for that name, its path and arguments, and for what else is particular to this host.
 *
 * Breaks when a raw column is part of what is public, when the wiping is left out, when a log line or an error quotes a
 * reading, when a name is hashed without the key, or when the key itself gets about.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import nodeProcess from "node:process";
import { type TestContext, test } from "node:test";
import { keyPath } from "../../actors/anonymizer/key.ts";
import { datasets } from "../../datasets/index.ts";
import { process as processDataset } from "../../datasets/process.ts";
import { pseudonymOf } from "../actors/anonymizer/reference.ts";
import { readCsv, readParquet } from "../actors/exporter/read-files.ts";
import {
  assertAbsent,
  filesBelow,
  type Haystack,
  isText,
  keyForms,
  secret,
  secretForms,
  textForms,
  textOf,
  usedPages,
} from "./haystacks.ts";
import { EventStream, Server } from "./server.ts";
import { afterwards, buildHouse, houseOptions, temporaryFolder, until } from "./support.ts";

const isLinux = nodeProcess.platform === "linux";
const skip = isLinux ? false : "reads process names from /proc";
/** Shorter ones occur in any binary file, or are words of ours. */
const TELLING_CHARACTERS = 6;
const RESTARTS = 3;
/** What a host says that has no name, or a runtime that does not know the user's. */
const PLACEHOLDERS: readonly string[] = ["localhost", "unknown"];

const QUERIES = ["select * from process", "select name from process", "select * from '/proc/self/comm'"];

test("no identifier of this host leaves the process", { timeout: 180_000, skip }, async (t) => {
  const folder = temporaryFolder(t);
  const canary = await Canary.start(t);
  const server = new Server(t, [
    ...["--port", "0", "--data", folder, "--log.level", "trace"],
    ...["--sampler.processIntervalMs", "1000", "--sampler.memoryIntervalMs", "250"],
  ]);
  const url = await server.ready();
  const stream = await EventStream.open(`${url}/v1/streams/all`, t);
  const running = new Set(runningNames());

  const key = readFileSync(keyPath(folder));
  const nameHash = pseudonymOf(key, "process-name", canary.name).u64;
  const pid = pseudonymOf(key, "process-id", canary.pid).u32;
  const streamed = () => canaryEvents(stream, nameHash);
  await until("the canary is on the stream", () => streamed().length >= 2);
  // While its name is in the hands of actors that come and go.
  for (let restart = 0; restart < RESTARTS; restart++) {
    for (const actor of ["anonymizer", "sampler", "recorder"]) {
      const before = streamed().length;
      await fetch(`${url}/v1/actors/${actor}/restart`, { method: "POST" });
      await until(`rows come after ${actor} was restarted`, () => streamed().length > before, 60_000);
    }
  }
  for (const { data } of streamed()) assert.equal(JSON.parse(data).pid, pid);
  const group = secret(20);
  const aggregated = await aggregate(url, group);
  const groupHash = pseudonymOf(key, "metric-group", group).u64.toString(16).padStart(16, "0");
  assert.ok(
    aggregated.some(({ bytes }) => bytes.includes(groupHash)),
    "the group is told of by its pseudonym",
  );

  // So that the lake is among the files, and what is read back comes from both.
  const moved = await fetch(`${url}/v1/store/compact?all=true`, { method: "POST" });
  assert.equal(moved.status, 200, await moved.text());
  const said = [...aggregated, ...(await everythingSaid(url))];
  const stored = await exportedRows(said);
  for (const [format, rows] of Object.entries(stored)) {
    const own = rows.filter((row) => row["name_hash"] === nameHash);
    assert.ok(own.length >= 2, `the canary is in the ${format} export`);
    for (const row of own) assert.equal(row["pid"], pid, `its pid in the ${format} export is its pseudonym`);
    assert.ok(!rows.some((row) => row["pid"] === canary.pid), `no raw process id is in the ${format} export`);
  }
  for (const name of runningNames()) running.add(name);
  // As they are while it runs: locks and unfinished files are there only now.
  const live = filesBelow(folder);
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });

  const streamText = { where: "the stream", bytes: Buffer.from(stream.text) };
  const errors = { where: "standard error", bytes: Buffer.from(server.stderr) };
  const output = { where: "standard output", bytes: Buffer.from(server.stdout) };
  const files = [...live, ...filesBelow(folder)];
  assert.ok(
    files.some(({ where }) => where.includes("/lake/process/")),
    "the lake is among the files",
  );
  const everything = [...files, ...said, streamText, errors, output];
  // Decompressed, as a name within compressed pages would not be found.
  const parquetValues = { where: "values of the parquet export", bytes: textOf(stored.parquet) };
  const rowsOnly = [
    ...files,
    ...said.filter(({ where }) => where.includes("/v1/export/")),
    streamText,
    parquetValues,
  ];
  assert.ok(files.some(({ bytes }) => bytes.byteLength > 10_000) && stream.text.length > 10_000);

  for (const secret of [...canary.secrets, group])
    assertAbsent(secretForms(secret), [...everything, parquetValues]);
  for (const text of particulars()) assertAbsent(textForms(text), [...everything, parquetValues]);
  const own = vocabulary(said);
  // A name such as `root` may be a word of ours elsewhere; among rows it is none.
  const names = [...users(), ...running].filter((name) => !own.includes(name));
  for (const name of names) {
    if (name.length >= TELLING_CHARACTERS) assertAbsent(textForms(name), rowsOnly);
    else assertAbsent(textForms(name), rowsOnly.filter(isText));
  }
  const keyless = [...everything, parquetValues].filter(({ where }) => !where.endsWith("pseudonym.key"));
  assertAbsent(keyForms(key), keyless);
});

test("no identifier stays in the memory when the anonymizer's thread is killed", {
  timeout: 120_000,
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const canary = await Canary.start(t);
  const threads = { anonymizer: "thread-of-anonymizer", sampler: "thread-of-sampler" };
  const system = buildHouse(houseOptions(folder, { threads }));
  assert.deepEqual(await system.start(), { ok: true });
  const restarts = (actor: string) =>
    system
      .status()
      .supervisors.children.flatMap(({ subtree }) => subtree?.children ?? [])
      .find(({ name }) => name === actor)!;
  const lane = () => system.status().lanes.find(({ lane: name }) => name === processDataset.name)!;
  const caughtUp = (from: number) =>
    lane().published > from && lane().stages.every(({ lagSlots }) => lagSlots === 0);
  for (let kill = 1; kill <= RESTARTS; kill++) {
    const from = lane().published;
    await until("a sample is in the lane", () => lane().published > from);
    assert.ok(system.killThread(threads.anonymizer));
    await until(
      "the anonymizer runs again",
      () => restarts("anonymizer").restarts >= kill && restarts("anonymizer").state === "running",
    );
    await until("samples get through", () => caughtUp(from + 1));
  }
  await system.stop();
  const key = readFileSync(keyPath(folder));
  const stored = filesBelow(folder).filter(({ where }) => where.endsWith(".log"));
  const hash = Buffer.alloc(8);
  hash.writeBigUInt64LE(pseudonymOf(key, "process-name", canary.name).u64);
  assert.ok(
    stored.some(({ bytes }) => bytes.includes(hash)),
    "the canary was sampled",
  );
  const memory = usedPages(system.memory);
  assert.ok(memory.length > 0);
  assertAbsent(canary.secrets.flatMap(textForms), [...memory, ...filesBelow(folder)]);
  assertAbsent(keyForms(key), memory);
});

/** A process whose name, path, working folder, arguments and environment hold what nobody else's do. */
class Canary {
  readonly name = secret(15);
  readonly secrets: readonly string[];
  readonly #child: ChildProcess;

  constructor(t: TestContext) {
    const [pathPart, argument, variable] = [secret(20), secret(20), secret(20)];
    const folder = join(temporaryFolder(t), pathPart);
    mkdirSync(folder);
    const path = join(folder, this.name);
    // A name of the shell: a process is called as the file that was executed, and it waits as long as nobody writes to it.
    symlinkSync("/bin/sh", path);
    this.#child = spawn(path, ["-c", `read line # ${argument}`], {
      argv0: "sh",
      cwd: folder,
      env: { CANARY: variable },
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.secrets = [this.name, pathPart, argument, variable];
    afterwards(t, () => this.#child.kill("SIGKILL"));
  }

  /** Resolves when the host calls it by its name. */
  static async start(t: TestContext): Promise<Canary> {
    const canary = new Canary(t);
    const commOf = () => readFileSync(`/proc/${canary.pid}/comm`, "utf8").trim();
    await until("the canary runs", () => commOf() === canary.name);
    return canary;
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail("the canary did not start");
  }
}

function canaryEvents(stream: EventStream, nameHash: bigint) {
  const quoted = `"${nameHash}"`;
  return stream.events().filter(({ event, data }) => event === "process" && data.includes(quoted));
}

/** What each address answers, errors included. */
async function everythingSaid(url: string): Promise<Haystack[]> {
  const exports = datasets.flatMap(({ name }) => [
    `/v1/export/${name}.csv?hours=1`,
    `/v1/export/${name}.parquet?hours=1`,
  ]);
  const paths = [
    ...["/", "/health", "/metrics", "/v1/actors", "/v1/datasets", "/v1/ledger"],
    ...datasets.map(({ name }) => `/v1/datasets/${name}`),
    ...exports,
    ...["json", "jsonl", "sqlite", "arrow", "arrows"].map((format) => `/v1/export/process.${format}?hours=1`),
    ...["/v1/store", "/v1/exports"],
    ...[
      "/v1/export/process.csv?where=name%3D1",
      "/v1/export/process.csv?hours=abc",
      "/v1/export/process.csv?from=yesterday",
      "/v1/export/process.doc",
    ],
    ...["/v1/export/people.csv", "/v1/streams/people", "/v1/datasets/people", "/nowhere"],
  ];
  const asked = [...paths.map((path) => ({ path, init: {} })), ...QUERIES.map(queryOf)];
  return Promise.all(
    asked.map(async ({ path, init }) => {
      const response = await fetch(url + path, init);
      const head = [...response.headers].map((header) => header.join(": ")).join("\n");
      const body = Buffer.from(await response.arrayBuffer());
      return { where: `the answer to ${path}`, bytes: Buffer.concat([Buffer.from(`${head}\n\n`), body]) };
    }),
  );
}

/** Sends values of a group, good ones and wrong ones, asks for them, and makes the mistakes that can be made about it. */
async function aggregate(url: string, group: string): Promise<Haystack[]> {
  const value = { metric_name: "latency", value: 1, group_by: group };
  const bodies: readonly unknown[] = [
    value,
    [
      value,
      { ...value, value: group },
      { ...value, group_by: [group] },
      { ...value, group_by: { [group]: 1 } },
    ],
    { ...value, group_by: group.repeat(20) },
    { ...value, timestamp: 1_000_000_000_000 },
    { ...value, value: null },
  ];
  const headers = { "content-type": "application/json" };
  const posts = bodies.map((body) => ({
    path: "/pipeline/aggregate",
    init: { method: "POST", headers, body: JSON.stringify(body) },
  }));
  const paths = [
    ...["/pipeline/stats/latency", "/pipeline/all-stats", "/metrics"],
    ...[group, `${group}?`, group.repeat(20), `${group}&window=1y`].map(
      (asked) => `/pipeline/stats/latency?group=${asked}`,
    ),
  ];
  const said: Haystack[] = [];
  for (const { path, init } of [...posts, ...paths.map((path) => ({ path, init: {} }))]) {
    const response = await fetch(url + path, init);
    const head = [...response.headers].map((header) => header.join(": ")).join("\n");
    const where = `the answer to ${path.split("?")[0]}`;
    said.push({ where, bytes: Buffer.from(`${head}\n\n${await response.text()}`) });
  }
  return said;
}

function queryOf(sql: string) {
  const headers = { "content-type": "application/json", accept: "text/csv" };
  return { path: "/v1/query", init: { method: "POST", headers, body: JSON.stringify({ sql }) } };
}

async function exportedRows(said: readonly Haystack[]) {
  const body = (path: string) => {
    const { bytes } = said.find(({ where }) => where.endsWith(path)) ?? assert.fail(path);
    return bytes.subarray(bytes.indexOf("\n\n") + 2);
  };
  return {
    csv: readCsv(processDataset, body("/v1/export/process.csv?hours=1")),
    parquet: await readParquet(processDataset, body("/v1/export/process.parquet?hours=1")),
  };
}

/** What our own descriptions say: a process may be called by a word of them. */
function vocabulary(said: readonly Haystack[]): string {
  return said
    .filter(({ where }) => where.includes("/v1/datasets") || where.includes("/v1/actors"))
    .map(({ bytes }) => bytes.toString("utf8"))
    .join("\n");
}

/** What is nowhere to be found, not even in a log: who and where this host is. */
function particulars(): string[] {
  const all = [hostname(), homedir(), userInfo().homedir, ...users()];
  return all.filter(
    (text) => (text.length >= TELLING_CHARACTERS || text.includes("/")) && !PLACEHOLDERS.includes(text),
  );
}

function users(): string[] {
  const { USER, LOGNAME, SUDO_USER } = nodeProcess.env;
  const passwd = readFileSync("/etc/passwd", "utf8").split("\n");
  const own = passwd.find((line) => line.split(":")[2] === String(nodeProcess.getuid?.()));
  const all = [userInfo().username, own?.split(":")[0], USER, LOGNAME, SUDO_USER];
  const names = all.filter((name) => name !== undefined && name !== "" && !PLACEHOLDERS.includes(name));
  return [...new Set(names as string[])];
}

function runningNames(): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd()];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    })
    .filter((name) => name.length >= TELLING_CHARACTERS);
}

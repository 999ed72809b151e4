/**
 * Millrace as somebody meets it who has just got it: it starts on an empty folder, says what is wrong with what it was given,
 * keeps its folder to itself, and ends in order.
 *
 * Breaks when an exit code or the name of a setting is lost, when a second start is let into a folder in use, when a file is
 * made for others to read, or when an orderly end leaves behind what was shown already.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import nodeProcess from "node:process";
import type { TestContext } from "node:test";
import { readLog } from "../../actors/store/log/log-reader.ts";
import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed, datasets } from "../../datasets/index.ts";
import { createRecordEncoder } from "../../datasets/records/index.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";
import { describe, test } from "../fixtures/flat-test.ts";
import { EventStream, Server } from "./server.ts";
import { temporaryFolder, until } from "./support.ts";

const TIMEOUT = { timeout: 120_000 };
const FAST = ["--sampler.memoryIntervalMs", "100", "--sampler.processIntervalMs", "1000"];
const UNUSABLE = { code: 2, signal: null };
const ENDED = { code: 0, signal: null };

function start(t: TestContext, dataFolder: string, more: readonly string[] = []): Server {
  return new Server(t, ["--port", "0", "--data", dataFolder, ...more]);
}

describe("a first start", TIMEOUT, () => {
  test("answers /health with all actors running, and opens a folder for its user alone", async (t) => {
    const dataFolder = join(temporaryFolder(t), "deep", "data");
    const server = start(t, dataFolder, FAST);
    const url = await server.ready();
    const response = await fetch(`${url}/health`);
    assert.equal(response.status, 200);
    const { status, version, actors } = (await response.json()) as {
      status: string;
      version: string;
      actors: { running: number; total: number };
    };
    assert.equal(status, "ok");
    assert.equal(version, packageVersion());
    assert.ok(actors.total >= 7);
    assert.equal(actors.running, actors.total);
    const stream = await EventStream.open(`${url}/v1/streams/all`, t);
    const has = (dataset: string) => stream.events().some(({ event }) => event === dataset);
    await until("this host is sampled", () => has("memory") && has("process"));
    const modes = modesBelow(dataFolder);
    assert.ok(modes.size > 4);
    assertOwnerOnly(modes);
    assert.deepEqual(await server.kill("SIGTERM"), ENDED);
    assertOwnerOnly(modesBelow(dataFolder));
    assert.equal(server.stdout, "");
  });

  for (const [flag, pattern] of [
    ["--help", /^millrace \d.*\n[\s\S]*--port[\s\S]*MILLRACE_HTTP_PORT[\s\S]*--data/],
    ["-h", /^millrace \d/],
    ["--version", /^millrace \d+\.\d+\.\d+\n$/],
  ] as const) {
    test(`${flag} answers on standard output and makes nothing`, async (t) => {
      const cwd = temporaryFolder(t);
      const server = new Server(t, [flag], { cwd });
      assert.deepEqual(await server.ended, ENDED);
      assert.match(server.stdout, pattern);
      assert.equal(server.stderr, "");
      assert.deepEqual(readdirSync(cwd), []);
    });
  }
});

describe("a start that cannot be", TIMEOUT, () => {
  for (const [what, args, env, said] of [
    ["a port that is none", ["--port", "70000"], {}, /http\.port.*from 0 to 65535.*70000/],
    ["a setting that is not known", ["--prot", "1"], {}, /--prot\b[\s\S]*did you mean --port/],
    [
      "an interval too short, by environment",
      [],
      { MILLRACE_SAMPLER_MEMORY_INTERVAL_MS: "1ms" },
      /sampler\.memoryIntervalMs.*MILLRACE_SAMPLER_MEMORY_INTERVAL_MS/,
    ],
    ["another host without a token", ["--host", "0.0.0.0"], {}, /http\.token/],
    ["a token too short", ["--token", "hunter2"], {}, /http\.token/],
    ["an address this host does not have", ["--host", "127.0.0.1x"], {}, /--host/],
  ] as const) {
    test(`says what is wrong with ${what}, and ends with 2`, async (t) => {
      const folder = join(temporaryFolder(t), "data");
      const server = new Server(t, ["--port", "0", "--data", folder, ...args], { env });
      assert.deepEqual(await server.ended, UNUSABLE);
      assert.match(server.stderr, said);
      assert.ok(!server.stderr.includes("hunter2"), "it repeats the secret");
      // For people, not a dump of where in the code it happened.
      assert.doesNotMatch(server.stderr, /^\s+at /m);
      assert.equal(server.stdout, "");
    });
  }

  test("names the folder that cannot be used, and ends with 2", async (t) => {
    const file = join(temporaryFolder(t), "file");
    writeFileSync(file, "");
    for (const folder of [file, join(file, "below")]) {
      const server = start(t, folder);
      assert.deepEqual(await server.ended, UNUSABLE);
      assert.match(server.stderr, /^data\.dir: the folder .* cannot be used \((EEXIST|ENOTDIR)\).*--data/);
    }
  });

  test("names the port that is taken, ends with 2, and leaves the folder to the next", async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const folder = temporaryFolder(t);
    const server = new Server(t, ["--port", String(port), "--data", folder]);
    assert.deepEqual(await server.ended, UNUSABLE);
    assert.match(server.stderr, new RegExp(`port ${port} is taken on 127\\.0\\.0\\.1.*--port`));
    const next = start(t, folder);
    await next.ready();
    assert.deepEqual(await next.kill("SIGTERM"), ENDED);
  });

  test("in a folder that is in use names who has it, ends with 2, and disturbs nobody", async (t) => {
    const folder = temporaryFolder(t);
    const first = start(t, folder, FAST);
    const url = await first.ready();
    const stream = await EventStream.open(`${url}/v1/streams/memory`, t);
    for (let attempt = 0; attempt < 2; attempt++) {
      const second = start(t, folder);
      assert.deepEqual(await second.ended, UNUSABLE);
      assert.match(second.stderr, new RegExp(`^data\\.dir: .* in use by process ${first.pid}\\b.*--data`));
    }
    const before = stream.events().length;
    await until("the first goes on", () => stream.events().length > before + 3);
    assert.deepEqual(await first.kill("SIGTERM"), ENDED);
    const next = start(t, folder);
    await next.ready();
  });

  test("in a folder whose owner was killed goes on", async (t) => {
    const folder = temporaryFolder(t);
    const first = start(t, folder, FAST);
    await first.ready();
    assert.deepEqual(await first.kill("SIGKILL"), { code: null, signal: "SIGKILL" });
    await start(t, folder, FAST).ready();
  });

  test("with a key that is not whole says so, and does not run", async (t) => {
    const folder = temporaryFolder(t);
    const first = start(t, folder);
    await first.ready();
    await first.kill("SIGTERM");
    const key = join(folder, "keys", "pseudonym.key");
    const bytes = readFileSync(key);
    writeFileSync(key, bytes.subarray(1));
    const second = start(t, folder);
    const { code } = await second.ended;
    assert.notEqual(code, 0);
    assert.match(second.stderr, /keys\/pseudonym\.key must have 32 bytes; it has 31/);
    assert.ok(!second.stderr.includes(bytes.toString("hex").slice(2, 10)));
  });
});

describe("an orderly end", TIMEOUT, () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`on ${signal}: every row that was shown is stored, once, and the next start goes on behind it`, async (t) => {
      const folder = temporaryFolder(t);
      const shown = new Map<string, string>();
      for (let life = 0; life < 2; life++) {
        const server = start(t, folder, FAST);
        const stream = await EventStream.open(`${await server.ready()}/v1/streams/all`, t);
        const rowsOf = (dataset: string) => stream.events().filter(({ event }) => event === dataset).length;
        await until("rows are shown", () => rowsOf("memory") > 5 && rowsOf("process") > 0);
        assert.deepEqual(await server.kill(signal), ENDED);
        assert.match(server.stderr, new RegExp(`ending on ${signal}`));
        assert.doesNotMatch(server.stderr, / (warning|error) /);
        await until("the stream is over", () => stream.isOver);
        for (const { event, data } of stream.events()) {
          const { dataset, sequence } = JSON.parse(data) as { dataset: string; sequence: number };
          assert.equal(dataset, event);
          const row = `${dataset} ${sequence}`;
          assert.ok(!shown.has(row), `${row} is the number of two rows`);
          shown.set(row, data);
        }
      }
      const stored = storedRows(folder);
      for (const [row, data] of shown)
        assert.equal(stored.get(row), data, `${row} was shown and is not stored`);
    });
  }
});

/** Each row of a folder's log as a stream shows it, by dataset and sequence number. Two rows of one number throw. */
function storedRows(dataFolder: string): Map<string, string> {
  const windowBytes = 4 * 2 ** 20;
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + windowBytes });
  const kernels = instantiateKernels(compileKernels(), memory);
  const source = { dataFolder, kernels, window: { at: KERNEL_STATIC_BYTES, bytes: windowBytes } };
  const rows = new Map<string, string>();
  for (const { name } of datasets) {
    const dataset = datasetNamed(name) as Dataset;
    const encoder = createRecordEncoder(dataset, { format: "jsonl", framing: "raw", columns: null });
    const facts = { idBefore: "", idAfter: "", subscription: 0 };
    for (const batch of readLog(source, dataset)) {
      if (batch.rows === 0) continue;
      const records = encoder.encode(batch, [{ from: 0, to: batch.rows }], facts);
      for (const [row, record] of new TextDecoder().decode(records).trimEnd().split("\n").entries()) {
        const id = `${name} ${batch.firstSequence + row}`;
        if (rows.has(id)) throw new Error(`${id} is stored twice`);
        rows.set(id, record);
      }
    }
  }
  return rows;
}

interface Permissions {
  readonly mode: number;
  readonly isFolder: boolean;
}

/** By path: the permissions of the folder and of all in it. */
function modesBelow(folder: string): Map<string, Permissions> {
  const modes = new Map<string, Permissions>();
  const note = (path: string) => {
    // A file may be renamed or removed since it was listed: there is somebody who writes.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    modes.set(path, { mode: found.mode, isFolder: found.isDirectory() });
    if (found.isDirectory()) for (const name of readdirSync(path)) note(join(path, name));
  };
  note(folder);
  return modes;
}

function assertOwnerOnly(modes: ReadonlyMap<string, Permissions>): void {
  if (nodeProcess.platform === "win32") return;
  for (const [path, { mode, isFolder }] of modes) {
    assert.equal((mode & 0o777).toString(8), isFolder ? "700" : "600", path);
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

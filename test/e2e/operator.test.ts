/**
 * Millrace as somebody steers it while it runs, and as it ends with all that was done to it.
 *
 * Breaks when a paused or stopped actor keeps the process from ending or loses rows that were taken in, when a live client does,
 * when a second signal has to wait, when a change is not in force, or is forgotten by the next start though it was to be kept.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { readLog } from "../../actors/store/log/log-reader.ts";
import { memory } from "../../datasets/memory.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";
import { describe, test } from "../fixtures/flat-test.ts";
import { EventStream, Server } from "./server.ts";
import { afterwards, temporaryFolder, until } from "./support.ts";

const TIMEOUT = { timeout: 120_000 };
const FAST = ["--sampler.memoryIntervalMs", "100", "--sampler.processIntervalMs", "1000"];
const ENDED = { code: 0, signal: null };

function start(t: TestContext, folder: string, more: readonly string[] = FAST): Server {
  return new Server(t, ["--port", "0", "--data", join(folder, "data"), ...more], { cwd: folder });
}

async function command(url: string, actor: string, wanted: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/v1/actors/${actor}/${wanted}`, { method: "POST" });
  const body = (await response.json()) as Record<string, unknown>;
  assert.ok(response.ok, JSON.stringify(body));
  return body;
}

async function patch(url: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/config`, { method: "PATCH", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function get<T>(url: string, path: string): Promise<T> {
  return (await (await fetch(`${url}${path}`)).json()) as T;
}

const received = async (url: string) =>
  (await get<{ datasets: Record<string, { received: number }> }>(url, "/v1/ledger")).datasets["memory"]
    ?.received ?? 0;

/** Numbers of the rows of `memory` in a folder's log, in stored order. */
function storedNumbers(folder: string): number[] {
  const windowBytes = 4 * 2 ** 20;
  const kernels = instantiateKernels(
    compileKernels(),
    createKernelMemory({ bytes: KERNEL_STATIC_BYTES + windowBytes }),
  );
  const source = {
    dataFolder: join(folder, "data"),
    kernels,
    window: { at: KERNEL_STATIC_BYTES, bytes: windowBytes },
  };
  const numbers: number[] = [];
  for (const batch of readLog(source, memory)) {
    for (let row = 0; row < batch.rows; row++) numbers.push(batch.firstSequence + row);
  }
  return numbers;
}

describe("an actor", TIMEOUT, () => {
  test("is paused and resumed while it runs, and who watches is told", async (t) => {
    const server = start(t, temporaryFolder(t));
    const url = await server.ready();
    const events = await EventStream.open(`${url}/v1/actors/events?after=0`, t);
    await until("the start is told", () =>
      events.events().some(({ data }) => data.includes('"actor":"keeper"')),
    );
    assert.equal((await command(url, "sampler", "pause"))["state"], "paused");
    const health = await fetch(`${url}/health`);
    assert.equal(health.status, 200);
    const { status, actors } = (await health.json()) as { status: string; actors: { paused: string[] } };
    assert.deepEqual([status, actors.paused], ["degraded", ["sampler"]]);
    const before = await received(url);
    const again = await fetch(`${url}/v1/actors/sampler/pause`, { method: "POST" });
    assert.equal(again.status, 409);
    assert.equal(((await again.json()) as { reason: string }).reason, "already-paused");
    // The thread that it is on has turned meanwhile: what it restarts on it is up again.
    await command(url, "windower", "restart");
    await until("the windower is up", async () =>
      JSON.stringify(await get(url, "/health")).includes('"down":[]'),
    );
    assert.equal(await received(url), before);
    assert.equal((await command(url, "sampler", "resume"))["state"], "running");
    await until("rows come again", async () => (await received(url)) > before);
    const told = () =>
      events
        .events()
        .map(({ data }) => JSON.parse(data) as { actor: string; from: string; to: string })
        .filter(({ actor }) => actor === "sampler")
        .map(({ from, to }) => `${from} → ${to}`);
    await until("it is told", () => told().includes("paused → running"));
    assert.deepEqual(told(), [
      "stopped → starting",
      "starting → running",
      "running → paused",
      "paused → running",
    ]);
    const numbers = events.events().map(({ id }) => Number(id));
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, index) => index + 1),
    );
    assert.deepEqual(await server.kill("SIGTERM"), ENDED);
  });
});

describe("settings", TIMEOUT, () => {
  test("are changed while it runs, kept for the next start where that is asked for, and all or none", async (t) => {
    const folder = temporaryFolder(t);
    const server = start(t, folder, [
      "--sampler.memoryIntervalMs",
      "1h",
      "--sampler.processIntervalMs",
      "1h",
    ]);
    const url = await server.ready();
    const file = join(folder, "millrace.json");
    await until("it has sampled once", async () => (await received(url)) > 0);
    const wrong = await patch(url, {
      set: { "sampler.memoryIntervalMs": "100ms", "log.levle": "debug" },
      persist: true,
    });
    assert.equal(wrong.status, 422);
    assert.match(JSON.stringify(wrong.body["problems"]), /did you mean log\.level/);
    assert.equal(existsSync(file), false);
    const set = {
      "sampler.memoryIntervalMs": "100ms",
      "log.level": "debug",
      "recorder.segmentBytes": "2MiB",
      "windower.disorderMs": "7s",
      "store.windowGroups": 3,
    };
    const changed = await patch(url, { set, persist: true });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    assert.deepEqual(changed.body, {
      changed: [
        { name: "sampler.memoryIntervalMs", effect: "live", overriddenBy: "flag --sampler.memoryIntervalMs" },
        { name: "log.level", effect: "live", overriddenBy: null },
        { name: "recorder.segmentBytes", effect: "restarted", overriddenBy: null },
        { name: "windower.disorderMs", effect: "restarted", overriddenBy: null },
        { name: "store.windowGroups", effect: "live", overriddenBy: null },
      ],
      file: "millrace.json",
    });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await until("it samples every 100 ms", async () => (await received(url)) > 5);
    await command(url, "intake", "restart");
    await until("fine lines are logged", () => / debug +supervision intake/.test(server.stderr));
    const fixed = await patch(url, { set: { "data.dir": "elsewhere" } });
    assert.equal(fixed.status, 409);
    assert.deepEqual(await server.kill("SIGTERM"), ENDED);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
      sampler: { memoryIntervalMs: "100ms" },
      log: { level: "debug" },
      recorder: { segmentBytes: "2MiB" },
      windower: { disorderMs: "7s" },
      store: { windowGroups: 3 },
    });
    const next = start(t, folder, []);
    const { settings } = await get<{ settings: { name: string; value: unknown; source: string }[] }>(
      await next.ready(),
      "/v1/config",
    );
    for (const [name, value] of Object.entries(set)) {
      const setting = settings.find((one) => one.name === name);
      assert.deepEqual([setting?.value, setting?.source], [value, "file millrace.json"]);
    }
    assert.deepEqual(await next.kill("SIGTERM"), ENDED);
  });
});

describe("an orderly end", TIMEOUT, () => {
  test("lets every kind of live client go, and does not wait for a paused actor", async (t) => {
    const server = start(t, temporaryFolder(t));
    const url = await server.ready();
    const streams = await Promise.all(
      ["/v1/streams/all", "/v1/streams/memory?framing=raw", "/v1/actors/events"].map((path) =>
        EventStream.open(`${url}${path}`, t),
      ),
    );
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/streams/memory`);
    let messages = 0;
    let closed: number | undefined;
    socket.addEventListener("message", () => messages++);
    socket.addEventListener("close", ({ code }) => {
      closed = code;
    });
    await until(
      "all are served",
      () => messages > 0 && streams.slice(0, 2).every(({ text }) => text.length > 100),
    );
    await command(url, "sampler", "pause");
    await command(url, "broadcaster", "pause");
    assert.deepEqual(await server.kill("SIGTERM"), ENDED);
    assert.doesNotMatch(server.stderr, / (warning|error) /);
    await until("all have been let go", () => closed !== undefined && streams.every(({ isOver }) => isOver));
    assert.equal(closed, 1001, "going away");
  });

  for (const wanted of ["pause", "stop"] as const) {
    test(`stores what waited for a recorder that was told to ${wanted}`, async (t) => {
      const folder = temporaryFolder(t);
      const server = start(t, folder);
      const url = await server.ready();
      await until("rows come", async () => (await received(url)) > 2);
      await command(url, "recorder", wanted);
      const before = await received(url);
      await until("rows wait", async () => (await received(url)) > before + 3);
      const taken = await received(url);
      assert.deepEqual(await server.kill("SIGTERM"), ENDED);
      const numbers = storedNumbers(folder);
      assert.ok(numbers.length >= taken, `${taken} rows were taken in, ${numbers.length} are stored`);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index),
      );
    });
  }

  test("ends at once when it is asked for twice", async (t) => {
    const server = start(t, temporaryFolder(t));
    const url = await server.ready();
    const { port } = new URL(url);
    // A request that is under way: it is given a moment, unless somebody is in a hurry.
    const half = createConnection(Number(port), "127.0.0.1");
    afterwards(t, () => half.destroy());
    half.on("error", () => {});
    const head = `POST /v1/query HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`;
    await new Promise<void>((resolve) => half.write(head, () => resolve()));
    // Who came later is answered: it has the half of the request by now.
    await received(url);
    // Two that differ, as two of a kind may become one, and at once, as the moment is over soon.
    void server.kill("SIGTERM");
    assert.deepEqual(await server.kill("SIGINT"), { code: 1, signal: null });
    assert.match(server.stderr, / ending on SIG(TERM|INT)\n/);
  });
});

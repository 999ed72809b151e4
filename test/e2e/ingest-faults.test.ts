/**
 * Promise 2 from where a sender stands: what was acknowledged is there once, whatever dies. Real processes, real sockets, a real disk that
 * is full.
 *
 * Breaks when an answer comes before the sync, when a request's key is forgotten with the process, when half of a request that the server
 * died in is not completed or is doubled, when a body that broke off is taken, when a full disk loses what was acknowledged.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../runtime/random.ts";
import { accountOf, idsFrom, push, sampleOf, storedIds } from "./pushed-samples.ts";
import { Server } from "./server.ts";
import { afterwards, freePort, temporaryFolder, until } from "./support.ts";

const TIMEOUT = { timeout: 300_000 };
const SEED = 20_261_122;
const KILLS = 5;
const BODY_ROWS = 3000;
const IS_DENO = process.versions["deno"] !== undefined;
const RUNTIME = IS_DENO ? ["run", "-A"] : [];
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const MOVED_CLOCK = fileURLToPath(new URL("../fixtures/moved-clock-host.ts", import.meta.url));

test(
  "a server that is killed again and again has each request of a sender that repeats itself once",
  TIMEOUT,
  async (t) => {
    const data = temporaryFolder(t);
    const args = ["--data", data, "--port", String(await freePort()), "--recorder.segmentBytes", "4MiB"];
    const random = seededRandom(SEED);
    let server = new Server(t, args);
    let url = await server.ready();
    const acknowledged: number[] = [];
    let isOver = false;
    let next = 1;

    /** Sends request after request, each until it is acknowledged. */
    const sender = async () => {
      while (!isOver) {
        const ids = idsFrom(next, BODY_ROWS);
        next += BODY_ROWS;
        for (;;) {
          const answer = await push(url, ids, { key: `request-${ids[0]}` }).catch(() => undefined);
          if (answer?.status === 202) {
            assert.equal(answer.accepted, BODY_ROWS);
            acknowledged.push(...ids);
            break;
          }
          if (answer !== undefined) assert.ok([429, 503].includes(answer.status), JSON.stringify(answer));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    const senders = [sender(), sender(), sender()];
    for (let kill = 0; kill < KILLS; kill++) {
      const enough = acknowledged.length + BODY_ROWS * (1 + Math.floor(random() * 6));
      await until("some requests are acknowledged", () => acknowledged.length >= enough, 60_000);
      for (let turns = Math.floor(random() * 30); turns > 0; turns--) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await server.kill("SIGKILL");
      server = new Server(t, args);
      url = await server.ready();
    }
    isOver = true;
    await Promise.all(senders);
    const stored = await storedIds(url);
    assert.deepEqual(
      stored,
      acknowledged.toSorted((a, b) => a - b),
      "not each acknowledged row once, and no other",
    );
    assert.ok((await accountOf(url)).balanced);
  },
);

test("a sender that is killed leaves a whole request or nothing of it", TIMEOUT, async (t) => {
  const data = temporaryFolder(t);
  const server = new Server(t, ["--data", data, "--port", "0"]);
  const url = await server.ready();
  const body = idsFrom(1, BODY_ROWS)
    .map((id) => JSON.stringify(sampleOf(id)))
    .join("\n");
  const random = seededRandom(SEED);
  for (let attempt = 0; attempt < 20; attempt++) {
    await breakOff(url, body, Math.floor(random() * body.length));
  }
  assert.deepEqual(await storedIds(url), [], "rows of a body that broke off were taken");

  // The whole body came, and nobody waited for the answer: it is taken, and asking again changes nothing.
  await breakOff(url, body, body.length, "all-of-it");
  const answer = await push(url, idsFrom(1, BODY_ROWS), { key: "all-of-it" });
  assert.equal(answer.status, 202, answer.detail);
  assert.deepEqual(await storedIds(url), idsFrom(1, BODY_ROWS));
  const account = await accountOf(url);
  assert.ok(account.balanced);
  assert.equal(account.inFlight, 0);
});

test("a full disk refuses or makes wait, and loses nothing that was acknowledged", TIMEOUT, async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, "disk");
  mkdirSync(data);
  const port = await freePort();
  // A disk of its own, small, in a world of its own: what it holds is seen through /proc.
  const args = [
    "--data",
    data,
    "--port",
    String(port),
    "--recorder.segmentBytes",
    "1MiB",
    "--log.level",
    "warning",
  ];
  const script = `mount -t tmpfs -o size=24m,mode=700 tmpfs '${data}' && exec "$@"`;
  const child = spawn(
    "unshare",
    ["--map-root-user", "--mount", "sh", "-c", script, "sh", process.execPath, ...RUNTIME, MAIN, ...args],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  const ended = new Promise((resolve) => child.on("close", resolve));
  afterwards(t, () => {
    child.kill("SIGKILL");
    return ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child);
  const acknowledged: number[] = [];
  let refused: readonly number[] | undefined;
  for (let first = 1; refused === undefined; first += BODY_ROWS) {
    assert.ok(first < 400_000, "the disk never was full");
    const ids = idsFrom(first, BODY_ROWS);
    // Given up so soon, it costs the test its point and nothing else: a push that has room takes some tens of ms.
    const signal = AbortSignal.timeout(15_000);
    const answer = await push(url, ids, { key: `request-${first}`, signal }).catch(() => undefined);
    if (answer?.status === 202) acknowledged.push(...ids);
    else {
      // No answer yet, or none that says it is taken: it is asked again when there is room.
      if (answer !== undefined) assert.ok([429, 503, 507].includes(answer.status), JSON.stringify(answer));
      refused = ids;
    }
  }
  assert.ok(acknowledged.length > 0);
  await sh(`mount -o remount,size=96m '${data}'`, child);
  const { status } = await pushUntilTaken(url, refused, `request-${refused[0]}`);
  assert.equal(status, 202);
  assert.deepEqual(await storedIds(url), [...acknowledged, ...refused]);
  assert.ok((await accountOf(url)).balanced);
});

test("a clock that is set back or forward doubles no request and loses none", TIMEOUT, async (t) => {
  const data = temporaryFolder(t);
  const port = await freePort();
  const actors = [
    "sampler",
    "anonymizer",
    "windower",
    "recorder",
    "exporter",
    "replayer",
    "intake",
    "keeper",
  ];
  const threads = actors.flatMap((actor) => [`--threads.${actor}`, "main"]);
  const args = [MOVED_CLOCK, "--data", data, "--port", String(port), ...threads, "--log.level", "error"];
  const start = () =>
    spawn(process.execPath, [...RUNTIME, ...args], { stdio: ["pipe", "pipe", "inherit"] }) as ChildProcess;
  let child = start();
  const kill = () => {
    const ended = new Promise((resolve) => child.on("close", resolve));
    return child.kill("SIGKILL") ? ended : undefined;
  };
  afterwards(t, kill);
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child);
  const HOUR_MS = 3_600_000;
  const shifts = [0, -3 * HOUR_MS, HOUR_MS, -90_000, 5 * HOUR_MS, 0];
  for (const [number, aheadMs] of shifts.entries()) {
    if (number === 3) {
      await kill();
      child = start();
      await untilHealthy(url, child);
    }
    await move(child, aheadMs);
    for (let known = 0; known <= number; known++) {
      const answer = await push(url, idsFrom(1 + known * 100, 100), { key: `request-${known}` });
      assert.equal(answer.status, 202, answer.detail);
      assert.equal(answer.repeated, known === number ? 0 : 100, `shift ${number}, request ${known}`);
    }
  }
  assert.deepEqual(await storedIds(url), idsFrom(1, shifts.length * 100));
  assert.ok((await accountOf(url)).balanced);
});

/** Sends a request's head and some of its body, and is gone. */
function breakOff(url: string, body: string, bytes: number, key?: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      const head = [
        "POST /v1/ingest/compression_telemetry HTTP/1.1",
        `Host: ${hostname}:${port}`,
        "Content-Type: application/x-ndjson",
        `Content-Length: ${body.length}`,
        ...(key === undefined ? [] : [`Idempotency-Key: ${key}`]),
      ];
      socket.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, bytes)}`, () => socket.destroy());
    });
    socket.on("close", () => resolve());
    socket.on("error", reject);
  });
}

async function pushUntilTaken(url: string, ids: readonly number[], key: string) {
  for (let attempt = 0; ; attempt++) {
    const answer = await push(url, ids, { key }).catch(() => undefined);
    if (answer?.status === 202 || attempt === 100) return answer ?? { status: 0 };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Runs a command in the world that `child` was started in. */
async function sh(command: string, child: ChildProcess): Promise<void> {
  const enter = spawn(
    "nsenter",
    ["--target", String(child.pid), "--user", "--mount", "--preserve-credentials", "sh", "-c", command],
    {
      stdio: "inherit",
    },
  );
  const code = await new Promise((resolve) => enter.on("close", resolve));
  assert.equal(code, 0, command);
}

function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  return until("the server is ready", () => {
    assert.equal(child.exitCode, null, "the server ended before it was ready");
    return fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
}

function move(child: ChildProcess, aheadMs: number): Promise<void> {
  return new Promise((resolve) => {
    let said = "";
    const look = (text: Buffer) => {
      said += text;
      if (!said.includes(`moved ${aheadMs}\n`)) return;
      child.stdout?.off("data", look);
      resolve();
    };
    child.stdout?.on("data", look);
    child.stdin?.write(`${aheadMs}\n`);
  });
}

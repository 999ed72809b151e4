/**
 * Outlets as programs that are not ours read them: Python's sockets, libzmq's SUB, `cat`. Ten thousand rows in every format; what
 * each reader had is decoded by Python's own libraries and compared, value by value, with what the log has.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  OUTLETS,
  type OutletPlace,
  type OutletStatus,
  type OutletsMessage,
  type OutletsReplies,
} from "../../actors/outlets/protocol.ts";
import { readLog } from "../../actors/store/log/log-reader.ts";
import { datasets } from "../../datasets/index.ts";
import { optimization } from "../../datasets/optimization.ts";
import { protoSchema, STREAM_FORMATS, type StreamFormat } from "../../datasets/records/index.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";
import { afterwards, buildHouse, houseOptions, pushSynthetic, temporaryFolder } from "../e2e/support.ts";
import { expectedRecords, RECORD_PACKAGES } from "./expected-records.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const PACKAGES = [...RECORD_PACKAGES, "pyzmq==27.3.0"];
const READER = fileURLToPath(new URL("./read-outlets.py", import.meta.url));
const CHECKER = fileURLToPath(new URL("./read-records.py", import.meta.url));
const TRANSPORTS = ["tcp", "zeromq", "pipe"] as const;
const DATASET = "optimization";
const ROWS = 10_000;
const PUSH_ROWS = 250;
const WINDOW_BYTES = 4 * 2 ** 20;
const LOOK_MS = 10;

interface Reading {
  readonly transport: OutletPlace["transport"];
  readonly format: StreamFormat;
  readonly outlet: OutletStatus;
  /** What was read. */
  readonly file: string;
}

test("sockets, libzmq and cat each get ten thousand rows in each format, none lost or doubled, every value equal", {
  skip: pythonSkipped(),
  timeout: PYTHON_TEST_TIMEOUT_MS,
}, async (t) => {
  const python = await pythonWith(PACKAGES);
  const folder = temporaryFolder(t);
  const dataFolder = join(folder, "data");
  const system = buildHouse(houseOptions(dataFolder));
  assert.ok((await system.start()).ok);
  afterwards(t, () => system.stop());

  async function ask<M extends OutletsMessage>(message: M): Promise<OutletsReplies[M["kind"]]> {
    const answer = await system.ask<OutletsReplies[M["kind"]]>(OUTLETS, message, 10_000);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer.value;
  }
  /** Looks until it holds for every outlet. */
  async function untilAll(what: string, holds: (outlet: OutletStatus) => boolean): Promise<void> {
    for (const endMs = performance.now() + 240_000; ; ) {
      const { outlets } = await ask({ kind: "outlet.list" });
      if (outlets.every(holds)) return;
      const rest = outlets.filter((outlet) => !holds(outlet)).map(({ id, sentRows }) => `${id}: ${sentRows}`);
      assert.ok(performance.now() < endMs, `waited in vain until ${what}: ${rest.join(", ")}`);
      await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  const readings: Reading[] = [];
  for (const transport of TRANSPORTS) {
    const own = join(folder, transport);
    mkdirSync(own);
    for (const format of STREAM_FORMATS) {
      const place: OutletPlace =
        transport === "pipe"
          ? { transport, path: join(own, `${format}.fifo`) }
          : { transport, host: "127.0.0.1", port: 0 };
      const whenFull = format === "arrow" && transport !== "zeromq" ? "disconnect" : "drop-oldest";
      const rows = { datasets: [DATASET], format, columns: null, where: null, whenFull } as const;
      const opened = await ask({ kind: "outlet.open", spec: { ...place, ...rows }, leaseMs: null });
      assert.ok(opened.ok, opened.ok ? "" : opened.message);
      readings.push({ transport, format, outlet: opened.outlet, file: join(own, `${DATASET}.${format}`) });
    }
  }

  const cats = readings.flatMap(({ outlet: { spec }, file }) =>
    spec.transport === "pipe" ? [cat(spec.path, file)] : [],
  );
  const wish = readings.flatMap(({ format, outlet: { spec }, file }) =>
    spec.transport === "pipe"
      ? []
      : [{ transport: spec.transport, port: spec.port, format, topic: DATASET, file }],
  );
  const reader = run(python, [READER, JSON.stringify({ rows: ROWS, outlets: wish })]);
  await untilAll("everybody reads", ({ clients }) => clients[0]?.datasets.length === 1);

  for (let from = 0; from < ROWS; from += PUSH_ROWS) {
    const ids = Array.from({ length: PUSH_ROWS }, (_, index) => from + index);
    const pushed = await pushSynthetic(system, ids);
    assert.ok(pushed.ok && pushed.value.accepted === PUSH_ROWS, JSON.stringify(pushed));
  }
  await untilAll("all was sent", ({ sentRows }) => sentRows >= ROWS);
  // And taken: what waits in a socket or a pipe when an outlet is closed has a second to leave. A ZeroMQ reader goes by itself.
  await untilAll("all was read", ({ id, clients: [client] }) => {
    const reading = readings.find(({ outlet }) => outlet.id === id);
    return reading?.transport === "zeromq" || statSync(reading!.file).size >= client!.sentBytes;
  });
  for (const { outlet } of readings) {
    const closed = await ask({ kind: "outlet.close", id: outlet.id });
    assert.ok(closed.ok);
    assert.equal(closed.outlet.sentRows, ROWS);
  }
  const read = await reader;
  assert.equal(read.code, 0, read.stderr);
  assert.deepEqual(JSON.parse(read.stdout), [DATASET]);
  assert.deepEqual(await Promise.all(cats), [0, 0, 0, 0]);

  const expected = JSON.stringify(expectedRecords(optimization, logged(dataFolder)));
  for (const transport of TRANSPORTS) {
    const own = join(folder, transport);
    writeFileSync(join(own, "streams.proto"), protoSchema(datasets));
    writeFileSync(join(own, "datasets.json"), JSON.stringify([DATASET]));
    writeFileSync(join(own, `${DATASET}.expected.json`), expected);
    const { code, stdout, stderr } = await run(python, [CHECKER, own]);
    assert.equal(code, 0, `${transport}: ${stderr}`);
    const counts = Object.fromEntries(STREAM_FORMATS.map((format) => [`${DATASET}.${format}`, ROWS]));
    assert.deepEqual(JSON.parse(stdout), counts, transport);
  }
});

/** `cat` from a pipe into a file. @returns its exit code, when the pipe has come to its end */
function cat(path: string, file: string): Promise<number | null> {
  const output = openSync(file, "w");
  const child = spawn("cat", [path], { stdio: ["ignore", output, "inherit"] });
  closeSync(output);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
}

function logged(dataFolder: string) {
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + WINDOW_BYTES });
  const kernels = instantiateKernels(compileKernels(), memory);
  return readLog(
    { dataFolder, kernels, window: { at: KERNEL_STATIC_BYTES, bytes: WINDOW_BYTES } },
    optimization,
  );
}

/**
 * Streams over HTTP as clients that are not ours read them: EventSource in Chromium, the `ws` package. Ten thousand rows in every
 * format; what each client had is decoded by Python's own libraries and compared, value by value, with what the log has.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { ledgerOf } from "../../actors/house/places.ts";
import { readLedger } from "../../actors/ledger.ts";
import { readLog } from "../../actors/store/log/log-reader.ts";
import { optimization } from "../../datasets/optimization.ts";
import { STREAM_FORMATS, type StreamFormat } from "../../datasets/records/index.ts";
import { startHttp } from "../../http/serve.ts";
import { defaultSettings } from "../../settings.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";
import { openBrowser, openPage, whenTrue } from "../e2e/browser.ts";
import {
  afterwards,
  buildHouse,
  houseOptions,
  pushSynthetic,
  temporaryFolder,
  until,
} from "../e2e/support.ts";
import { expectedRecords, RECORD_PACKAGES } from "./expected-records.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const SCRIPT = fileURLToPath(new URL("./read-records.py", import.meta.url));
const ROWS = 10_000;
const PUSH_ROWS = 250;
const WINDOW_BYTES = 4 * 2 ** 20;
const STREAM = "/v1/streams/optimization";
/** Bytes of each format that a client had, without what the transport puts around. */
type Taken = Record<StreamFormat, Buffer>;
/** Runs in the page: an EventSource for each format, whose data and last id are kept. Ends when all are open. */
const READ_EVENTS = `(async () => {
  Object.assign(window, { taken: {}, lastIds: {} });
  for (const format of ${JSON.stringify(STREAM_FORMATS)}) {
    window.taken[format] = [];
    const source = new EventSource("${STREAM}?format=" + format);
    source.addEventListener("optimization", ({ data, lastEventId }) => {
      window.taken[format].push(data);
      window.lastIds[format] = Number(lastEventId);
    });
    await new Promise((resolve) => source.addEventListener("open", resolve, { once: true }));
  }
})()`;

test("EventSource and ws each get ten thousand rows in each format, none lost or doubled, every value equal", {
  skip: pythonSkipped(),
  timeout: PYTHON_TEST_TIMEOUT_MS,
}, async (t) => {
  const folder = temporaryFolder(t);
  const dataFolder = join(folder, "data");
  const system = buildHouse(houseOptions(dataFolder));
  assert.ok((await system.start()).ok);
  afterwards(t, () => system.stop());
  const { http, ...settings } = defaultSettings();
  const server = await startHttp({
    settings: { ...settings, http: { ...http, port: 0 } },
    system,
    ledger: () => readLedger(system.memory, ledgerOf(system)),
  });
  afterwards(t, () => server.close());

  const { page } = await openPage(await openBrowser(t), `${server.url}/docs`, { bypassCSP: true });
  await page.evaluate(READ_EVENTS);
  const sockets = await Promise.all(STREAM_FORMATS.map((format) => openSocket(server.url, format)));
  afterwards(t, () => {
    for (const { socket } of sockets) socket.terminate();
  });

  for (let from = 0; from < ROWS; from += PUSH_ROWS) {
    const ids = Array.from({ length: PUSH_ROWS }, (_, index) => from + index);
    const pushed = await pushSynthetic(system, ids);
    assert.ok(pushed.ok && pushed.value.accepted === PUSH_ROWS, JSON.stringify(pushed));
  }

  await until("ws has all", () => sockets.every(({ rows }) => rows() >= ROWS));
  for (const format of STREAM_FORMATS)
    await whenTrue(page, `window.lastIds[${JSON.stringify(format)}] >= ${ROWS - 1}`);
  const events = (await page.evaluate("window.taken")) as Record<StreamFormat, string[]>;
  const byEvents = Object.fromEntries(
    Object.entries(events).map(([format, parts]) => [
      format,
      format === "jsonl"
        ? Buffer.from(parts.map((part) => `${part}\n`).join(""))
        : Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))),
    ]),
  ) as Taken;
  const bySocket = Object.fromEntries(
    sockets.map(({ format, payloads }) => [format, Buffer.concat(payloads)]),
  ) as Taken;

  const schema = await (await fetch(`${server.url}/v1/streams/schema.proto`)).text();
  const expected = JSON.stringify(expectedRecords(optimization, logged(dataFolder)));
  const python = await pythonWith(RECORD_PACKAGES);
  for (const [client, taken] of Object.entries({ eventsource: byEvents, ws: bySocket })) {
    const own = join(folder, client);
    mkdirSync(own);
    writeFileSync(join(own, "streams.proto"), schema);
    writeFileSync(join(own, "datasets.json"), '["optimization"]');
    writeFileSync(join(own, "optimization.expected.json"), expected);
    for (const format of STREAM_FORMATS) writeFileSync(join(own, `optimization.${format}`), taken[format]);
    const { code, stdout, stderr } = await run(python, [SCRIPT, own]);
    assert.equal(code, 0, `${client}: ${stderr}`);
    const counts = Object.fromEntries(STREAM_FORMATS.map((format) => [`optimization.${format}`, ROWS]));
    assert.deepEqual(JSON.parse(stdout), counts, client);
  }
});

/** A client that keeps each message's payload, and counts the rows that their heads tell of. */
async function openSocket(url: string, format: StreamFormat) {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}${STREAM}?format=${format}`);
  const payloads: Buffer[] = [];
  let rows = 0;
  let isSubscribed = false;
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    const end = data.indexOf("\n");
    const head = JSON.parse(data.toString("utf8", 0, end < 0 ? data.length : end)) as {
      readonly op: string;
      readonly rows: number;
    };
    if (head.op === "subscribed") isSubscribed = true;
    if (head.op !== "rows") return;
    assert.equal(isBinary, format !== "jsonl");
    rows += head.rows;
    payloads.push(data.subarray(end + 1));
  });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  await until(`ws is subscribed to ${format}`, () => isSubscribed);
  return { socket, format, payloads, rows: () => rows };
}

function logged(dataFolder: string) {
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + WINDOW_BYTES });
  const kernels = instantiateKernels(compileKernels(), memory);
  return readLog(
    { dataFolder, kernels, window: { at: KERNEL_STATIC_BYTES, bytes: WINDOW_BYTES } },
    optimization,
  );
}

/**
 * Rows of another program over every door of a running server: each format, packed and not, by WebSocket, and through the client library;
 * and what it is told when they are bad, or come twice. A row is known by its `payload_size`.
 */

import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { createClient } from "../../client/index.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import type { PushFormat } from "../../ingest/decoder.ts";
import { MEDIA_TYPES } from "../../ingest/media-types.ts";
import { type ArrowColumn, arrowStream } from "../fixtures/arrow-bodies.ts";
import { measuredRow } from "../fixtures/compression-rows.ts";
import { test } from "../fixtures/flat-test.ts";
import { csvText, msgpackBytes, protobufBytes } from "../fixtures/push-bodies.ts";
import { RawSocket } from "../fixtures/raw-socket.ts";
import { Server } from "./server.ts";
import { temporaryFolder } from "./support.ts";

type Row = Readonly<Record<string, unknown>>;

const ON_A_BUSY_HOST = { timeout: 120_000 };
const PATH = "/v1/ingest/compression_telemetry";
const UTF8 = new TextEncoder();
const PACKERS = {
  identity: (body: Uint8Array): Uint8Array => body,
  gzip: (body: Uint8Array): Uint8Array => gzipSync(body),
  zstd: (body: Uint8Array): Uint8Array => zstdCompressSync(body),
} as const;
const BODIES: Readonly<Record<PushFormat, (rows: readonly Row[]) => Uint8Array>> = {
  ndjson: (rows) => UTF8.encode(rows.map((row) => JSON.stringify(row)).join("\n")),
  json: (rows) => UTF8.encode(JSON.stringify(rows)),
  csv: (rows) => UTF8.encode(csvText(rows)),
  msgpack: (rows) => msgpackBytes(rows),
  protobuf: (rows) => protobufBytes(compressionTelemetry, rows),
  arrow: arrowBody,
};

/** Rows whose numbers go on from the last ones. */
function rowMaker() {
  let next = 1;
  return (count: number, more: Row = {}): Row[] =>
    Array.from({ length: count }, () => ({
      ...measuredRow,
      timestamp: Date.now(),
      vm_id: `secret-vm-${next}`,
      payload_size: next++,
      ...more,
    }));
}

function arrowBody(rows: readonly Row[]): Uint8Array {
  const columns = Object.entries(compressionTelemetry.columns)
    .filter(([name]) => rows[0]?.[name] !== undefined)
    .map(([name, { type }]): ArrowColumn => {
      const values = rows.map((row) => row[name]) as ArrowColumn["values"];
      if (type === "timestamp")
        return { name, type: "milliseconds", values: values.map((value) => BigInt(value as number)) };
      if (type === "u64")
        return { name, type: "u64", values: values.map((value) => BigInt(value as number)) };
      if (type === "category") return { name, type: "utf8", index: "i32", values };
      return { name, type: type as "f64", values };
    });
  return arrowStream(columns);
}

class Pushing {
  readonly url: string;
  readonly rows = rowMaker();
  /** Numbers of the rows that were acknowledged. */
  readonly acknowledged: number[] = [];

  constructor(url: string) {
    this.url = url;
  }

  async push(
    body: Uint8Array,
    { format = "ndjson" as PushFormat, query = "", headers = {} as Record<string, string> } = {},
  ): Promise<{ readonly status: number; readonly answer: Record<string, unknown> }> {
    const response = await fetch(`${this.url}${PATH}${query}`, {
      method: "POST",
      headers: { "content-type": MEDIA_TYPES[format][0], ...headers },
      body: body as Uint8Array<ArrayBuffer>,
    });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  }

  note(rows: readonly Row[]): void {
    for (const { payload_size } of rows) this.acknowledged.push(payload_size as number);
  }

  /** Numbers of the rows that are stored, and the text that they were read from. */
  async stored(): Promise<{ readonly numbers: number[]; readonly text: string }> {
    const text = await (await fetch(`${this.url}/v1/export/compression_telemetry.jsonl`)).text();
    const lines = text.split("\n").filter((line) => line !== "");
    return {
      text,
      numbers: lines.map((line) => Number(JSON.parse(line).payload_size)).sort((a, b) => a - b),
    };
  }
}

test("rows come in by every door, once, and no identifier leaves", ON_A_BUSY_HOST, async (t) => {
  const server = new Server(t, ["--port", "0", "--data", temporaryFolder(t)]);
  const pushing = new Pushing(await server.ready());
  const { rows } = pushing;

  for (const [format, bodyOf] of Object.entries(BODIES) as [PushFormat, (typeof BODIES)[PushFormat]][]) {
    for (const [packing, pack] of Object.entries(PACKERS)) {
      const sent = rows(3);
      const { status, answer } = await pushing.push(pack(bodyOf(sent)), {
        format,
        ...(packing === "identity" ? {} : { headers: { "content-encoding": packing } }),
      });
      assert.deepEqual(
        [status, answer["accepted"], answer["rejected"]],
        [202, 3, 0],
        JSON.stringify([format, packing, answer]),
      );
      pushing.note(sent);
      // Acknowledged is stored: a reader that comes now has them.
      if (packing === "zstd") assert.deepEqual((await pushing.stored()).numbers, pushing.acknowledged);
    }
  }

  const mixed = [...rows(2), ...rows(1, { rtt_ms: -1, vm_id: "secret-bad" }), ...rows(1)];
  const answered = await pushing.push(BODIES.ndjson(mixed), { query: "?ack=memory" });
  assert.equal(answered.status, 202);
  assert.equal(answered.answer["accepted"], 3);
  assert.deepEqual(answered.answer["reasons"], { bound: 1 });
  const [rejection] = answered.answer["rejections"] as [Record<string, unknown>];
  assert.deepEqual([rejection["row"], rejection["column"], rejection["reason"]], [2, "rtt_ms", "bound"]);
  pushing.note(mixed.filter(({ rtt_ms }) => rtt_ms !== -1));

  const bad = await pushing.push(BODIES.csv(rows(2, { link_type: "secret-link" })), { format: "csv" });
  assert.equal(bad.status, 422);
  assert.equal(bad.answer["type"], "urn:millrace:problem:rows-refused");
  assert.equal(bad.answer["rejected"], 2);
  const broken = await pushing.push(UTF8.encode("[{"), { format: "json" });
  assert.equal(broken.status, 400);
  const notPacked = await pushing.push(UTF8.encode("{}"), { headers: { "content-encoding": "gzip" } });
  assert.equal(notPacked.status, 400);

  const again = rows(4);
  const headers = { "idempotency-key": "secret-key" };
  const first = await pushing.push(BODIES.msgpack(again), { format: "msgpack", headers });
  const second = await pushing.push(BODIES.msgpack(again), { format: "msgpack", headers });
  assert.deepEqual([first.answer["repeated"], second.answer["repeated"]], [0, 4]);
  const other = await pushing.push(BODIES.msgpack(rows(1)), { format: "msgpack", headers });
  assert.equal(other.status, 422);
  assert.equal(other.answer["type"], "urn:millrace:problem:key-reused");
  pushing.note(again);

  const { numbers, text } = await pushing.stored();
  assert.deepEqual(numbers, pushing.acknowledged);
  const ledger = (await (await fetch(`${pushing.url}/v1/ledger`)).json()) as {
    readonly datasets: Readonly<Record<string, { readonly stored: number; readonly balanced: boolean }>>;
  };
  assert.equal(ledger.datasets["compression_telemetry"]?.stored, pushing.acknowledged.length);
  assert.equal(ledger.datasets["compression_telemetry"]?.balanced, true);
  const metrics = await (await fetch(`${pushing.url}/metrics`)).text();
  assert.match(
    metrics,
    /millrace_pushed_bodies_total\{dataset="compression_telemetry",format="arrow",outcome="taken"\} 3\n/,
  );
  const said = [
    text,
    metrics,
    server.stderr,
    server.stdout,
    ...[answered, bad, other].map((one) => JSON.stringify(one)),
  ];
  for (const one of said) assert.doesNotMatch(one, /secret-/);
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
});

test(
  "a WebSocket takes body after body, and a sender that connects again goes on exactly once",
  ON_A_BUSY_HOST,
  async (t) => {
    const server = new Server(t, ["--port", "0", "--data", temporaryFolder(t)]);
    const pushing = new Pushing(await server.ready());
    const port = Number(new URL(pushing.url).port);
    const answers = async (socket: RawSocket, count: number) => {
      const heard: Record<string, unknown>[] = [];
      while (heard.length < count) {
        const one = await socket.next();
        assert.equal(one.kind, "text");
        if (one.kind === "text") heard.push(JSON.parse(one.text));
      }
      return heard;
    };
    const messages = Array.from({ length: 6 }, () => pushing.rows(50));
    const open = (next: number) => RawSocket.open(port, `${PATH}?format=msgpack&key=sender&next=${next}`);
    const socket = await open(0);
    for (const rows of messages.slice(0, 4)) socket.send(BODIES.msgpack(rows));
    socket.send('{"not":"a row"}');
    const heard = await answers(socket, 5);
    assert.deepEqual(
      heard.map(({ id, accepted, status }) => [id, accepted, status]),
      [...[0, 1, 2, 3].map((id) => [id, 50, undefined]), [4, 0, 422]],
    );
    socket.destroy();
    // As if the last two answers had been lost.
    const next = await open(2);
    for (const rows of messages.slice(2, 4)) next.send(BODIES.msgpack(rows));
    next.send('{"not":"a row"}');
    for (const rows of messages.slice(4)) next.send(BODIES.msgpack(rows));
    const then = await answers(next, 5);
    assert.deepEqual(
      then.map(({ id, repeated }) => [id, repeated]),
      [
        [2, 50],
        [3, 50],
        [4, 0],
        [5, 0],
        [6, 0],
      ],
    );
    pushing.note(messages.flat());
    assert.deepEqual((await pushing.stored()).numbers, pushing.acknowledged);

    next.send(new Uint8Array(2 ** 20 + 1));
    const end = await next.next();
    assert.equal(end.kind === "close" && end.code, 1009);
    await assert.rejects(RawSocket.open(port, PATH, { origin: "http://evil.example" }), /403/);
  },
);

test(
  "the client library brings every row in, once, over a server that is killed meanwhile",
  ON_A_BUSY_HOST,
  async (t) => {
    const folder = temporaryFolder(t);
    const first = new Server(t, ["--port", "0", "--data", folder]);
    const url = await first.ready();
    const pushing = new Pushing(url);
    const client = createClient({
      ...{ url, dataset: "compression_telemetry", batchRows: 20, flushIntervalMs: 20, gzip: true },
      // Retries are quick, as nobody here waits for seconds.
      random: () => 0.2,
    });
    const send = (count: number, more?: Row) => {
      const rows = pushing.rows(count, more);
      for (const row of rows) assert.equal(client.send(row), true);
      if (more === undefined) pushing.note(rows);
    };
    send(200);
    await client.flush();
    assert.equal(client.stats().accepted, 200);
    send(300);
    send(10, { network_tier: 9 });
    // In the middle of it.
    await first.kill("SIGKILL");
    send(100);
    const second = new Server(t, ["--port", new URL(url).port, "--data", folder]);
    await second.ready();
    await client.flush();
    await client.close();
    const { accepted, rejected, buffered, dropped } = client.stats();
    assert.deepEqual([accepted, rejected, buffered], [600, 10, 0]);
    assert.ok(Object.values(dropped).every((rows) => rows === 0));
    assert.deepEqual((await pushing.stored()).numbers, pushing.acknowledged);
  },
);

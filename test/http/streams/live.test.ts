/**
 * Streams from end to end: rows that are pushed, through the whole house and a real socket, to clients. The log is there, so who
 * was away misses nothing.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { type HttpServer, startHttp } from "../../../http/serve.ts";
import type { System } from "../../../runtime/system.ts";
import {
  buildHouse,
  houseOptions,
  pushSynthetic,
  syntheticTimeMs,
  temporaryFolder,
  until,
} from "../../e2e/support.ts";
import { test } from "../../fixtures/flat-test.ts";
import { RawSocket } from "../../fixtures/raw-socket.ts";

/** A client that went is forgotten at the next turn, which on a busy host takes its time. */
const CLIENTS_WITHIN_MS = 60_000;
/** What the disk takes on a busy host. */
const PUSHED_WITHIN_MS = 60_000;
const DATASET = "optimization";
const QUEUE_BYTES = 256 * 1024;
/** More than a line of a stream has. */
const TAIL_CHARACTERS = 4096;
/** A house is started for each, and some MiB are pushed through it. */
const ON_A_BUSY_HOST = { timeout: 120_000 };

interface Live {
  readonly http: HttpServer;
  readonly system: System;
  /** Pushes so many further rows, whose ids go on. */
  push(rows: number): Promise<void>;
  /** Clients that the server says there are. */
  clients(): Promise<readonly Client[]>;
  /** Asks until there are so many. */
  untilClients(count: number): Promise<void>;
}

interface Client {
  readonly queuedBytes: number;
  readonly droppedRows: number;
}

async function live(t: { after(fn: () => void): void }, use: (live: Live) => Promise<void>): Promise<void> {
  const system = buildHouse(houseOptions(temporaryFolder(t)));
  const settings = { http: { host: "127.0.0.1", port: 0 }, streams: { queueBytes: QUEUE_BYTES } } as never;
  const http = await startHttp({ settings, system, ledger: () => [] });
  let next = 0;
  const clients = async () => {
    const answer = await fetch(`${http.url}/v1/streams`);
    return ((await answer.json()) as { readonly clients: readonly Client[] }).clients;
  };
  try {
    assert.deepEqual(await system.start(), { ok: true });
    await use({
      http,
      system,
      async push(rows) {
        const ids = Array.from({ length: rows }, (_, index) => next + index);
        next += rows;
        const pushed = await pushSynthetic(system, ids, 0, PUSHED_WITHIN_MS);
        assert.ok(pushed.ok, JSON.stringify(pushed));
      },
      clients,
      async untilClients(count) {
        const endMs = performance.now() + CLIENTS_WITHIN_MS;
        for (;;) {
          const there = await clients();
          if (there.length === count) return;
          assert.ok(
            performance.now() < endMs,
            `expected ${count} clients; there are ${JSON.stringify(there)}`,
          );
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    });
  } finally {
    await http.close();
    await system.stop();
  }
}

interface Row {
  readonly sequence: number;
  readonly duration_ms: number;
}

/** Lines of a stream that begin with `{` or `data: {`, as rows; the text is kept too. */
class Lines {
  text = "";
  /** The end of the text, to look at often: the whole may be many MiB. */
  tail = "";
  isOver = false;
  readonly #gone = new AbortController();

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Lines> {
    const lines = new Lines();
    const response = await fetch(url, { headers, signal: lines.#gone.signal });
    assert.equal(response.status, 200, `${url}: ${response.status}`);
    void lines.#read(response.body!);
    return lines;
  }

  get rows(): Row[] {
    const lines = this.text.slice(0, this.text.lastIndexOf("\n") + 1).split("\n");
    return lines
      .map((line) => (line.startsWith("data: ") ? line.slice(6) : line))
      .filter((line) => line.startsWith('{"dataset"'))
      .map((line) => JSON.parse(line) as Row);
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "";
  }

  close(): void {
    this.#gone.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    // Deno forgets a fetch's signal when garbage is collected after the answer has begun: so the body is cancelled, too.
    this.#gone.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const text = decoder.decode(value, { stream: true });
        this.text += text;
        this.tail = (this.tail + text).slice(-TAIL_CHARACTERS);
      }
    } catch {
      // Closed from here.
    }
    this.isOver = true;
  }
}

/** Rows of a WebSocket, and everything else it was told, but for beats: a slow host has quiet quarters of a minute, too. */
class Rows {
  readonly rows: Row[] = [];
  readonly told: Record<string, unknown>[] = [];

  constructor(socket: RawSocket) {
    void this.#read(socket);
  }

  async #read(socket: RawSocket): Promise<void> {
    for (;;) {
      const heard = await socket.next();
      if (heard.kind !== "text") {
        this.told.push(heard);
        if (heard.kind === "close" || heard.kind === "cut") return;
        continue;
      }
      const [head = "", ...lines] = heard.text.split("\n");
      const message = JSON.parse(head) as Record<string, unknown>;
      if (message["op"] === "beat") continue;
      if (message["op"] !== "rows") this.told.push(message);
      else for (const line of lines) if (line !== "") this.rows.push(JSON.parse(line) as Row);
    }
  }
}

const ids = (rows: readonly Row[]) => rows.map(({ duration_ms }) => duration_ms);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test(
  "every row reaches every client once and in order, over events, raw bytes and WebSockets",
  ON_A_BUSY_HOST,
  async (t) => {
    await live(t, async ({ http, push, untilClients }) => {
      const at = `${http.url}/v1/streams`;
      const events = await Lines.open(`${at}/${DATASET}`);
      const all = await Lines.open(`${at}/all?datasets=${DATASET},memory_1m`);
      const one = new Rows(await RawSocket.open(http.port, `/v1/streams/${DATASET}`));
      const socket = await RawSocket.open(http.port, "/v1/streams");
      const many = new Rows(socket);
      socket.send(JSON.stringify({ op: "subscribe", ref: "a", datasets: [DATASET] }));
      socket.send(
        JSON.stringify({ op: "subscribe", ref: "b", datasets: [DATASET], where: "duration_ms >= 50" }),
      );
      await until("all have subscribed", () => one.told.length === 1 && many.told.length === 2);
      const opening = Lines.open(`${at}/${DATASET}?framing=raw`);
      // On Bun the headers of raw bytes come with the first of them.
      await untilClients(6);
      for (const rows of [1, 1, 60, 3, 35]) await push(rows);
      const raw = await opening;
      await until(
        "all have come",
        () => [events, all, raw, one].every(({ rows }) => rows.length >= 100) && many.rows.length >= 150,
      );
      for (const { rows } of [events, all, raw, one]) assert.deepEqual(ids(rows), range(0, 100));
      const twice = [...range(0, 100), ...range(50, 100)].sort((a, b) => a - b);
      assert.deepEqual(
        ids(many.rows).sort((a, b) => a - b),
        twice,
      );
      assert.equal(events.lastId, "99");
      for (const client of [events, all, raw]) client.close();
      socket.destroy();
      // Those that went are forgotten.
      await untilClients(1);
    });
  },
);

test(
  "who connects again goes on where it was; who asks for the past gets it; both without a gap or a double",
  ON_A_BUSY_HOST,
  async (t) => {
    await live(t, async ({ http, push }) => {
      const at = `${http.url}/v1/streams`;
      const first = await Lines.open(`${at}/${DATASET}`);
      await push(30);
      await until("it has some", () => first.rows.length === 30);
      first.close();
      await push(500);
      const again = await Lines.open(`${at}/${DATASET}`, { "last-event-id": first.lastId });
      await push(20);
      const sinceMs = syntheticTimeMs(200);
      const since = await Lines.open(`${at}/${DATASET}?framing=raw&since=${sinceMs}`);
      const socket = await RawSocket.open(http.port, "/v1/streams");
      const rows = new Rows(socket);
      socket.send(
        JSON.stringify({ op: "subscribe", ref: "x", datasets: [DATASET], positions: { [DATASET]: 100 } }),
      );
      await until("it has subscribed", () => rows.told.length === 1);
      await push(50);
      await until(
        "all have come",
        () => again.rows.at(-1)?.duration_ms === 599 && since.rows.at(-1)?.duration_ms === 599,
      );
      await until("all have come here, too", () => rows.rows.at(-1)?.duration_ms === 599);
      assert.deepEqual(ids(again.rows), range(30, 600));
      assert.deepEqual(ids(rows.rows), range(100, 600));
      // It may begin earlier, at the first row of the batch that holds the moment.
      const from = ids(since.rows)[0]!;
      assert.ok(from <= 200, String(from));
      assert.deepEqual(ids(since.rows), range(from, 600));
      for (const client of [again, since]) client.close();
      socket.destroy();
    });
  },
);

test("a filter that changes while rows come loses none and doubles none", ON_A_BUSY_HOST, async (t) => {
  await live(t, async ({ http, push }) => {
    const socket = await RawSocket.open(http.port, `/v1/streams/${DATASET}`);
    const rows = new Rows(socket);
    await until("it has subscribed", () => rows.told.length === 1);
    for (let count = 0; count < 10; count++) {
      // Between the two all rows are wanted, so that whatever is missing is missed.
      const where = count % 2 === 0 ? "duration_ms >= 0" : null;
      socket.send(JSON.stringify({ op: "filter", ref: DATASET, where }));
      await push(25);
      await until("it has been changed", () => rows.told.length === 2 + count);
    }
    await until("all have come", () => rows.rows.length >= 250 && rows.told.length === 11);
    assert.deepEqual(ids(rows.rows), range(0, 250));
    assert.deepEqual(
      rows.told.slice(1).map(({ op }) => op),
      Array.from({ length: 10 }, () => "filtered"),
    );
    socket.destroy();
  });
});

test(
  "a client that never reads has no more than its queue; the others get every row",
  ON_A_BUSY_HOST,
  async (t) => {
    await live(t, async ({ http, push, clients, untilClients }) => {
      const stuck = connect(http.port, "127.0.0.1");
      stuck.on("error", () => {});
      stuck.pause();
      stuck.write(`GET /v1/streams/${DATASET} HTTP/1.1\r\nHost: localhost:${http.port}\r\n\r\n`);
      const stuckSocket = await RawSocket.open(http.port, `/v1/streams/${DATASET}`);
      stuckSocket.pause();
      const other = await Lines.open(`${http.url}/v1/streams/${DATASET}`);
      await untilClients(3);
      let rows = 0;
      // Until both have filled what the kernel gives them, and their queues.
      for (;;) {
        await push(1000);
        rows += 1000;
        // It reads in this very thread, which on a busy host may else come to it too late.
        await until("the other has these", () => other.tail.includes(`"duration_ms":${rows - 1},`));
        const all = await clients();
        for (const { queuedBytes } of all) assert.ok(queuedBytes <= QUEUE_BYTES * 2, String(queuedBytes));
        if (all.filter(({ droppedRows }) => droppedRows > 0).length >= 2) break;
        assert.ok(rows < 200_000, "nothing is dropped: what waits for them is somewhere else");
      }
      assert.deepEqual(ids(other.rows), range(0, rows));
      // Who begins to read again is told what it missed.
      const late = new Rows(stuckSocket);
      stuckSocket.resume();
      await until("it is told", () => late.told.some(({ notice }) => notice === "dropped"));
      const { next } = late.told.find(({ notice }) => notice === "dropped") as { readonly next: number };
      await until("it goes on", () => late.rows.at(-1)?.duration_ms === rows - 1);
      const missed = late.told
        .filter(({ notice }) => notice === "dropped")
        .reduce((sum, { rows: dropped }) => sum + (dropped as number), 0);
      assert.equal(missed + late.rows.length, rows);
      assert.ok(late.rows.some(({ sequence }) => sequence === next));
      for (const client of [stuck, stuckSocket]) client.destroy();
      other.close();
    });
  },
);

test("binary formats reach a client as the bytes of the format", ON_A_BUSY_HOST, async (t) => {
  await live(t, async ({ http, push, untilClients }) => {
    const at = `${http.url}/v1/streams/${DATASET}?framing=raw&columns=duration_ms&format=`;
    const read = async (format: string) => {
      const response = await fetch(`${at}${format}`);
      const { value } = await response.body!.getReader().read();
      return { type: response.headers.get("content-type"), bytes: Buffer.from(value!) };
    };
    const answers = [read("msgpack"), read("protobuf"), read("arrow")];
    await untilClients(3);
    await push(1);
    const [msgpack, protobuf, arrow] = await Promise.all(answers);
    assert.equal(msgpack?.type, "application/msgpack");
    // A map of three: dataset, sequence, duration_ms.
    assert.equal(msgpack?.bytes[0], 0x83);
    assert.equal(protobuf?.type, "application/x-protobuf");
    assert.equal(protobuf?.bytes[0], protobuf!.bytes.length - 1);
    assert.equal(arrow?.type, "application/vnd.apache.arrow.stream");
    assert.equal(arrow?.bytes.readInt32LE(0), -1);
  });
});

test(
  "the end of the server is told to every client, and closes WebSockets with 1001",
  ON_A_BUSY_HOST,
  async (t) => {
    await live(t, async ({ http }) => {
      const events = await Lines.open(`${http.url}/v1/streams/memory_1m`);
      const one = new Rows(await RawSocket.open(http.port, "/v1/streams/memory_1m"));
      const idle = new Rows(await RawSocket.open(http.port, "/v1/streams"));
      await until("it has subscribed", () => one.told.length === 1 && events.text !== "");
      await http.close();
      await until("all are told", () => events.isOver && one.told.length === 3 && idle.told.length === 1);
      assert.match(events.text, /event: ended\ndata: {"reason":"closing"}\n\n$/);
      assert.deepEqual(one.told.slice(1), [
        { op: "ended", ref: "memory_1m", reason: "closing" },
        { kind: "close", code: 1001, reason: "closing" },
      ]);
      assert.equal(idle.told[0]?.["code"], 1001);
    });
  },
);

/** The whole way over a real socket: rows in a lane, through the broadcaster, to a client. */

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { createBroadcaster } from "../../actors/broadcaster/broadcaster.ts";
import { BROADCASTER, type BroadcasterReplies } from "../../actors/broadcaster/protocol.ts";
import { datasets } from "../../datasets/index.ts";
import { createJsonEncoder } from "../../datasets/json-rows.ts";
import { type HttpServer, HttpStartError, startHttp } from "../../http/serve.ts";
import type { ActorFactory } from "../../runtime/actor/types.ts";
import { createSystem, type System } from "../../runtime/system.ts";
import type { Settings } from "../../settings.ts";
import { houseSpec, LANES } from "../actors/broadcaster/support.ts";

interface Live {
  readonly system: System;
  readonly http: HttpServer;
  /** Resolves when somebody has unsubscribed. */
  readonly unsubscribed: Promise<void>;
  emit(rows: number): void;
}

const settings = (port: number, more: Partial<Settings["http"]> = {}) => ({
  http: { host: "127.0.0.1", port, ...more },
});

async function live(use: (live: Live) => Promise<void>): Promise<void> {
  let heard: () => void = () => {};
  const unsubscribed = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const used = datasets.filter(({ name }) => LANES.some((lane) => lane === name));
  const listening: ActorFactory = (context) => {
    const behaviour = createBroadcaster(context as never, used, createJsonEncoder);
    return {
      ...behaviour,
      async receive(message, reply) {
        await behaviour.receive?.(message, reply);
        if (message.kind === "broadcast.unsubscribe") heard();
      },
    };
  };
  const system = createSystem(houseSpec(1000, listening));
  const http = await startHttp({ settings: settings(0), system, ledger: () => [] });
  try {
    assert.equal((await fetch(`${http.url}/health`)).status, 503);
    assert.deepEqual(await system.start(), { ok: true });
    await use({
      system,
      http,
      unsubscribed,
      emit: (rows) => assert.ok(system.tell("source", { kind: "emit", dataset: "memory", rows } as never).ok),
    });
  } finally {
    await http.close();
    await system.stop();
  }
}

/** Reads events until there are `count`, by the rules of the format. */
async function events(reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">, count: number) {
  const found: Record<string, string>[] = [];
  const decoder = new TextDecoder();
  let text = "";
  while (found.length < count) {
    const { done, value } = await reader.read();
    assert.ok(!done, "the stream ended");
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]);
      if (fields.some(([name]) => name === "data")) found.push(Object.fromEntries(fields));
    }
  }
  return found;
}

/** The first line that is answered to these bytes; empty when the connection is closed without one. */
function statusLine(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
    socket.on("error", reject);
  });
}

async function stats(system: System) {
  const answer = await system.ask<BroadcasterReplies["broadcast.stats"]>(
    BROADCASTER,
    { kind: "broadcast.stats" },
    5000,
  );
  assert.ok(answer.ok);
  return answer.value;
}

test("rows reach every client in order, one by one and in bursts", async () => {
  await live(async ({ http, emit }) => {
    const clients = await Promise.all(
      ["memory", "all"].map(async (name) => {
        const response = await fetch(`${http.url}/v1/streams/${name}`);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("content-type"), "text/event-stream");
        assert.equal(response.headers.get("cache-control"), "no-store");
        return response.body!.getReader();
      }),
    );
    let next = 0;
    for (const rows of [1, 1, 64, 3, 40]) {
      emit(rows);
      for (const reader of clients) {
        const batch = await events(reader, rows);
        assert.deepEqual(
          batch.map(({ id }) => Number(id)),
          Array.from({ length: rows }, (_, index) => next + index),
        );
        for (const { event, id, data } of batch) {
          assert.equal(event, "memory");
          assert.equal(JSON.parse(data ?? "").available_mb, Number(id));
        }
      }
      next += rows;
    }
    for (const reader of clients) await reader.cancel();
  });
});

test("a client that goes away is unsubscribed, without waiting for a row", async () => {
  await live(async ({ http, system, unsubscribed }) => {
    const gone = new AbortController();
    const response = await fetch(`${http.url}/v1/streams/memory`, { signal: gone.signal });
    await response.body!.getReader().read();
    assert.equal((await stats(system)).clients, 1);
    gone.abort();
    await unsubscribed;
    assert.equal((await stats(system)).clients, 0);
  });
});

test("the end of the server is the end of its streams: they end whole", async () => {
  await live(async ({ http, unsubscribed }) => {
    const response = await fetch(`${http.url}/v1/streams/memory`);
    const reader = response.body!.getReader();
    await reader.read();
    const closing = http.close();
    await unsubscribed;
    assert.equal((await reader.read()).done, true);
    await closing;
  });
});

test("names are checked on a real socket too, with the port that was taken", async () => {
  await live(async ({ http }) => {
    assert.equal(http.url, `http://127.0.0.1:${http.port}`);
    assert.equal((await fetch(`${http.url}/health`)).status, 200);
    assert.equal((await fetch(`http://localhost:${http.port}/health`)).status, 200);
    for (const [host, status] of [
      [`Host: localhost:${http.port}`, "200"],
      [`Host: evil.example:${http.port}`, "421"],
      ["Host: localhost", "421"],
      ["Host:", "421"],
      [`X-Host: localhost:${http.port}`, "421"],
      [`Host: localhost:${http.port}\r\nHost: evil.example`, "421"],
    ] as const) {
      const line = await statusLine(
        http.port,
        `GET /health HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`,
      );
      // The runtime itself may refuse what is no HTTP.
      assert.ok(
        line.includes(` ${status} `) || (status === "421" && line.includes(" 400 ")),
        `${host}: ${line}`,
      );
    }
    const page = await fetch(`${http.url}/v1/actors`, { headers: { origin: "http://evil.example" } });
    assert.equal(page.status, 403);
    const body = await fetch(`${http.url}/v1/actors/source/restart`, {
      method: "POST",
      body: "x".repeat(100_000),
    });
    assert.equal(body.status, 413);
    const metrics = await (await fetch(`${http.url}/metrics`)).text();
    assert.match(metrics, /^millrace_stream_clients 0$/m);
  });
});

test("an actor is restarted over HTTP", async () => {
  await live(async ({ http, system }) => {
    const response = await fetch(`${http.url}/v1/actors/broadcaster/restart`, { method: "POST" });
    assert.equal(response.status, 202);
    assert.equal((await stats(system)).clients, 0);
    const group = system.status().supervisors.children[0]?.subtree;
    assert.equal(group?.children.find(({ name }) => name === "broadcaster")?.restarts, 1);
  });
});

test("a port that is taken is told with what to do", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { readonly port: number };
  const system = createSystem(houseSpec(1, () => ({})));
  await assert.rejects(
    startHttp({ settings: settings(port), system, ledger: () => [] }),
    (error: unknown) => {
      assert.ok(error instanceof HttpStartError);
      assert.match(error.message, new RegExp(`^port ${port} is taken on 127\\.0\\.0\\.1: .*--port`));
      return true;
    },
  );
  await new Promise((resolve) => other.close(resolve));
});

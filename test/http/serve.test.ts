/** The server on a real socket, over the whole house. Streams have a file of their own: streams/live.test.ts. */

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { MAX_BODY_BYTES } from "../../actors/intake/protocol.ts";
import { HttpStartError } from "../../http/open-port.ts";
import { type HttpOptions, type HttpServer, startHttp } from "../../http/serve.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import type { System } from "../../runtime/system.ts";
import type { Settings } from "../../settings.ts";
import { buildHouse, houseOptions, temporaryFolder } from "../e2e/support.ts";

interface Live {
  readonly system: System;
  readonly http: HttpServer;
}

const settings = (port: number, more: Partial<Settings["http"]> = {}) => ({
  http: { host: "127.0.0.1", port, ...more },
});

/** @param more what else the server is to have. Default: nothing */
async function live(
  t: { after(fn: () => void): void },
  use: (live: Live) => Promise<void>,
  more: Pick<HttpOptions, "clock"> = {},
): Promise<void> {
  const system = buildHouse(houseOptions(temporaryFolder(t)));
  const http = await startHttp({ settings: settings(0), system, ledger: () => [], ...more });
  try {
    assert.equal((await fetch(`${http.url}/health`)).status, 503);
    assert.deepEqual(await system.start(), { ok: true });
    await use({ system, http });
  } finally {
    await http.close();
    await system.stop();
  }
}

/** The first line that is answered to these bytes; empty when the connection is closed without one. */
async function statusLine(port: number, request: string): Promise<string> {
  return (await said(port, request)).split("\r\n")[0] ?? "";
}

/** All that is answered. */
function said(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
      // Deno waits for the rest of a request that it has answered.
      if (/\}\s*$/.test(text)) socket.destroy();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

test("the end of the server is the end of its streams: they end whole", { timeout: 240_000 }, async (t) => {
  await live(t, async ({ http }) => {
    const response = await fetch(`${http.url}/v1/streams/memory?where=used_percent%20%3C%200`);
    const reader = response.body!.getReader();
    await reader.read();
    const [{ value }] = await Promise.all([reader.read(), http.close()]);
    assert.equal(new TextDecoder().decode(value), 'event: ended\ndata: {"reason":"closing"}\n\n');
    assert.equal((await reader.read()).done, true);
  });
});

test("a body that is said to be too long is refused before it comes, with what was expected", {
  timeout: 240_000,
}, async (t) => {
  await live(t, async ({ http }) => {
    const asked = [
      "POST /v1/ingest/optimization HTTP/1.1",
      `Host: 127.0.0.1:${http.port}`,
      ...["Content-Type: application/json", `Content-Length: ${MAX_BODY_BYTES + 1}`, "Connection: close"],
    ];
    const answer = await said(http.port, `${asked.join("\r\n")}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.ok(answer.includes(`at most ${MAX_BODY_BYTES} bytes; came ${MAX_BODY_BYTES + 1}`), answer);
  });
});

test("names are checked on a real socket too, with the port that was taken", {
  timeout: 240_000,
}, async (t) => {
  await live(t, async ({ http }) => {
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
    const body = await fetch(`${http.url}/v1/actors/sampler/restart`, {
      method: "POST",
      body: "x".repeat(100_000),
    });
    assert.equal(body.status, 413);
    const metrics = await (await fetch(`${http.url}/metrics`)).text();
    assert.match(metrics, /^millrace_stream_clients 0$/m);
  });
});

test("an actor is restarted over HTTP", { timeout: 240_000 }, async (t) => {
  // Time stands still for the server: else, where the restart takes longer than it waits, it answers that it is under way.
  const clock = new VirtualClock();
  await live(
    t,
    async ({ http, system }) => {
      const response = await fetch(`${http.url}/v1/actors/broadcaster/restart`, { method: "POST" });
      assert.equal(response.status, 200);
      const children = system.status().supervisors.children.flatMap(({ subtree }) => subtree?.children ?? []);
      assert.equal(children.find(({ name }) => name === "broadcaster")?.restarts, 1);
    },
    { clock },
  );
});

test("a port that is taken is told with what to do", { timeout: 240_000 }, async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { readonly port: number };
  const system = buildHouse(houseOptions(temporaryFolder(t)));
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

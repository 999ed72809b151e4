/**
 * A body that never comes whole, over a real connection: it is answered in its time, and told that the connection ends. Bun then
 * ends it; Deno waits for the rest of the body, with nothing of it in memory, until the client goes.
 */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { BODY_MS } from "../../http/bounded-body.ts";
import { loadPlatform, serve } from "../../runtime/platform/index.ts";
import { until } from "../e2e/support.ts";
import { HOST, openControl } from "./support.ts";

test("who sends a body too slowly is told so", async () => {
  const { app, clock } = openControl({ token: "0123456789abcdef" });
  const server = await serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, connection) => app.fetch(request, { connection }),
  });
  let text = "";
  let isClosed = false;
  const socket = connect(server.port, "127.0.0.1", () => {
    const head = [`POST /v1/session HTTP/1.1`, `Host: ${HOST}`, "Content-Type: application/json"];
    socket.write([...head, "Content-Length: 100", "", '{"token":'].join("\r\n"));
  });
  socket.on("data", (bytes) => {
    text += bytes;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
  });
  try {
    await until("the body is read", () => clock.nextDueMs() !== undefined);
    socket.write('"0123');
    clock.advance(BODY_MS - 1);
    assert.equal(text, "");
    clock.advance(1);
    await until("it is answered", () => text.includes("\r\n\r\n"));
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.match(text, /\r\nconnection: close\r\n/i);
    const { name } = await loadPlatform();
    if (name === "bun") await until("the connection is closed", () => isClosed);
  } finally {
    socket.destroy();
    await server.close();
  }
});

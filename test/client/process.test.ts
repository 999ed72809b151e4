/** A client keeps no program from ending. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type AddressInfo, connect, createServer } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(new URL("../fixtures/client-host.ts", import.meta.url));

test("a program with rows that cannot be sent ends when it is done", async (t) => {
  // Nobody listens on the port of a client's own end, and nobody else is given it while the connection is there.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => {
    client.destroy();
    server.close();
  });
  await new Promise<void>((resolve, reject) => client.on("connect", resolve).on("error", reject));
  const port = client.localPort;
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
  const args = [...runtime, HOST, `http://127.0.0.1:${port}`];
  // Were it kept up, it would be for the minutes of retries and the hour until the flush: longer than it may take here.
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 110_000 }, (error, text) =>
      error ? reject(error) : resolve(text),
    );
  });
  assert.equal(JSON.parse(stdout).buffered, 3);
});

/** A client keeps no program from ending. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(new URL("../fixtures/client-host.ts", import.meta.url));

test("a program with rows that cannot be sent ends when it is done", async () => {
  // A port that nobody listens on.
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { readonly port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
  const args = [...runtime, HOST, `http://127.0.0.1:${port}`];
  // Were it kept up, it would be for minutes of retries, or the flush in a minute: longer than it may take here.
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 45_000 }, (error, text) =>
      error ? reject(error) : resolve(text),
    );
  });
  assert.equal(JSON.parse(stdout).buffered, 3);
});

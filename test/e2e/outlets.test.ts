/** Outlets of the settings, in a whole Millrace: open from the start, told of over HTTP, and at an end with the process. */

import assert from "node:assert/strict";
import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { OutletView } from "../../http/outlet-view.ts";
import { Peer } from "../actors/outlets/support.ts";
import { Server } from "./server.ts";
import { temporaryFolder, until } from "./support.ts";

test("outlets of the settings give rows as long as the process runs, and end with it in order", {
  timeout: 120_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "rows.fifo");
  const outlets = `tcp://127.0.0.1:0/memory?columns=used_percent pipe://${path}?datasets=process`;
  const server = new Server(t, [
    ...["--port", "0", "--data", join(folder, "data"), "--sampler.memoryIntervalMs", "100ms"],
    ...["--streams.outlets", outlets],
  ]);
  const url = await server.ready();
  const told = async () =>
    ((await (await fetch(`${url}/v1/outlets`)).json()) as { readonly outlets: readonly OutletView[] })
      .outlets;
  const reader = await Peer.open((await told()).find(({ port }) => port !== null)?.port ?? 0);
  await until("rows come", () => reader.text.split("\n").length > 3);
  const records = reader.text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { dataset: string; sequence: number; used_percent: number });
  assert.deepEqual(Object.keys(records[0]!), ["dataset", "sequence", "used_percent"]);
  assert.deepEqual(
    records.map(({ sequence }) => sequence),
    records.map((_, index) => records[0]!.sequence + index),
  );
  const opened = await told();
  assert.deepEqual(opened.map(({ transport, expiresAt }) => [transport, expiresAt]).sort(), [
    ["pipe", null],
    ["tcp", null],
  ]);
  assert.ok(opened.some(({ clients, sentRows }) => clients.length === 1 && sentRows >= records.length));
  assert.equal(lstatSync(path).mode & 0o777, 0o600);

  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
  await until("the reader sees the end", () => reader.hasEnded || reader.isClosed);
  assert.ok(reader.text.endsWith("\n"), "the last record is whole");
  assert.equal(existsSync(path), false);
});

test("an outlet that cannot be is a setting that cannot be used", { timeout: 240_000 }, async (t) => {
  const server = new Server(t, ["--data", temporaryFolder(t), "--streams.outlets", "tcp://0.0.0.0:1/memory"]);
  const { code } = await server.ended;
  assert.equal(code, 2);
  assert.match(server.stderr, /^streams\.outlets \(flag .*loopback/);
});

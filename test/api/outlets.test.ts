/** Outlets from a program, of a whole house behind a server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ledgerOf } from "../../actors/house/places.ts";
import { readLedger } from "../../actors/ledger.ts";
import { connectStore } from "../../api/remote.ts";
import { startHttp } from "../../http/serve.ts";
import { defaultSettings } from "../../settings.ts";
import { Peer } from "../actors/outlets/support.ts";
import { buildHouse, houseOptions, pushSynthetic, temporaryFolder, until } from "../e2e/support.ts";

test("a program opens an outlet, others read from it, and it is renewed and closed", async (t) => {
  const system = buildHouse(houseOptions(temporaryFolder(t)));
  assert.ok((await system.start()).ok);
  t.after(() => system.stop());
  const { http, ...settings } = defaultSettings();
  const server = await startHttp({
    settings: { ...settings, http: { ...http, port: 0 } },
    system,
    ledger: () => readLedger(system.memory, ledgerOf(system)),
  });
  t.after(() => server.close());
  const client = connectStore({ url: server.url });

  const rows = { datasets: ["optimization"], columns: ["duration_ms"], where: "duration_ms >= 5" };
  const opened = await client.openOutlet({ transport: "tcp", port: 0, ...rows, leaseMs: 60_000 });
  assert.ok(opened.ok, opened.ok ? "" : opened.message);
  const { id, port, address, format, expiresAt } = opened.outlet;
  assert.deepEqual([address, format], [`tcp://127.0.0.1:${port}`, "jsonl"]);
  assert.ok(expiresAt !== null);
  const peer = await Peer.open(port ?? 0);
  const told = async () => {
    const listed = await client.outlets();
    assert.ok(listed.ok);
    return listed.outlets;
  };
  while ((await told())[0]?.clients.length !== 1);
  const pushed = await pushSynthetic(system, [3, 4, 5, 6], 0, 60_000);
  assert.ok(pushed.ok, JSON.stringify(pushed));
  await until("they have come", () => peer.text.split("\n").length === 3);
  assert.equal(
    peer.text,
    '{"dataset":"optimization","sequence":2,"duration_ms":5}\n{"dataset":"optimization","sequence":3,"duration_ms":6}\n',
  );
  const renewed = await client.renewOutlet(id);
  assert.ok(renewed.ok && (renewed.outlet.expiresAt ?? "") >= expiresAt);
  const closed = await client.closeOutlet(id);
  assert.ok(closed.ok && closed.outlet.sentRows === 2);
  await until("the reader sees the end", () => peer.hasEnded);
  assert.deepEqual(await told(), []);

  for (const [answer, reason] of [
    [await client.renewOutlet(id), "unknown-outlet"],
    [await client.closeOutlet("../exports"), "unknown-outlet"],
    [await client.openOutlet({ transport: "tcp", host: "0.0.0.0", port: 0 }), "not-loopback"],
    [await client.openOutlet({ transport: "tcp", port: 0, where: "nothing > 1" }), "bad-filter"],
    [await client.openOutlet({ transport: "pipe", path: "relative" }), "bad-option"],
  ] as const) {
    assert.ok(!answer.ok);
    assert.equal(answer.reason, reason, answer.message);
  }
  await client.close();
  const late = await client.openOutlet({ transport: "tcp", port: 0 });
  assert.ok(!late.ok && late.reason === "closed");
});

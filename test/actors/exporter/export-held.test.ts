/**
 * Exports beside the keeper, which compacts, and removes what is over, while they read. What would fail here: a row lost or
 * twice because it moved meanwhile, a file taken from under an export, and a hold that outlives its export.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ExportOrder } from "../../../actors/exporter/order.ts";
import { EXPORT_IDLE_MS } from "../../../actors/exporter/protocol.ts";
import { HOLD_MS, KEEPER, type KeeperReplies } from "../../../actors/keeper/protocol.ts";
import { lakeFolder } from "../../../actors/store/lake/manifest.ts";
import { readManifest } from "../../../actors/store/lake/manifest-file.ts";
import { process } from "../../../datasets/process.ts";
import { HOUR, hastyLakeDisk, MINUTE, usualRules } from "../keeper/kept-store.ts";
import { RecorderHouse } from "../recorder/recorder-house.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { TempLog } from "../store/log/temp-log.ts";
import { ask, open, orderOf } from "./export-client.ts";
import { readCsv } from "./read-files.ts";

const KEEP_HOURS = 3;
const keep = {
  ...usualRules,
  keep: { process: { keepMs: KEEP_HOURS * HOUR, maxBytes: 2 ** 30 } },
  disk: hastyLakeDisk,
};
let at: TempLog;
let house: RecorderHouse;

beforeEach(async () => {
  at = new TempLog(1);
  house = await new RecorderHouse(at.dataFolder, 1, 2 ** 18, keep).start();
});

afterEach(async () => {
  await house.stop();
  at.remove();
});

/** Thousands of rows, a second apart. */
async function fill(thousands: number): Promise<void> {
  for (let batch = 0; batch < thousands; batch++) await house.publish("process", 1000);
}

async function compact(): Promise<void> {
  let answer: KeeperReplies["keeper.compact"] | undefined;
  void house.system
    .ask<KeeperReplies["keeper.compact"]>(KEEPER, { kind: "keeper.compact", all: true } as never, 60_000)
    .then((result) => {
      assert.ok(result.ok);
      answer = result.value;
    });
  for (let turn = 0; turn < 500 && answer === undefined; turn++) await house.pass(1, 1);
  assert.ok(answer?.ok, JSON.stringify(answer));
}

const listed = () => readManifest(at.dataFolder).datasets["process"]?.files ?? [];
const onDisk = (paths: readonly string[]) =>
  paths.filter((path) => existsSync(join(lakeFolder(at.dataFolder), path))).length;
const byTime = (rows: readonly PlainRow[]) =>
  rows.toSorted((one, other) => Number(one["timestamp"]) - Number(other["timestamp"]));

/** Pulls once. @returns whether that was the last */
async function pull(id: number, into: Uint8Array[]): Promise<boolean> {
  const chunk = await ask(house, { kind: "export.pull", id });
  assert.ok(chunk.ok, chunk.ok ? "" : chunk.message);
  into.push(chunk.bytes);
  return chunk.done;
}

/** What is over is taken out of the manifest, and removed when nobody holds it. */
async function timeGoesBy(): Promise<void> {
  house.clock.jumpWall((KEEP_HOURS + 24) * HOUR);
  for (let minute = 0; minute < 3; minute++) await house.pass(MINUTE, 5000);
}

describe("an export that is open while the keeper works", () => {
  test("holds every row that was there when it was opened, once", async () => {
    await fill(20);
    await compact();
    await fill(30);
    const before = [...house.published.get("process")!];
    const segments = at.names();
    const files = listed().map(({ path }) => path);
    const { id, mostRows } = await open(house, {});
    assert.equal(mostRows, 50_000);
    const parts: Uint8Array[] = [];
    assert.equal(await pull(id, parts), false);
    // What it has not read moves from the log into the lake, and then all of it is over.
    await fill(5);
    await compact();
    house.clock.jumpWall((KEEP_HOURS + 24) * HOUR);
    for (let count = 0; count < 3; count++) {
      await house.pass(EXPORT_IDLE_MS - 1000, 5000);
      assert.equal(await pull(id, parts), false);
    }
    assert.equal(listed().length, 0);
    assert.equal(onDisk(files), files.length);
    for (const name of segments) assert.ok(at.names().includes(name), `${name} is gone`);
    while (!(await pull(id, parts)));
    assert.deepEqual(byTime(readCsv(process, Buffer.concat(parts))), byTime(before));
    await timeGoesBy();
    assert.equal(onDisk(files), 0);
    assert.ok(!at.names().includes(segments[0]!));
  });

  for (const [end, finish] of [
    ["was closed", (id: number) => ask(house, { kind: "export.close", id })],
    ["was not pulled", () => house.pass(EXPORT_IDLE_MS + 1000, 5000)],
  ] as const) {
    test(`lets go of the store when it ${end}`, async () => {
      await fill(40);
      await compact();
      const files = listed().map(({ path }) => path);
      const { id } = await open(house, {});
      await pull(id, []);
      await finish(id);
      await timeGoesBy();
      assert.equal(onDisk(files), 0);
    });
  }

  test("as a job lets go when it is done, cancelled or failed, and an order that is refused holds nothing", async () => {
    await fill(40);
    await compact();
    const files = listed().map(({ path }) => path);
    const start = async (order: Partial<ExportOrder>) => {
      const started = await ask(house, { kind: "export.start", order: orderOf(order) });
      return started.ok ? started.job.job : undefined;
    };
    const done = await start({});
    const cancelled = await start({});
    assert.equal(await start({ format: "xls" }), undefined);
    await start({ profile: "anonymous", k: 1000, maxSuppressed: 0 });
    await ask(house, { kind: "export.cancel", job: cancelled! });
    for (let turn = 0; turn < 100; turn++) await house.pass(1, 1);
    const { jobs } = await ask(house, { kind: "export.jobs" });
    assert.deepEqual(
      jobs.map(({ state }) => state),
      ["failed", "cancelled", "done"],
    );
    assert.equal(jobs[2]?.job, done);
    assert.equal(jobs[0]?.failure?.reason, "below-policy");
    assert.ok(HOLD_MS >= MINUTE, "the holds would have lapsed by themselves");
    house.clock.jumpWall((KEEP_HOURS + 24) * HOUR);
    await house.pass(MINUTE - 1000, 5000);
    await house.pass(2000, 1000);
    for (let turn = 0; turn < 100; turn++) await house.pass(1, 1);
    assert.equal(onDisk(files), 0);
  });
});

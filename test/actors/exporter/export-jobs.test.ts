/**
 * Exports that are made beside other work and fetched when they are done. What would fail here: a job that holds up who asks,
 * a file that is readable before it is whole or after it was cancelled, leftovers of a life before, and a list without end.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ExportOrder } from "../../../actors/exporter/order.ts";
import { MAX_CHUNK_BYTES, MAX_EXPORTS, MAX_JOBS } from "../../../actors/exporter/protocol.ts";
import { process } from "../../../datasets/process.ts";
import { RecorderHouse } from "../recorder/recorder-house.ts";
import { TempLog } from "../store/log/temp-log.ts";
import { ask, exportFile, open, orderOf, pullAll } from "./export-client.ts";
import { readCsv, readParquet } from "./read-files.ts";

const SEGMENT_BYTES = 2 ** 18;
let at: TempLog;
let house: RecorderHouse;

beforeEach(async () => {
  at = new TempLog(1);
  house = await new RecorderHouse(at.dataFolder, 1, SEGMENT_BYTES).start();
});

afterEach(async () => {
  await house.stop();
  at.remove();
});

async function fill(batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) await house.publish("process", 1000);
}

async function start(order: Partial<ExportOrder> = {}) {
  const started = await ask(house, { kind: "export.start", order: orderOf(order) });
  assert.ok(started.ok, JSON.stringify(started));
  return started.job;
}

async function job(id: string) {
  const answer = await ask(house, { kind: "export.job", job: id });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.job;
}

/** Lets steps happen until the job has ended. @returns how many it took */
async function finish(id: string): Promise<number> {
  for (let steps = 0; ; steps++) {
    if ((await job(id)).state !== "running") return steps;
    assert.ok(steps < 1000, "it does not end");
    await house.pass(1, 1);
  }
}

async function readFile(id: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let offset = 0; ; ) {
    const piece = await ask(house, { kind: "export.read", job: id, offset });
    if (!piece.ok) throw new Error(piece.message);
    assert.ok(piece.bytes.byteLength <= MAX_CHUNK_BYTES);
    parts.push(piece.bytes);
    offset += piece.bytes.byteLength;
    if (offset === piece.fileBytes) return Buffer.concat(parts);
    assert.ok(piece.bytes.byteLength > 0);
  }
}

function folders(): string[] {
  const folder = join(at.dataFolder, "exports");
  return existsSync(folder) ? readdirSync(folder) : [];
}

describe("a job", () => {
  test("makes the same file as is sent, and says how far it is meanwhile", async () => {
    await fill(40);
    const sent = await exportFile(house, {});
    const { job: id, ...begun } = await start();
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.equal(begun.state, "running");
    assert.equal(begun.mostRows, 40_000);
    assert.equal(begun.fileName, "process.csv");
    assert.deepEqual([begun.endedMs, begun.stats, begun.failure, begun.bytes], [null, null, null, 0]);
    let [seen, bytes] = [0, 0];
    let changes = 0;
    for (let state = "running"; state === "running"; await house.pass(1, 1)) {
      const now = await job(id);
      assert.ok(now.seenRows >= seen && now.bytes >= bytes && now.seenRows <= now.mostRows);
      if (now.bytes > bytes) changes++;
      [seen, bytes, state] = [now.seenRows, now.bytes, now.state];
    }
    assert.ok(changes >= 3, `${changes}`);
    const done = await job(id);
    assert.equal(done.state, "done");
    assert.equal(done.seenRows, 40_000);
    assert.equal(done.bytes, sent.byteLength);
    assert.deepEqual([done.stats?.rows, done.stats?.bytes], [40_000, sent.byteLength]);
    assert.ok(done.endedMs !== null && done.endedMs > done.startedMs);
    assert.ok((await readFile(id)).equals(sent));
  });

  test("leaves its file, and nothing else, to its owner alone", async () => {
    await fill(1);
    const { job: id } = await start({ format: "sqlite" });
    await finish(id);
    assert.deepEqual(folders(), [id]);
    const folder = join(at.dataFolder, "exports", id);
    assert.deepEqual(readdirSync(folder), ["file"]);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, "file")).mode & 0o777, 0o600);
  });

  test("is of the moment it was started at", async () => {
    await fill(3);
    const { job: id } = await start({ format: "parquet" });
    await fill(2);
    await finish(id);
    assert.deepEqual(
      await readParquet(process, await readFile(id)),
      house.published.get("process")!.slice(0, 3000),
    );
  });

  test("goes on beside pulls and other jobs, step by step in turns", async () => {
    await fill(60);
    const jobs = [await start(), await start(), await start()];
    const { id } = await open(house, {});
    const { bytes } = await pullAll(house, id);
    assert.equal(readCsv(process, bytes).length, 60_000);
    for (const { job: id } of jobs) assert.equal((await job(id)).seenRows, 0);
    // A step each: nobody is a step ahead of the others by more than one.
    for (let ended = 0; ended < jobs.length; await house.pass(1, 1)) {
      const now = [];
      for (const { job: id } of jobs) now.push(await job(id));
      const running = now.filter(({ state }) => state === "running").map(({ seenRows }) => seenRows);
      if (ended === 0) assert.ok(Math.max(...running) - Math.min(...running) <= 33_000, running.join());
      ended = now.filter(({ state }) => state === "done").length;
    }
    for (const { job: id } of jobs) assert.ok((await readFile(id)).equals(bytes));
  });

  test("can be read only when it is done", async () => {
    await fill(40);
    const { job: id } = await start();
    const early = await ask(house, { kind: "export.read", job: id, offset: 0 });
    assert.ok(!early.ok && early.reason === "not-done");
    assert.match(early.message, /is running: there is no file to read; ask again when it is done/);
    await finish(id);
    const size = (await job(id)).bytes;
    const behind = await ask(house, { kind: "export.read", job: id, offset: size + 10 });
    assert.ok(behind.ok && behind.bytes.byteLength === 0 && behind.fileBytes === size);
    for (const kind of ["export.job", "export.cancel"] as const) {
      const answer = await ask(house, { kind, job: "none" });
      assert.ok(!answer.ok && answer.reason === "unknown-job");
    }
  });

  test("that is cancelled ends, and its file is gone, before or after it was done", async () => {
    await fill(60);
    const running = await start();
    const done = await start({ columns: ["pid"] });
    await house.pass(2, 1);
    const cancelled = await ask(house, { kind: "export.cancel", job: running.job });
    assert.ok(cancelled.ok && cancelled.job.state === "cancelled" && cancelled.job.endedMs !== null);
    await finish(done.job);
    assert.deepEqual(folders(), [done.job]);
    const removed = await ask(house, { kind: "export.cancel", job: done.job });
    assert.ok(removed.ok && removed.job.state === "cancelled" && removed.job.stats === null);
    assert.deepEqual(folders(), []);
    const read = await ask(house, { kind: "export.read", job: done.job, offset: 0 });
    assert.ok(!read.ok && read.reason === "not-done");
    assert.match(read.message, /is cancelled: there is no file to read; start another/);
    const again = await ask(house, { kind: "export.cancel", job: done.job });
    assert.ok(again.ok && again.job.state === "cancelled");
  });

  test("that meets a damaged store fails and says so, and its file is gone", async () => {
    await fill(60);
    const first = at.names()[0]!;
    const bytes = at.bytes(first);
    bytes[bytes.byteLength - 100]! ^= 1;
    writeFileSync(at.path(first), bytes);
    const { job: id } = await start();
    await finish(id);
    const failed = await job(id);
    assert.equal(failed.state, "failed");
    assert.equal(failed.failure?.reason, "damaged");
    assert.match(failed.failure?.message ?? "", /log segment 00000001\.log is damaged/);
    assert.equal(failed.stats, null);
    assert.deepEqual(folders(), []);
  });

  test("whose file is gone says so, and no path of ours", async () => {
    await fill(1);
    const { job: id } = await start();
    await finish(id);
    const path = join(at.dataFolder, "exports", id, "file");
    truncateSync(path, 10);
    rmSync(path);
    const read = await ask(house, { kind: "export.read", job: id, offset: 0 });
    assert.ok(!read.ok && read.reason === "disk");
    assert.ok(!read.message.includes(at.dataFolder), read.message);
  });

  test("below the policy of the anonymous profile fails before a byte is written", async () => {
    await house.publish("process", 500);
    house.clock.jumpWall(86_400_000);
    const { job: id } = await start({
      profile: "anonymous",
      k: 1000,
      maxSuppressed: 0,
    });
    await finish(id);
    const ended = await job(id);
    assert.equal(ended.state, "failed");
    assert.equal(ended.failure?.reason, "below-policy");
    assert.equal(ended.bytes, 0);
    assert.deepEqual(folders(), []);
  });
});

describe("jobs", () => {
  test("count as exports while they run", async () => {
    await fill(1);
    for (let count = 0; count < MAX_EXPORTS - 1; count++) await start();
    await open(house, {});
    const full = await ask(house, { kind: "export.start", order: orderOf({}) });
    assert.ok(!full.ok && full.reason === "too-many");
    await house.pass(100, 1);
    await start();
  });

  test("are listed newest first, and only so many of them", async () => {
    await fill(1);
    const ids: string[] = [];
    for (let count = 0; count < MAX_JOBS + 3; count++) {
      const { job: id } = await start({ format: "jsonl" });
      ids.push(id);
      await finish(id);
    }
    const { jobs } = await ask(house, { kind: "export.jobs" });
    assert.deepEqual(
      jobs.map(({ job }) => job),
      ids.slice(3).reverse(),
    );
    assert.deepEqual(folders().sort(), ids.slice(3).sort());
    const forgotten = await ask(house, { kind: "export.job", job: ids[0]! });
    assert.ok(!forgotten.ok && forgotten.reason === "unknown-job");
  });

  test("end with the exporter, and nothing of them is left when it is back", async () => {
    await fill(40);
    const done = await start({ columns: ["pid"] });
    await finish(done.job);
    const running = await start();
    const { id } = await open(house, { format: "sqlite" });
    await house.pass(1, 1);
    assert.equal(folders().length, 4);
    // What a process that was killed would have left.
    mkdirSync(join(at.dataFolder, "exports", "left over"));
    writeFileSync(join(at.dataFolder, "exports", "left over", "file"), "half");
    let isBack = false;
    const restarted = house.system.restart("exporter", "to see what is left").then(() => {
      isBack = true;
    });
    for (let turn = 0; turn < 100 && !isBack; turn++) await house.pass(100, 100);
    await restarted;
    await house.pass(1000, 100);
    for (const { job: id } of [done, running]) {
      const answer = await ask(house, { kind: "export.job", job: id });
      assert.ok(!answer.ok && answer.reason === "unknown-job");
    }
    const pulled = await ask(house, { kind: "export.pull", id });
    assert.ok(!pulled.ok && pulled.reason === "unknown-export");
    assert.deepEqual(folders(), []);
    const { job: again } = await start();
    await finish(again);
    assert.equal(readCsv(process, await readFile(again)).length, 40_000);
  });
});

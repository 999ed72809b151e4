import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { RecorderReplies } from "../../../actors/recorder/protocol.ts";
import { decodeReceipts } from "../../../actors/store/log/receipts.ts";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import type { Message } from "../../../runtime/actor/types.ts";
import { TempLog } from "../store/log/temp-log.ts";
import { RecorderHouse } from "./recorder-house.ts";

let at: TempLog;
let house: RecorderHouse;

beforeEach(async () => {
  at = new TempLog(1);
  house = await new RecorderHouse(at.dataFolder).start();
});

afterEach(async () => {
  await house.stop();
  at.remove();
});

function assertStored(dataset: typeof memory | typeof process): void {
  const rows = house.published.get(dataset.name)!;
  assert.deepEqual(at.rows(dataset), rows);
  const account = house.ledger(dataset.name);
  assert.equal(account.stored, rows.length);
  assert.equal(account.inFlight, 0);
  assert.ok(account.balanced, JSON.stringify(account));
  assert.equal(house.lag(dataset.name), 0);
}

function restarts(): number {
  const [group] = house.system.status().supervisors.children;
  return group!.subtree!.children.find(({ name }) => name === "recorder")!.restarts;
}

describe("the recorder", () => {
  test("stores what every lane brings, and the ledger balances", async () => {
    for (const rows of [1, 64, 3]) {
      house.tell({ kind: "publish", dataset: "memory", rows });
      house.tell({ kind: "publish", dataset: "process", rows: rows * 10 });
    }
    await house.settle();
    assertStored(memory);
    assertStored(process);
    assert.equal(house.ledger("process").received, 680);
  });

  test("tells which rows of which request are on the disk, also when it has died on the way, and of one that is asked for", async () => {
    const [a, b] = ["a", "b"].map((digit) => digit.repeat(32)) as [string, string];
    const publish = (rows: number, key: string, firstRow: number) =>
      house.tell({ kind: "publish", dataset: "memory", rows, origin: { key, body: 1, firstRow } });
    const told = async (key?: string) => {
      let result: RecorderReplies["recorder.receipts"] | undefined;
      void house.system
        .ask<RecorderReplies["recorder.receipts"]>(
          "recorder",
          { kind: "recorder.receipts", key } as Message,
          1000,
        )
        .then((answer) => {
          result = answer.ok ? answer.value : undefined;
        });
      await house.settle();
      const receipts = decodeReceipts(result!.receipts, result!.datasets)!;
      return receipts.map(({ key, dataset, firstRow, rows }) => [key, dataset, firstRow, rows]);
    };
    assert.deepEqual(await told(), []);
    publish(3, a, 0);
    publish(4, b, 2);
    publish(2, a, 3);
    await house.publish("memory", 1);
    const expected = [
      [a, "memory", 0, 5],
      [b, "memory", 2, 4],
    ];
    assert.deepEqual(await told(), expected);
    assert.deepEqual(await told(b), expected.slice(1));
    // It dies when the batch is on the disk, and before it was released.
    house.disk.onSync = () => {
      house.disk.onSync = () => {};
      throw new Error("died here");
    };
    publish(5, b, 6);
    await house.settle();
    await house.pass(5000);
    assert.equal(restarts(), 1);
    assertStored(memory);
    assert.deepEqual(await told(b), [[b, "memory", 2, 9]]);
  });

  test("acknowledges only what is on the disk", async () => {
    const moments: [lag: number, stored: number, inFlight: number][] = [];
    const look = () => {
      const { stored, inFlight, balanced } = house.ledger("memory");
      assert.ok(balanced);
      moments.push([house.lag("memory"), stored, inFlight]);
    };
    house.disk.onWrite = look;
    house.disk.onSync = look;
    await house.publish("memory", 5);
    await house.publish("memory", 7);
    assert.deepEqual(moments, [
      [1, 0, 5],
      [1, 0, 5],
      [1, 5, 7],
      [1, 5, 7],
    ]);
    assertStored(memory);
  });

  for (const failing of ["write", "half-write", "sync"] as const) {
    test(`keeps rows in their lanes while the disk refuses a ${failing}, and loses none`, async () => {
      await house.publish("memory", 2);
      house.disk.failing = failing;
      await house.publish("memory", 5);
      for (let seconds = 0; seconds < 5; seconds++) {
        const { stored, inFlight, balanced } = house.ledger("memory");
        assert.deepEqual([stored, inFlight, balanced, house.lag("memory")], [2, 5, true, 1]);
        await house.pass(1000);
      }
      // What the lane has no room for is counted: of eight slots it holds seven batches, one slot being kept back.
      for (let batch = 0; batch < 10; batch++) await house.publish("memory", 6);
      assert.equal(house.ledger("memory").dropped["lane-full"], 24);
      house.disk.failing = undefined;
      await house.pass(2000);
      assertStored(memory);
      assert.equal(house.ledger("memory").received, 67);
    });
  }

  test("does not double rows that it wrote and did not get to release", async () => {
    await house.publish("memory", 3);
    let crashes = 1;
    const { disk } = house;
    const { fdatasyncSync } = disk;
    disk.fdatasyncSync = (fd) => {
      fdatasyncSync(fd);
      if (crashes-- > 0) throw new Error("died after the sync");
    };
    // It did not live to take the write back.
    disk.ftruncateSync = () => {
      throw new Error("died");
    };
    house.tell({ kind: "publish", dataset: "memory", rows: 4 });
    house.tell({ kind: "publish", dataset: "memory", rows: 5 });
    await house.pass(10_000);
    assert.equal(crashes, 0);
    assert.equal(restarts(), 1);
    assertStored(memory);
    await house.publish("memory", 1);
    assertStored(memory);
  });

  test("goes on where it was after a restart", async () => {
    await house.publish("memory", 3);
    const restarted = house.system.restart("recorder", "a test");
    await house.pass(1000);
    assert.deepEqual(await restarted, { ok: true });
    await house.publish("memory", 4);
    assertStored(memory);
  });

  test("a batch that brings it down three times becomes a dead letter and is counted", async () => {
    await house.publish("memory", 3);
    house.tell({ kind: "publish", dataset: "memory", rows: 6, poison: true });
    house.tell({ kind: "publish", dataset: "memory", rows: 2 });
    await house.pass(30_000);
    assertStored(memory);
    const { dropped, received } = house.ledger("memory");
    assert.deepEqual([dropped.poison, dropped.lost, received], [6, 0, 11]);
    const { deadLetters } = house.system.status();
    assert.equal(deadLetters.count, 1);
    assert.match(deadLetters.latest[0]!.reason, /a batch of 6 rows of memory/);
    assert.deepEqual(at.rows(memory, { fromSequence: 9 }), house.published.get("memory")!.slice(3));
  });

  test("counts of refused and dropped rows are there after the process", async () => {
    await house.publish("memory", 3);
    house.tell({ kind: "publish", dataset: "memory", rows: 6, poison: true });
    house.tell({ kind: "refuse", rows: 8 });
    await house.pass(30_000);
    // Within the second before the end, too.
    house.tell({ kind: "refuse", rows: 1 });
    await house.settle();
    const before = house.ledger("memory");
    await house.stop();
    house = await new RecorderHouse(at.dataFolder, 2).start();
    assert.deepEqual(house.ledger("memory"), before);
    assert.deepEqual([before.rejected.bound, before.dropped.poison, before.received], [9, 6, 18]);
    await house.publish("memory", 2);
    assert.ok(house.ledger("memory").balanced);
    assert.equal(at.rows(memory, { fromSequence: 9 }).length, 2);
  });

  test("what was in the lane when the process ended is not counted as stored", async () => {
    await house.publish("memory", 3);
    house.disk.failing = "sync";
    await house.publish("memory", 4);
    await house.stop({ hangs: true });
    house = await new RecorderHouse(at.dataFolder, 2).start();
    const { stored, received, balanced } = house.ledger("memory");
    assert.deepEqual([stored, received, balanced], [3, 3, true]);
  });

  test("writes its counts when they change and not otherwise", async () => {
    await house.publish("memory", 3);
    house.tell({ kind: "refuse", rows: 1 });
    await house.pass(3000);
    const bytes = at.bytes("00000001.log").byteLength;
    await house.pass(5000);
    assert.equal(at.bytes("00000001.log").byteLength, bytes);
  });
});

/** The keeper among others: when it works, what it answers, and what it does when the disk refuses. */

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { HOLD_MS, KEEPER, type KeeperMessage, type KeeperReplies } from "../../../actors/keeper/protocol.ts";
import { RECORDER, type RecorderReplies } from "../../../actors/recorder/protocol.ts";
import type { LakeDisk } from "../../../actors/store/lake/lake-disk.ts";
import { lakeFolder } from "../../../actors/store/lake/manifest.ts";
import { readManifest } from "../../../actors/store/lake/manifest-file.ts";
import { openStore } from "../../../actors/store/store-reader.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import type { AskResult } from "../../../runtime/actor/types.ts";
import { keeperConfig, RecorderHouse } from "../recorder/recorder-house.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { TempLog } from "../store/log/temp-log.ts";
import { EVERYTHING, rowsOf } from "../store/temp-store.ts";
import { HOUR, hastyLakeDisk, MINUTE, rowText, usualRules } from "./kept-store.ts";
import { openPlain, plainCodec } from "./plain-codec.ts";

let at: TempLog;
let house: RecorderHouse;
/** What the next file that is created meets. */
let refusal: string | undefined;

const disk: LakeDisk = {
  ...hastyLakeDisk,
  create(path) {
    if (refusal !== undefined) throw Object.assign(new Error("refused"), { code: refusal });
    return hastyLakeDisk.create(path);
  },
};

/** There is no windower here that would have made its windows by the time a segment may go. */
const keep = { ...usualRules, segmentMaxAgeMs: 2 * HOUR, disk, codec: plainCodec };

beforeEach(async () => {
  refusal = undefined;
  at = new TempLog(1);
  house = await new RecorderHouse(at.dataFolder, 1, 2 ** 20, keep).start();
});

afterEach(async () => {
  await house.stop();
  at.remove();
});

/** Asks, and lets as much time pass as the answer takes. */
async function ask<Kind extends KeeperMessage["kind"]>(
  message: Extract<KeeperMessage, { readonly kind: Kind }>,
): Promise<AskResult<KeeperReplies[Kind]>> {
  return withTime(house.system.ask<KeeperReplies[Kind]>(KEEPER, message, 60_000));
}

async function withTime<Result>(asked: Promise<Result>): Promise<Result> {
  let answer: { readonly result: Result } | undefined;
  void asked.then((result) => {
    answer = { result };
  });
  for (let turn = 0; turn < 500 && answer === undefined; turn++) await house.pass(1, 1);
  assert.ok(answer !== undefined, "no answer came");
  return answer.result;
}

const lake = (dataset: Dataset) => readManifest(at.dataFolder).datasets[dataset.name];

function stored(dataset: Dataset): PlainRow[] {
  const source = { ...at.source, openParquet: openPlain };
  const { parts } = openStore(source, readManifest(at.dataFolder), dataset, EVERYTHING);
  const rows: PlainRow[] = [];
  for (const part of parts) rows.push(...rowsOf(dataset, part));
  return rows;
}

function assertAllThere(): void {
  for (const dataset of [memory, process]) {
    const text = (rows: readonly PlainRow[]) => rows.map(rowText).sort();
    assert.deepEqual(text(stored(dataset)), text(house.published.get(dataset.name)!));
  }
}

async function publish(rows = 10): Promise<void> {
  await house.publish("memory", rows);
  await house.publish("process", rows);
}

/** As many turns as a round takes. */
const work = () => house.pass(100, 1);

async function wake(): Promise<void> {
  await house.pass(MINUTE, MINUTE / 2);
  await work();
}

function restarts(): number {
  const [group] = house.system.status().supervisors.children;
  return group!.subtree!.children.find(({ name }) => name === "keeper")!.restarts;
}

describe("the keeper", () => {
  test("moves an hour into the lake when it is over, and lets the segment go", async () => {
    await publish();
    house.clock.advance(HOUR + 4 * MINUTE);
    await work();
    assert.equal(lake(memory)?.files.length ?? 0, 0);
    await wake();
    assert.equal(lake(memory)?.files.length, 1);
    assert.equal(lake(process)?.files.length, 1);
    assertAllThere();
    await publish();
    house.clock.advance(HOUR);
    await wake();
    await wake();
    assert.ok(!at.names().includes("00000001.log"));
    assertAllThere();
  });

  test("begins nothing by itself while it is paused, but does what it is asked to", async () => {
    assert.deepEqual(await withTime(house.system.command(KEEPER, "pause", "")), { ok: true });
    await publish();
    house.clock.advance(HOUR + 10 * MINUTE);
    await wake();
    assert.equal(lake(memory)?.files.length ?? 0, 0);
    assert.ok((await ask({ kind: "keeper.stats" })).ok);
    const compacted = { ok: true, value: { ok: true, files: 2, rows: 20 } };
    assert.deepEqual(await ask({ kind: "keeper.compact" }), compacted);
    await publish();
    house.clock.advance(HOUR);
    await wake();
    assert.equal(lake(memory)?.files.length, 1);
    assert.deepEqual(await withTime(house.system.command(KEEPER, "resume", "")), { ok: true });
    await work();
    assert.equal(lake(memory)?.files.length, 2, "at once, not a minute later");
    await house.pass(2 * HOUR, 30 * MINUTE);
    assertAllThere();
  });

  test("takes other rules while it runs", async () => {
    await publish();
    house.clock.advance(HOUR + 10 * MINUTE);
    await wake();
    assert.equal(lake(memory)?.files.length, 1);
    const { disk: _, codec: __, ...rules } = keep;
    const kept = { ...rules.keep["memory"]!, keepMs: MINUTE };
    const config = keeperConfig(at.dataFolder, { ...rules, keep: { ...rules.keep, memory: kept } });
    const changed = await withTime(house.system.reconfigure(KEEPER, config, ""));
    assert.deepEqual(changed, { ok: true, effect: "live" });
    await wake();
    assert.equal(lake(memory)?.files.length, 0, "its time is over by the new rule");
    assert.equal(lake(process)?.files.length, 1);
    assert.equal(restarts(), 0);
  });

  test("does it at once when it is asked to", async () => {
    await publish();
    assert.deepEqual(await ask({ kind: "keeper.compact" }), {
      ok: true,
      value: { ok: true, files: 0, rows: 0 },
    });
    assert.deepEqual(await ask({ kind: "keeper.compact", all: true }), {
      ok: true,
      value: { ok: true, files: 2, rows: 20 },
    });
    assertAllThere();
    await publish();
    assertAllThere();
  });

  test("answers one after the other who ask at the same time", async () => {
    await publish();
    const compact = () =>
      house.system.ask<KeeperReplies["keeper.compact"]>(
        KEEPER,
        { kind: "keeper.compact", all: true } as never,
        60_000,
      );
    const answers = await withTime(Promise.all([compact(), compact(), compact()]));
    assert.deepEqual(
      answers.map((answer) => answer.ok && answer.value.ok && answer.value.rows),
      [20, 0, 0],
    );
  });

  test("keeps what is held, until it is let go or nobody says so any more", async () => {
    await ask({ kind: "keeper.hold", holder: "export 1" });
    await publish();
    for (let said = 0; said < 4; said++) {
      house.clock.advance(HOLD_MS - 2000);
      await ask({ kind: "keeper.hold", holder: "export 1" });
    }
    // Old enough to go, if nobody held it.
    house.clock.jumpWall(2 * HOUR);
    await ask({ kind: "keeper.compact", all: true });
    await ask({ kind: "keeper.compact", all: true });
    assert.deepEqual(at.names(), ["00000001.log", "00000002.log"]);
    await ask({ kind: "keeper.release", holder: "export 1" });
    await ask({ kind: "keeper.compact", all: true });
    assert.deepEqual(at.names(), ["00000002.log"]);
    await ask({ kind: "keeper.hold", holder: "export 2" });
    await publish();
    await ask({ kind: "keeper.compact", all: true });
    house.clock.jumpWall(2 * HOUR);
    await ask({ kind: "keeper.compact", all: true });
    assert.deepEqual(at.names(), ["00000002.log", "00000003.log"]);
    house.clock.advance(HOLD_MS);
    await ask({ kind: "keeper.compact", all: true });
    assert.deepEqual(at.names(), ["00000003.log"]);
  });

  test("refuses a holder without a name, and others than it knows", async () => {
    for (const message of [
      { kind: "keeper.hold", holder: "x".repeat(65) },
      { kind: "keeper.hold" },
      { kind: "keeper.other" },
    ]) {
      const answer = await withTime(house.system.ask(KEEPER, message, 60_000));
      assert.equal(answer.ok, false);
    }
    assert.equal(restarts(), 0);
  });

  test("says what there is, at any time", async () => {
    await publish();
    await ask({ kind: "keeper.compact", all: true });
    await publish(50);
    const asked = Promise.all([
      house.system.ask<KeeperReplies["keeper.stats"]>(KEEPER, { kind: "keeper.stats" }, 60_000),
      house.system.ask<KeeperReplies["keeper.stats"]>(KEEPER, { kind: "keeper.stats" }, 60_000),
    ]);
    for (const answer of await withTime(asked)) {
      assert.ok(answer.ok && answer.value.ok);
      const of = answer.value.stats.datasets.find(({ dataset }) => dataset === "memory");
      assert.deepEqual([of?.rows, of?.lakeRows, of?.logRows], [60, 10, 50]);
    }
  });

  test("comes again after a disk that refused, and nothing is lost", async () => {
    await publish();
    house.clock.advance(HOUR + 5 * MINUTE);
    refusal = "ENOSPC";
    for (let minute = 0; minute < 3; minute++) {
      await wake();
      assertAllThere();
    }
    const answer = await ask({ kind: "keeper.compact", all: true });
    assert.ok(answer.ok && !answer.value.ok && answer.value.reason === "disk");
    refusal = undefined;
    await wake();
    assert.equal(lake(memory)?.files.length, 1);
    assertAllThere();
    assert.equal(restarts(), 0);
  });

  test("waits for a recorder whose disk refuses", async () => {
    await publish();
    house.disk.failing = "open";
    house.clock.advance(HOUR + 5 * MINUTE);
    await wake();
    assert.equal(lake(memory)?.files.length ?? 0, 0);
    house.disk.failing = undefined;
    await wake();
    assert.equal(lake(memory)?.files.length, 1);
    assertAllThere();
  });

  test("touches nothing while the manifest cannot be read", async () => {
    await publish();
    await ask({ kind: "keeper.compact", all: true });
    const path = join(lakeFolder(at.dataFolder), "manifest.json");
    writeFileSync(path, "{}");
    const answer = await ask({ kind: "keeper.compact", all: true });
    assert.ok(answer.ok && !answer.value.ok && answer.value.reason === "damaged");
    assert.ok(!(await ask({ kind: "keeper.stats" })).ok);
    await wake();
    await wake();
    assert.equal(at.names().length, 2);
    assert.equal(restarts(), 0);
  });

  test("begins anew after it was restarted in the middle", async () => {
    await publish();
    house.clock.advance(HOUR + 5 * MINUTE);
    await house.pass(MINUTE, MINUTE);
    for (let turn = 0; turn < 5; turn++) {
      const restarted = house.system.restart(KEEPER, "a test");
      await house.pass(3000, 1000);
      assert.deepEqual(await restarted, { ok: true });
      await house.pass(3, 1);
      assertAllThere();
    }
    await wake();
    await wake();
    assert.equal(lake(memory)?.files.length, 1);
    assertAllThere();
  });
});

describe("the recorder, asked to begin a new segment", () => {
  const roll = () =>
    withTime(house.system.ask<RecorderReplies["recorder.roll"]>(RECORDER, { kind: "recorder.roll" }, 60_000));

  test("does so when the open one holds rows", async () => {
    assert.deepEqual(await roll(), { ok: true, value: { ok: true, segment: 1 } });
    await publish();
    assert.deepEqual(await roll(), { ok: true, value: { ok: true, segment: 2 } });
    assert.deepEqual(await roll(), { ok: true, value: { ok: true, segment: 2 } });
    await publish();
    assert.deepEqual(await roll(), { ok: true, value: { ok: true, segment: 3 } });
    assertAllThere();
  });

  test("does so after a restart, by what it finds in it", async () => {
    await publish();
    await house.stop();
    house = await new RecorderHouse(at.dataFolder, 2, 2 ** 20, keep).start();
    assert.deepEqual(await roll(), { ok: true, value: { ok: true, segment: 2 } });
  });

  test("says so when the disk refuses, and goes on", async () => {
    await publish();
    house.disk.failing = "sync";
    const answer = await roll();
    assert.ok(answer.ok && !answer.value.ok && answer.value.reason === "disk");
    house.disk.failing = undefined;
    await publish();
    assertAllThere();
    assert.deepEqual(at.names(), ["00000001.log"]);
  });

  test("whose log was moved away goes on behind what the lake has", async () => {
    await publish();
    await ask({ kind: "keeper.compact", all: true });
    await house.stop();
    const before = [...house.published.get("memory")!];
    for (const name of at.names()) writeFileSync(at.path(`${name}.moved`), at.bytes(name));
    for (const name of at.names().filter((name) => name.endsWith(".log"))) rmSync(at.path(name));
    house = await new RecorderHouse(at.dataFolder, 2, 2 ** 20, keep).start();
    await house.publish("memory", 7);
    assert.deepEqual(
      stored(memory).map(rowText).sort(),
      [...before, ...house.published.get("memory")!].map(rowText).sort(),
    );
    const { stored: rows, received, balanced } = house.ledger("memory");
    assert.deepEqual([rows, received, balanced], [17, 17, true]);
  });
});

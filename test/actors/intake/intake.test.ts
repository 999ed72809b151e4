/**
 * The intake takes good rows, says of each bad one why it is none, and answers when the good ones are on the disk.
 *
 * Breaks when it answers before the recorder has stored, when a part of a push is taken and the rest is not, when a row is in
 * no account, or when a batch that was given up is acknowledged all the same.
 */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import anonymizer, { anonymizerScratchBytes } from "../../../actors/anonymizer/anonymizer.ts";
import intake from "../../../actors/intake/intake.ts";
import { MAX_PUSH_ROWS, MAX_REJECTIONS, type Pushed } from "../../../actors/intake/protocol.ts";
import { type LedgerSpec, placeLedger, readLedger } from "../../../actors/ledger.ts";
import recorder from "../../../actors/recorder/recorder.ts";
import { kernelsOf } from "../../../actors/resources.ts";
import { datasets } from "../../../datasets/index.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { REJECTION_REASONS, type RejectionReason } from "../../../datasets/rejection.ts";
import { maxBatchBytes } from "../../../datasets/write-rows.ts";
import type { ActorContext, ActorFactory, AskResult, Message } from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { createSystem } from "../../../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { storedIds, syntheticRow, temporaryFolder } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";

const STAGING_BYTES = 2 ** 20;
const module = compileKernels();
const pushed = [optimization, process];
const modules: Readonly<Record<string, ActorFactory<never>>> = {
  anonymizer: anonymizer as ActorFactory<never>,
  recorder: recorder as ActorFactory<never>,
  intake: intake as ActorFactory<never>,
};

interface HouseOptions {
  readonly slots?: number;
  readonly seed?: number;
  /** Of the process lane; default: what any batch fits into. */
  readonly slotBytes?: number;
}

async function openHouse(t: TestContext, { slots = 16, seed = 1, slotBytes }: HouseOptions = {}) {
  const dataFolder = temporaryFolder(t);
  const clock = new VirtualClock();
  const slotBytesOf = (name: string, most: number) =>
    name === process.name && slotBytes !== undefined ? slotBytes : alignUp(most, 64);
  const lanes = pushed.map((dataset) => ({
    name: dataset.name,
    slots,
    slotBytes: slotBytesOf(dataset.name, maxBatchBytes(dataset)),
    tiers: [["anonymizer"], ["recorder"]],
  }));
  const laneBytes = lanes.reduce((bytes, lane) => bytes + lane.slots * lane.slotBytes, 0);
  const memory = createKernelMemory({ bytes: laneBytes + 2 ** 22 });
  const actor = (name: string, config: unknown, more = {}) => ({
    ...{ name, module: "", thread: "main", config },
    ...more,
  });
  const system = createSystem({
    ...{ memory, arenaFrom: KERNEL_STATIC_BYTES, placement: "inline", clock, seed, lanes },
    groups: [
      {
        name: "all",
        intensity: { restarts: 100, withinMs: 1000 },
        actors: [
          actor(
            "recorder",
            { dataFolder, segmentBytes: 2 ** 22, stagingBytes: STAGING_BYTES },
            { scratchBytes: STAGING_BYTES },
          ),
          actor("anonymizer", { dataFolder }, { scratchBytes: anonymizerScratchBytes }),
          actor(
            "intake",
            { datasets: pushed.map(({ name }) => name) },
            { writes: pushed.map(({ name }) => name) },
          ),
        ],
      },
    ],
    resources: (arena) => ({
      kernels: module,
      ledger: placeLedger(
        arena,
        datasets.map(({ name }) => name),
      ),
    }),
    load: ({ name }) => modules[name] as ActorFactory,
  });
  assert.deepEqual(await system.start(), { ok: true });
  const ledger = (dataset: string) =>
    readLedger(memory, system.resources["ledger"] as LedgerSpec).find((row) => row.dataset === dataset)!;

  /** Sends a push; the answer is in `result` once there is one. */
  function send(dataset: string, rows: readonly unknown[]) {
    const sent: { result: AskResult<Pushed> | undefined } = { result: undefined };
    const message = { kind: "intake.push", dataset, rows } as Message;
    void system.ask<Pushed>("intake", message, 60_000).then((result) => {
      sent.result = result;
    });
    return sent;
  }
  async function step(): Promise<boolean> {
    const worked = await system.step();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return worked;
  }
  async function settle(): Promise<void> {
    for (let passes = 0; passes < 30; passes++) {
      while (await step());
      clock.advance(100);
    }
  }
  async function push(dataset: string, rows: readonly unknown[]): Promise<AskResult<Pushed>> {
    const sent = send(dataset, rows);
    await settle();
    return sent.result ?? assert.fail("there is no answer");
  }
  const kernels = kernelsOf({ memory, resources: system.resources } as unknown as ActorContext<never>);
  return { system, dataFolder, clock, kernels, ledger, send, step, settle, push };
}

const goodRows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => syntheticRow(from + index));

function processRow(name: string): Record<string, unknown> {
  return { timestamp: 0, pid: 1, name, working_set_mb: 1 };
}

function taken(result: AskResult<Pushed>): Pushed {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

describe("the intake", () => {
  test("answers when the rows are on the disk, and not before, in any order of steps", {
    timeout: 60_000,
  }, async (t) => {
    let waited = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const { send, step, clock, ledger, dataFolder } = await openHouse(t, { seed });
      const pushes = [3, 1, 7].map((rows, index) => ({
        rows,
        sent: send("optimization", goodRows(rows, index * 10)),
      }));
      for (let steps = 0; pushes.some(({ sent }) => sent.result === undefined) && steps < 500; steps++) {
        const { received, inFlight, balanced } = ledger("optimization");
        assert.ok(balanced);
        if (inFlight > 0) waited++;
        const answered = pushes.filter(({ sent }) => sent.result !== undefined);
        const rows = answered.reduce((sum, push) => sum + push.rows, 0);
        assert.ok(storedIds(dataFolder).length >= rows, "it was answered before the rows were stored");
        assert.ok(received <= 11);
        if (!(await step())) clock.advance(1);
      }
      const ranges = pushes.map(({ sent }) => taken(sent.result!));
      assert.deepEqual(
        ranges.map(({ fromSequence, toSequence }) => [fromSequence, toSequence]),
        [
          [0, 3],
          [3, 4],
          [4, 11],
        ],
      );
    }
    assert.ok(waited > 0, "no push was ever seen on its way");
  });

  const faults: readonly (readonly [RejectionReason, string, unknown, string | null])[] = [
    ["not-an-object", "optimization", ["a row"], null],
    ["unknown-column", "optimization", { ...syntheticRow(1), host: "h" }, "host"],
    ["missing", "optimization", { ...syntheticRow(1), freed_mb: undefined }, "freed_mb"],
    ["type", "optimization", { ...syntheticRow(1), success: "yes" }, "success"],
    ["bound", "optimization", { ...syntheticRow(1), before_available_mb: -1 }, "before_available_mb"],
    ["category", "optimization", { ...syntheticRow(1), trigger: "alice" }, "trigger"],
    ["length", "process", processRow("x".repeat(257)), "name"],
  ];

  test("knows every reason to refuse a row", () => {
    assert.deepEqual(
      faults.map(([reason]) => reason),
      [...REJECTION_REASONS],
    );
  });

  for (const [reason, dataset, row, column] of faults) {
    test(`refuses a row by ${reason}, names the place, and takes those beside it`, async (t) => {
      const { push, ledger } = await openHouse(t);
      const good = dataset === "process" ? processRow("p") : syntheticRow(0);
      const answer = taken(await push(dataset, [good, row, good]));
      assert.deepEqual([answer.accepted, answer.rejected, answer.toSequence], [2, 1, 2]);
      const [rejection] = answer.rejections;
      assert.deepEqual([rejection?.row, rejection?.column, rejection?.reason], [1, column, reason]);
      assert.ok(rejection?.expected && rejection.got);
      assert.ok(!JSON.stringify(answer).includes("alice"), "it repeats what came");
      const { received, stored, rejected, balanced } = ledger(dataset);
      assert.deepEqual([received, stored, rejected[reason], balanced], [3, 2, 1, true]);
    });
  }

  test("answers at once when no row was good, and tells of the first only", async (t) => {
    const { send, step, ledger } = await openHouse(t);
    const sent = send("optimization", Array(MAX_REJECTIONS + 5).fill(null));
    while (await step());
    // Time did not move: nobody was waited for.
    const answer = taken(sent.result!);
    assert.deepEqual([answer.accepted, answer.rejected, answer.rejections.length], [0, 25, MAX_REJECTIONS]);
    assert.equal(answer.fromSequence, answer.toSequence);
    assert.equal(ledger("optimization").rejected["not-an-object"], 25);
  });

  test("spreads rows over as many batches as they take, in order", async (t) => {
    const { push, dataFolder, ledger } = await openHouse(t);
    const count = optimization.batchRows * 2 + 5;
    const answer = taken(await push("optimization", goodRows(count)));
    assert.deepEqual([answer.accepted, answer.fromSequence, answer.toSequence], [count, 0, count]);
    assert.deepEqual(
      storedIds(dataFolder),
      Array.from({ length: count }, (_, id) => id),
    );
    assert.equal(ledger("optimization").stored, count);
  });

  test("spreads rows whose texts are too long for one slot", async (t) => {
    const slotBytes = 2 ** 14;
    const { push, system, ledger } = await openHouse(t, { slotBytes });
    const rows = Array.from({ length: 200 }, () => processRow("n".repeat(250)));
    const answer = taken(await push("process", rows));
    assert.deepEqual([answer.accepted, answer.toSequence], [200, 200]);
    const lane = system.status().lanes.find(({ lane: name }) => name === "process");
    assert.ok(lane!.published >= Math.ceil((200 * 250) / slotBytes));
    assert.deepEqual([ledger("process").stored, ledger("process").balanced], [200, true]);
  });

  test("takes nothing of a push that the lane has no room for, and says so", async (t) => {
    const { push, ledger, dataFolder } = await openHouse(t, { slots: 2 });
    const bad = [null, ...goodRows(optimization.batchRows * 2 + 1)];
    const answer = await push("optimization", bad);
    assert.ok(!answer.ok && answer.reason === "failed");
    assert.match(answer.message, /lane is full; none of the rows was taken/);
    const { received, stored, dropped, rejected, balanced } = ledger("optimization");
    const good = bad.length - 1;
    assert.deepEqual([received, stored, dropped["lane-full"], balanced], [good, 0, good, true]);
    // The bad one is answered for when the good ones are sent again.
    assert.equal(rejected["not-an-object"], 0);
    assert.deepEqual(storedIds(dataFolder), []);
    assert.ok((await push("optimization", goodRows(optimization.batchRows))).ok);
  });

  test("refuses more rows than it takes at once, and takes as many as it says", async (t) => {
    const { push, ledger } = await openHouse(t);
    const answer = await push("optimization", goodRows(MAX_PUSH_ROWS + 1));
    assert.ok(!answer.ok);
    assert.match(answer.message, /at most 10000 rows.*came 10001/);
    assert.equal(ledger("optimization").received, 0);
    assert.equal(taken(await push("optimization", goodRows(MAX_PUSH_ROWS))).accepted, MAX_PUSH_ROWS);
  });

  test("refuses datasets that nobody pushes, and messages that it does not know", async (t) => {
    const { push, system, settle } = await openHouse(t);
    const answer = await push("memory", goodRows(1));
    assert.ok(!answer.ok);
    assert.match(answer.message, /cannot be pushed into memory; they can into optimization, process/);
    let other: AskResult<unknown> | undefined;
    void system.ask("intake", { kind: "intake.pull" } as Message, 1000).then((result) => {
      other = result;
    });
    await settle();
    assert.ok(other !== undefined && !other.ok && other.reason === "failed");
  });

  test("does not acknowledge rows that were given up on their way", async (t) => {
    const { push, kernels, ledger, system } = await openHouse(t);
    const { hmacBytes } = kernels;
    kernels.hmacBytes = (...args) => {
      // Rows, of which keys that are derived have one.
      if (args[4] > 1) throw new Error("died here");
      hmacBytes(...args);
    };
    const answer = await push("process", [processRow("a"), processRow("b")]);
    kernels.hmacBytes = hmacBytes;
    assert.ok(!answer.ok);
    assert.match(answer.message, /given up/);
    assert.equal(system.status().deadLetters.count, 1);
    const { received, stored, dropped, balanced } = ledger("process");
    assert.deepEqual([received, stored, dropped.poison, balanced], [2, 0, 2, true]);
    assert.equal(taken(await push("process", [processRow("a")])).fromSequence, 2);
  });

  test("says to who waits that it ends before the rows are stored", async (t) => {
    const { send, step, system, ledger } = await openHouse(t);
    const sent = send("optimization", goodRows(2));
    for (let steps = 0; ledger("optimization").inFlight === 0 && steps < 100; steps++) await step();
    assert.equal(sent.result, undefined);
    const restarting = system.restart("intake", "a test");
    for (let turn = 0; turn < 50 && sent.result === undefined; turn++) await step();
    const result = sent.result as AskResult<Pushed> | undefined;
    assert.ok(result !== undefined && !result.ok);
    assert.match(result.message, /ended/);
    await restarting;
  });
});

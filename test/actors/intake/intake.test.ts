/**
 * The intake takes good rows, says of each bad one why it is none, and answers when the good ones are on the disk.
 *
 * Breaks when it answers before the recorder has stored, when a part of a push is taken and the rest is not, when a row is in
 * no account, or when a batch that was given up is acknowledged all the same.
 */

import assert from "node:assert/strict";
import { MAX_PUSH_ROWS, MAX_REJECTIONS } from "../../../actors/intake/protocol.ts";
import { maxTextBytes } from "../../../datasets/define.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { REJECTION_REASONS, type RejectionReason } from "../../../datasets/rejection.ts";
import type { AskResult, Message } from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { batchBytes } from "../../../runtime/batch/index.ts";
import { storedIds, syntheticRow } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { type Answer, goodRows, openHouse, processRow, refused, taken } from "./intake-house.ts";

describe("the intake", () => {
  test("answers when the rows are on the disk, and not before, in any order of steps", {
    timeout: 240_000,
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

  test("knows every reason to refuse a row that is an object", () => {
    assert.deepEqual(
      faults.map(([reason]) => reason),
      // Rows that are objects have their form already, and none of these datasets derives anything.
      REJECTION_REASONS.filter((reason) => reason !== "malformed" && reason !== "derived"),
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
    assert.deepEqual([answer.fromSequence, answer.toSequence], [null, null]);
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
    const { send, push, step, ledger, dataFolder } = await openHouse(t, { slots: 4 });
    const first = send("optimization", goodRows(1));
    while (ledger("optimization").received === 0) await step();
    // One slot is always kept back, and one is in use.
    const bad = [null, ...goodRows(optimization.batchRows * 2 + 1, 1)];
    const answer = refused(await push("optimization", bad));
    taken(first.result);
    assert.deepEqual([answer.reason, answer.retryAfterMs], ["lane-full", 1000]);
    assert.match(answer.message, /lane of optimization is full; none of the rows was taken/);
    const { received, stored, dropped, rejected, balanced } = ledger("optimization");
    const good = bad.length - 1;
    assert.deepEqual([received, stored, dropped["lane-full"], balanced], [good + 1, 1, good, true]);
    // The bad one is answered for when the good ones are sent again.
    assert.equal(rejected["not-an-object"], 0);
    assert.deepEqual(storedIds(dataFolder), [0]);
    assert.equal(taken(await push("optimization", bad)).accepted, good);
    assert.equal(ledger("optimization").rejected["not-an-object"], 1);
  });

  test("refuses more rows than the lane ever has room for, and counts none of them", async (t) => {
    const { push, ledger } = await openHouse(t, { slots: 2 });
    const answer = refused(await push("optimization", goodRows(optimization.batchRows + 1)));
    assert.equal(answer.reason, "too-large");
    assert.match(
      answer.message,
      /1025 rows of optimization make 2 batches, more than the 1 that fit into its lane/,
    );
    assert.equal(ledger("optimization").received, 0);
    assert.equal(taken(await push("optimization", goodRows(optimization.batchRows))).accepted, 1024);
  });

  test("refuses rows whose texts the lane never has room for, and does not say that it is full", async (t) => {
    const longest = maxTextBytes(process.columns["name"]!);
    const slotBytes = alignUp(batchBytes(process.plan, 2, { name: 2 * longest }), 64);
    const { push, ledger } = await openHouse(t, { slots: 4, slotBytes });
    const rows = (count: number) => Array.from({ length: count }, () => processRow("x".repeat(longest)));
    const answer = refused(await push("process", rows(7)));
    assert.equal(answer.reason, "too-large");
    assert.match(answer.message, /7 rows of process make 4 batches, more than the 3 that fit into its lane/);
    assert.equal(ledger("process").received, 0);
    assert.equal(taken(await push("process", rows(6))).accepted, 6);
  });

  test("refuses more rows than it takes at once, and takes as many as it says", async (t) => {
    const { push, ledger } = await openHouse(t, { slots: 64 });
    const answer = refused(await push("optimization", goodRows(MAX_PUSH_ROWS + 1)));
    assert.equal(answer.reason, "too-large");
    assert.match(answer.message, /at most 50000 rows.*came 50001/);
    assert.equal(ledger("optimization").received, 0);
    assert.equal(taken(await push("optimization", goodRows(MAX_PUSH_ROWS))).accepted, MAX_PUSH_ROWS);
  });

  test("refuses datasets that nobody pushes, and messages that it does not know", async (t) => {
    const { push, system, settle } = await openHouse(t);
    const answer = refused(await push("memory", goodRows(1)));
    assert.equal(answer.reason, "unknown-dataset");
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
    assert.equal(refused(answer).reason, "given-up");
    assert.equal(system.status().deadLetters.count, 1);
    const { received, stored, dropped, balanced } = ledger("process");
    assert.deepEqual([received, stored, dropped.poison, balanced], [2, 0, 2, true]);
    assert.equal(taken(await push("process", [processRow("a")])).fromSequence, 2);
  });

  test("says to who waits that it ends before the rows are stored", async (t) => {
    const { send, step, system, ledger, clock } = await openHouse(t);
    const sent = send("optimization", goodRows(2));
    for (let steps = 0; ledger("optimization").inFlight === 0 && steps < 100; steps++) await step();
    assert.equal(sent.result, undefined);
    const restarting = system.restart("intake", "a test");
    for (let turn = 0; turn < 50 && sent.result === undefined; turn++) await step();
    const result = sent.result as Answer | undefined;
    assert.ok(result !== undefined && !result.ok);
    assert.match(result.message, /ended/);
    let isOver = false;
    void restarting.then(() => {
      isOver = true;
    });
    for (let turn = 0; !isOver && turn < 500; turn++) if (!(await step())) clock.advance(5);
    assert.ok(isOver);
  });
});

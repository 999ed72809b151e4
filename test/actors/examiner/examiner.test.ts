/**
 * The examiner as an actor, over log and lake, beside a keeper. What would fail here: an examination that keeps messages waiting, a place in
 * line that is not given back, a hold that outlives its examination, rows that came later in a report.
 */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { examinerWith } from "../../../actors/examiner/examiner.ts";
import {
  type AgreementWish,
  type ExaminerMessage,
  type ExaminerReplies,
  type ExamineWish,
  MAX_EXAMINATIONS,
} from "../../../actors/examiner/protocol.ts";
import { type LedgerSpec, StoreAccount } from "../../../actors/ledger.ts";
import { process } from "../../../datasets/process.ts";
import { USUAL_QUALITY } from "../../../quality/report.ts";
import { agreementOf } from "../../../quality/wilson.ts";
import type { ActorFactory } from "../../../runtime/actor/types.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { System } from "../../../runtime/system.ts";
import { choices } from "../../fixtures/choices.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { countStored, createReaderSystem, WINDOW_BYTES } from "../store/reader-system.ts";
import { TempStore } from "../store/temp-store.ts";

const HOUR = 3_600_000;
const datasets = [process, choices];

/** Time passes whenever somebody looks, so that a step ends after some pieces. */
class BusyClock extends VirtualClock {
  #looks = 0;

  override monotonicMs(): number {
    this.#looks += 5;
    return super.monotonicMs() + this.#looks;
  }
}

class ExaminerHouse {
  readonly clock = new BusyClock(START_MS + 12 * HOUR);
  readonly store = new TempStore(datasets, 3);
  /** What the keeper was told. */
  readonly told: string[] = [];
  holds = true;
  readonly system: System;

  constructor() {
    const keeper: ActorFactory<never> = () => ({
      receive: (message, reply) => {
        this.told.push(message.kind);
        if (this.holds) reply({ ok: true });
        else reply.fail("it is busy");
      },
    });
    this.system = createReaderSystem({
      clock: this.clock,
      name: "examiner",
      factory: (context) => examinerWith(context as never, { datasets }),
      config: { dataFolder: this.store.at.dataFolder, rules: USUAL_QUALITY, fraction: 1 },
      keeper,
      datasets,
    });
  }

  async start(): Promise<this> {
    const started = await this.system.start();
    if (!started.ok) throw new Error(started.message);
    return this;
  }

  /** Rows from START_MS on, a second apart; and tells the ledger, as the recorder would. */
  fill(batches: number, rows = 200): void {
    for (const dataset of datasets) {
      for (let batch = 0; batch < batches; batch++) {
        const first = this.store.rowsOf(dataset).length;
        this.store.append(
          dataset,
          Array.from({ length: rows }, (_, row) => START_MS + (first + row) * 1000),
        );
      }
      countStored(this.system, this.store, dataset.name);
    }
  }

  send<Kind extends ExaminerMessage["kind"]>(message: Extract<ExaminerMessage, { kind: Kind }>) {
    const sent: { answer: ExaminerReplies[Kind] | undefined } = { answer: undefined };
    void this.system.ask<ExaminerReplies[Kind]>("examiner", message, 600_000).then((result) => {
      assert.ok(result.ok, JSON.stringify(result));
      sent.answer = result.value;
    });
    return sent;
  }

  /** Whatever there is to do before time moves on; then it does. */
  async step(): Promise<void> {
    while (await this.system.step());
    await setImmediate();
    this.clock.advance(1);
  }

  async until(isSo: () => boolean): Promise<number> {
    let steps = 0;
    for (; !isSo(); steps++) {
      assert.ok(steps < 5000, "it does not come");
      await this.step();
    }
    return steps;
  }

  async answer<Kind extends ExaminerMessage["kind"]>(message: Extract<ExaminerMessage, { kind: Kind }>) {
    const sent = this.send<Kind>(message);
    await this.until(() => sent.answer !== undefined);
    return sent.answer!;
  }

  async stop(): Promise<void> {
    let isStopped = false;
    const stopped = this.system.stop().finally(() => {
      isStopped = true;
    });
    await this.until(() => isStopped);
    await stopped;
    this.store.remove();
  }
}

let house: ExaminerHouse;
beforeEach(async () => {
  house = await new ExaminerHouse().start();
});
afterEach(() => house.stop());

const WHOLE = { fromMs: START_MS, toMs: START_MS + 10 * HOUR };
const examine = (id: string, more: Partial<ExamineWish> = {}) =>
  ({ kind: "examiner.examine", id, wish: { dataset: "process", ...WHOLE, ...more } }) as const;
const agreement = (id: string, more: Partial<AgreementWish> = {}) =>
  ({ kind: "examiner.agreement", id, wish: { dataset: "choices", ...WHOLE, ...more } }) as const;

describe("the examiner", () => {
  test("reports on what was stored when its turn came, and holds the store meanwhile", async () => {
    house.fill(5);
    house.store.compact(process, { before: 300, hourMs: 0, hourBefore: 0 });
    const sent = house.send(examine("a"));
    await house.until(() => house.told.length > 0);
    await house.step();
    house.fill(1);
    await house.until(() => sent.answer !== undefined);
    assert.ok(sent.answer?.ok);
    assert.equal(sent.answer.report.rows, 1000);
    await house.until(() => house.told.length === 2);
    assert.deepEqual(house.told, ["keeper.hold", "keeper.release"]);
    const later = await house.answer(examine("b"));
    assert.ok(later.ok && later.report.rows === 1200);
  });

  test("tells agreement as a plain count does", async () => {
    house.fill(4);
    const rows = house.store.expect(choices);
    const answer = await house.answer(agreement("a", { fraction: 0.5 }));
    assert.ok(answer.ok, JSON.stringify(answer));
    const inside = rows.filter(
      (row) => (row["request_hash"] as bigint) < 2n ** 63n && row["chosen"] !== null,
    );
    const agreed = inside.filter((row) => row["chosen"] === row["best"]);
    assert.deepEqual(answer.report.all, agreementOf(inside.length, agreed.length));
    assert.equal(answer.report.over.length, 10);
    assert.equal(
      answer.report.over.reduce((sum, { compared }) => sum + compared, 0),
      inside.length,
    );
    const half = await house.answer(agreement("b", { fromMs: START_MS + 400_000 }));
    assert.ok(half.ok);
    assert.equal(half.report.all.compared, rows.slice(400).filter(({ chosen }) => chosen !== null).length);
  });

  test("answers messages between its steps, one examination after the other", async () => {
    house.fill(40);
    const first = house.send(examine("first"));
    const second = house.send(agreement("second"));
    await house.until(() => house.told.length > 0);
    let asked = 0;
    while (first.answer === undefined) {
      const sent = house.send({ kind: "examiner.cancel", id: "none" });
      const steps = await house.until(() => sent.answer !== undefined);
      assert.deepEqual(sent.answer, { cancelled: false });
      assert.ok(steps <= 2, `it waited for ${steps} steps of the work`);
      assert.equal(second.answer, undefined);
      asked++;
    }
    assert.ok(asked > 4, String(asked));
    assert.ok(first.answer.ok);
    await house.until(() => second.answer !== undefined);
    assert.ok(second.answer?.ok);
  });

  test("takes so many and no more, and has room again when one is cancelled, running or in line", async () => {
    house.fill(40);
    const sent = Array.from({ length: MAX_EXAMINATIONS }, (_, index) => house.send(examine(`${index}`)));
    const full = await house.answer(examine("more"));
    assert.ok(!full.ok && full.reason === "too-many");
    await house.until(() => house.told.length > 0);
    for (const id of ["3", "0"]) {
      assert.deepEqual(await house.answer({ kind: "examiner.cancel", id }), { cancelled: true });
      const cancelled = sent[Number(id)]!.answer;
      assert.ok(cancelled?.ok === false && cancelled.reason === "unavailable");
    }
    assert.deepEqual(await house.answer({ kind: "examiner.cancel", id: "0" }), { cancelled: false });
    const again = house.send(examine("again"));
    await house.until(() => again.answer !== undefined);
    assert.ok(again.answer?.ok);
    assert.equal(sent.filter(({ answer }) => answer?.ok).length, MAX_EXAMINATIONS - 2);
    const count = (kind: string) => house.told.filter((told) => told === kind).length;
    await house.until(() => count("keeper.hold") === count("keeper.release"));
  });

  test("refuses what it cannot do, and says why", async () => {
    const cases = [
      [examine("x", { dataset: "proces" }), "unknown-dataset", /came "proces"$/],
      [examine("x", { toMs: START_MS }), "bad-range", /^expected the time to start before its end/],
      [examine("x", { against: { fromMs: 1, toMs: 0 } }), "bad-range", /^expected the earlier time/],
      [
        examine("x", { rules: { maxMissing: 1.5 } }),
        "bad-option",
        /maxMissing to be a number from 0 to 1; came 1\.5$/,
      ],
      [examine("x", { rules: { minClass: 0.8 } }), "bad-option", /^expected minClass to be at most maxClass/],
      [agreement("x", { dataset: "process" }), "no-shadow", /: choices; came "process"$/],
      [agreement("x", { everyMs: 999 }), "bad-option", /^expected every to be at least 1s/],
      [agreement("x", { everyMs: 1000 }), "bad-option", /^expected at most 2000 pieces of time; came 36000/],
      [
        agreement("x", { fraction: 1.01 }),
        "bad-option",
        /^expected fraction to be a share from 0 to 1; came 1\.01$/,
      ],
      [agreement("x", { toMs: Number.POSITIVE_INFINITY }), "bad-range", /with a start and an end/],
    ] as const;
    for (const [message, reason, said] of cases) {
      const answer = await house.answer<"examiner.examine" | "examiner.agreement">(message);
      assert.ok(!answer.ok);
      assert.equal(answer.reason, reason);
      assert.match(answer.message, said);
    }
    assert.deepEqual(house.told, []);
  });

  test("goes by the settings where a wish says nothing, and takes changed ones while it runs", async () => {
    house.fill(2);
    const before = await house.answer(examine("a", { rules: { maxMissing: 1 } }));
    assert.ok(before.ok && before.report.passed, JSON.stringify(before));
    const config = {
      dataFolder: house.store.at.dataFolder,
      windowBytes: WINDOW_BYTES,
      rules: { ...USUAL_QUALITY, minRows: 401, maxMissing: 1 },
      fraction: 0,
    };
    const changing = house.system.reconfigure("examiner", config, "a test");
    let changed: Awaited<typeof changing> | undefined;
    void changing.then((result) => {
      changed = result;
    });
    await house.until(() => changed !== undefined);
    assert.deepEqual(changed, { ok: true, effect: "live" });
    const after = await house.answer(examine("b"));
    assert.ok(after.ok);
    assert.deepEqual(
      after.report.findings.filter(({ severity }) => severity === "failed").map(({ kind }) => kind),
      ["too-few-rows"],
    );
    const none = await house.answer(agreement("c"));
    assert.ok(none.ok && none.report.all.compared === 0);
  });

  test("says when the store cannot be held or read, and goes on with the next", async () => {
    house.fill(3);
    house.holds = false;
    const busy = await house.answer(examine("a"));
    assert.ok(!busy.ok && busy.reason === "too-many");
    house.holds = true;
    // Rows that the ledger has, and the log has not.
    const ledger = house.system.resources["ledger"] as LedgerSpec;
    const account = new StoreAccount(house.system.memory, ledger, "choices");
    account.stored(50, account.recorded + 50, START_MS);
    const damaged = await house.answer(agreement("b"));
    assert.ok(!damaged.ok && damaged.reason === "damaged", JSON.stringify(damaged));
    assert.match(damaged.message, /is damaged at byte/);
    assert.ok((await house.answer(examine("c"))).ok);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import {
  DoorAccount,
  type LedgerRow,
  type LedgerSpec,
  placeLedger,
  readLedger,
  StoreAccount,
} from "../../actors/ledger.ts";
import { REJECTION_REASONS } from "../../datasets/rejection.ts";
import { Arena, CACHE_PAIR_BYTES } from "../../runtime/arena.ts";

/** What a side of an account takes: its version, then its figures. */
const BLOCK_BYTES = CACHE_PAIR_BYTES;

function place(datasets: readonly string[] = ["a"]) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const ledger = placeLedger(new Arena(memory, 0), datasets);
  return { memory, ledger };
}

function onlyRow({ memory, ledger }: { memory: WebAssembly.Memory; ledger: LedgerSpec }): LedgerRow {
  return readLedger(memory, ledger)[0]!;
}

describe("the ledger", () => {
  test("keeps the accounts of datasets apart", () => {
    const { memory, ledger } = place(["a", "b"]);
    new DoorAccount(memory, ledger, "b").publish(7, () => {});
    new StoreAccount(memory, ledger, "b").stored(3, 3, 1000);
    const [a, b] = readLedger(memory, ledger);
    assert.deepEqual([a!.received, a!.inFlight], [0, 0]);
    assert.deepEqual([b!.received, b!.stored, b!.inFlight, b!.balanced], [7, 3, 4, true]);
    assert.throws(() => new DoorAccount(memory, ledger, "c"), RangeError);
  });

  test("counts each reason by its name", () => {
    const placed = place();
    const door = new DoorAccount(placed.memory, placed.ledger, "a");
    REJECTION_REASONS.forEach((reason, index) => {
      door.rejected(reason, index + 1);
    });
    door.dropped("lane-full", 50);
    const { rejected, dropped, received, balanced } = onlyRow(placed);
    assert.deepEqual(Object.keys(rejected), [...REJECTION_REASONS]);
    assert.deepEqual(
      Object.values(rejected),
      REJECTION_REASONS.map((_, index) => index + 1),
    );
    assert.equal(dropped["lane-full"], 50);
    assert.equal(received, 50 + (REJECTION_REASONS.length * (REJECTION_REASONS.length + 1)) / 2);
    assert.ok(balanced);
  });

  test("shows a batch to the lane within the change that counts it", () => {
    const placed = place();
    const door = new DoorAccount(placed.memory, placed.ledger, "a");
    let shown = false;
    door.publish(3, () => {
      shown = true;
    });
    assert.ok(shown);
    assert.equal(door.published, 3);
  });

  test("takes rows for lost that have a number and are neither in the log nor counted", () => {
    const placed = place();
    const counts = {
      stored: 90,
      nextSequence: 100,
      latestMs: 5,
      rejected: { bound: 4 },
      dropped: { poison: 7, "lane-full": 2 },
    };
    new DoorAccount(placed.memory, placed.ledger, "a").recover(counts);
    const store = new StoreAccount(placed.memory, placed.ledger, "a");
    store.recover(counts);
    const row = onlyRow(placed);
    assert.deepEqual(
      [row.received, row.stored, row.dropped.poison, row.dropped.lost, row.inFlight, row.balanced],
      [106, 90, 7, 3, 0, true],
    );
    assert.equal(store.latestMs, 5);
    store.stored(2, 102, 3);
    assert.equal(store.latestMs, 5);
    store.stored(2, 104, 9);
    assert.equal(store.latestMs, 9);
  });

  test("gives up as dropped what a door had counted and not shown when it died", () => {
    const placed = place();
    const door = new DoorAccount(placed.memory, placed.ledger, "a");
    assert.throws(() =>
      door.publish(3, () => {
        throw new Error("died");
      }),
    );
    // The change has no end: what was true before it is what is read.
    assert.deepEqual([onlyRow(placed).received, onlyRow(placed).balanced], [0, true]);
    assert.equal(door.counts().received, 3);
    door.takeOver(0);
    assert.deepEqual(
      [onlyRow(placed).dropped.crash, onlyRow(placed).inFlight, onlyRow(placed).balanced],
      [3, 0, true],
    );
  });

  test("property: balances at rest, whatever happens in whatever order, deaths within a change included", () => {
    const rows = fc.integer({ min: 1, max: 20 });
    const change = fc.oneof(
      fc.record({ kind: fc.constant("publish" as const), rows }),
      fc.record({ kind: fc.constant("reject" as const), rows }),
      fc.record({ kind: fc.constant("drop" as const), rows }),
      fc.record({ kind: fc.constant("store" as const), rows, gap: fc.integer({ min: 0, max: 3 }) }),
    );
    // Which of the figures a change wrote were written when its maker died: bit n for the n-th. Most makers live.
    const death = fc.option(fc.integer({ min: 0, max: 31 }), { freq: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(change, death, death), { maxLength: 30 }), (steps) => {
        const model = new Model();
        for (const [step, ...deaths] of steps) model.apply(step, deaths);
      }),
      { numRuns: 400, seed: 20_260_102 },
    );
  });
});

type Change =
  | { readonly kind: "publish" | "reject" | "drop"; readonly rows: number }
  | { readonly kind: "store"; readonly rows: number; readonly gap: number };

/** The accounts beside what they tell of: a lane that was shown rows, and a log that holds some. */
class Model {
  readonly placed = place();
  /** Sequence number after the last row the lane was shown. */
  #shown = 0;
  #log = { stored: 0, nextSequence: 0 };

  apply(step: Change, [death, deathInTakeOver]: readonly [number | null, number | null]): void {
    const { memory, ledger } = this.placed;
    const before = onlyRow(this.placed).received;
    if (step.kind === "store") {
      const end = Math.max(
        this.#log.nextSequence,
        Math.min(this.#shown, this.#log.nextSequence + step.gap + step.rows),
      );
      const rows = Math.max(0, end - this.#log.nextSequence - step.gap);
      // The log comes first, the account after it.
      this.#log = { stored: this.#log.stored + rows, nextSequence: end };
      const store = new StoreAccount(memory, ledger, "a");
      const recover = () => store.recover({ ...this.#log, latestMs: 0, rejected: {}, dropped: {} });
      if (this.#dies(1, death, () => store.stored(rows, end, 0))) {
        this.#dies(1, deathInTakeOver, recover);
        recover();
      }
    } else {
      const door = new DoorAccount(memory, ledger, "a");
      const shownBefore = this.#shown;
      const show = () => {
        this.#shown += step.rows;
      };
      const make = () => {
        if (step.kind === "publish") door.publish(step.rows, show);
        else if (step.kind === "reject") door.rejected("type", step.rows);
        else door.dropped("lane-full", step.rows);
      };
      if (this.#dies(0, death, make)) {
        // It is shown last: a door that died before had not.
        this.#shown = shownBefore;
        const takeOver = () => door.takeOver(this.#shown);
        this.#dies(0, deathInTakeOver, takeOver);
        takeOver();
      }
    }
    const row = onlyRow(this.placed);
    assert.ok(row.balanced, JSON.stringify(row));
    assert.equal(row.inFlight, this.#shown - this.#log.nextSequence);
    assert.equal(row.stored, this.#log.stored);
    const came = row.received - before;
    assert.ok(came >= 0 && came <= (step.kind === "store" ? 0 : step.rows), `${came} came`);
    if (death === null && step.kind !== "store") assert.equal(came, step.rows);
  }

  /** Makes a change of one side of which only those figures are written that `written` has a bit for; null: all. */
  #dies(side: 0 | 1, written: number | null, make: () => void): boolean {
    const words = BLOCK_BYTES / 8;
    const first = this.placed.ledger.offset / 8 + side * words;
    const figures = new Float64Array(this.placed.memory.buffer).subarray(first + 1, first + words);
    const version = new Int32Array(this.placed.memory.buffer, first * 8, 1);
    const before = figures.slice();
    make();
    if (written === null) return false;
    let nth = 0;
    figures.forEach((figure, index) => {
      if (figure !== before[index] && ((written >>> nth++) & 1) === 0) figures[index] = before[index]!;
    });
    version[0]! -= 1;
    return true;
  }
}

const WRITER = `
  const { workerData, parentPort } = require("node:worker_threads");
  import(workerData.module).then(({ DoorAccount, StoreAccount }) => {
    const door = new DoorAccount(workerData.memory, workerData.ledger, "a");
    const store = new StoreAccount(workerData.memory, workerData.ledger, "a");
    const stop = new Int32Array(workerData.stop);
    let stored = 0;
    parentPort.postMessage("running");
    for (let round = 0; Atomics.load(stop, 0) === 0; round++) {
      door.publish(1 + (round % 7), () => {});
      if (round % 3 === 0) door.rejected("bound", 2);
      if (round % 5 === 0) store.stored(door.published - stored, (stored = door.published), round);
    }
    parentPort.postMessage("stopped");
  });
`;

describe("the ledger, read while another thread writes it", () => {
  test("is never seen within a change", async () => {
    const placed = place();
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const module = new URL("../../actors/ledger.ts", import.meta.url).href;
    const worker = new Worker(WRITER, { eval: true, workerData: { ...placed, module, stop: stop.buffer } });
    const told = () => new Promise((resolve) => worker.once("message", resolve));
    try {
      assert.equal(await told(), "running");
      let last = -1;
      let moves = 0;
      for (let look = 0; look < 20_000; look++) {
        const row = onlyRow(placed);
        assert.ok(row.balanced, JSON.stringify(row));
        assert.ok(row.inFlight >= 0 && row.received >= last, JSON.stringify(row));
        if (row.received > last) moves++;
        last = row.received;
      }
      assert.ok(moves > 10, "the writer did not write meanwhile");
    } finally {
      const stopped = told();
      Atomics.store(stop, 0, 1);
      await stopped;
      await worker.terminate();
    }
  });
});

/** The intake's own way in, with a door, a lane, a reader behind it and the ledger: what it counts must balance at any time. */

import { Door } from "../../../actors/door.ts";
import { KnownRequests } from "../../../actors/intake/known-requests.ts";
import { WipedTable, wipedTableBytes } from "../../../actors/intake/push-table.ts";
import { RowQuota } from "../../../actors/intake/quota.ts";
import { RequestTaker } from "../../../actors/intake/request-taker.ts";
import {
  type LedgerRow,
  type LedgerSpec,
  placeLedger,
  readLedger,
  StoreAccount,
} from "../../../actors/ledger.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { maxBatchBytes } from "../../../datasets/write-rows.ts";
import type { PushFormat } from "../../../ingest/decoder.ts";
import { createTableWriter } from "../../../ingest/write-table.ts";
import type { ActorContext } from "../../../runtime/actor/types.ts";
import type { Arena } from "../../../runtime/arena.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { Batch } from "../../../runtime/batch/index.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { LaneReader, LaneWriter, placeLane } from "../../../runtime/lane/index.ts";
import type { Kernels } from "../../../wasm/index.ts";
import { NOW_MS, type WayInOutcome } from "./way-in.ts";

const SLOTS = 4;

/** Ledger of all datasets, which the lanes share. */
export function fuzzLedger(arena: Arena, datasets: readonly Dataset[]): LedgerSpec {
  return placeLedger(
    arena,
    datasets.map(({ name }) => name),
  );
}

export class LedgeredLane {
  readonly #dataset: Dataset;
  readonly #memory: WebAssembly.Memory;
  readonly #ledger: LedgerSpec;
  readonly #store: StoreAccount;
  readonly #taker: RequestTaker;
  readonly #reader: LaneReader;
  readonly #batch: Batch;

  /** @param module what the kernels were made of */
  constructor(
    kernels: Kernels,
    module: WebAssembly.Module,
    arena: Arena,
    ledger: LedgerSpec,
    dataset: Dataset,
  ) {
    const { memory } = kernels;
    const { name } = dataset;
    const slotBytes = alignUp(maxBatchBytes(dataset), 64);
    const lane = placeLane(arena, { name, slots: SLOTS, slotBytes, tiers: [["reader"]] });
    const clock = new VirtualClock(NOW_MS);
    const context = {
      ...{ memory, clock, resources: { ledger, kernels: module } },
      writer: () => new LaneWriter(memory, lane),
      lane: () => lane,
    } as unknown as ActorContext<never>;
    this.#dataset = dataset;
    this.#memory = memory;
    this.#ledger = ledger;
    this.#store = new StoreAccount(memory, ledger, name);
    this.#store.recover({ stored: 0, nextSequence: 0, latestMs: null, rejected: {}, dropped: {} });
    this.#taker = new RequestTaker(context, {
      ...{ dataset, store: this.#store, door: new Door(context, dataset) },
      known: new KnownRequests(),
      quota: new RowQuota(Number.POSITIVE_INFINITY, clock),
      letters: { reject: (_, row) => void row(), send() {}, forget() {} },
      table: new WipedTable(kernels, dataset, arena.allocate(wipedTableBytes(dataset), "a table")),
      writer: createTableWriter(memory, dataset),
    });
    this.#reader = new LaneReader(memory, lane, "reader");
    this.#batch = new Batch(memory, dataset.plan);
  }

  /** @param expected what became of the same body by itself @throws Error that says what does not balance */
  run(format: PushFormat, at: number, bytes: number, expected: WayInOutcome): void {
    const before = this.#look();
    const taken = this.#taker.take(() => this.#taker.decoder(format, { at, bytes }), null);
    const under = this.#look();
    const accepted = taken.ok ? taken.answer.accepted : 0;
    const rejected = taken.ok ? taken.answer.rejected : 0;
    const isSame = taken.ok
      ? !expected.isFault && accepted === expected.accepted && rejected === expected.rejected
      : expected.isFault && taken.reason === "bad-body";
    if (!isSame)
      throw new Error(`the intake says ${JSON.stringify(taken)}; by itself: ${JSON.stringify(expected)}`);
    if (under.inFlight !== accepted || under.received - before.received !== accepted + rejected) {
      throw new Error(
        `${accepted} rows were accepted, ${rejected} refused; the ledger says ${JSON.stringify(under)}`,
      );
    }
    let rows = 0;
    for (let slot = this.#reader.tryRead(); slot >= 0; slot = this.#reader.tryRead()) {
      const batch = this.#batch.bind(slot);
      rows += batch.rows;
      this.#store.stored(batch.rows, batch.endSequence, NOW_MS);
      this.#reader.release();
    }
    const after = this.#look();
    if (rows !== accepted || after.stored - before.stored !== accepted || after.inFlight !== 0) {
      throw new Error(
        `${accepted} rows were accepted, ${rows} are in the lane; the ledger says ${JSON.stringify(after)}`,
      );
    }
  }

  #look(): LedgerRow {
    const row = readLedger(this.#memory, this.#ledger).find(({ dataset }) => dataset === this.#dataset.name);
    if (row?.balanced !== true) throw new Error(`the ledger does not balance: ${JSON.stringify(row)}`);
    return row;
  }
}

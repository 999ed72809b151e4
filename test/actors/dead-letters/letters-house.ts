/**
 * The intake, the keeper of dead letters and the stages behind the intake, all of them real, in one inline system on a folder and a clock that
 * a test holds. A house that is left standing is a process that was killed: the next one opens the same folder.
 */

import assert from "node:assert/strict";
import { anonymizerOf, scratchBytesFor } from "../../../actors/anonymizer/anonymizer.ts";
import { type DeadLettersConfig, deadLettersOn } from "../../../actors/dead-letters/dead-letters.ts";
import { hostLetterDisk } from "../../../actors/dead-letters/letter-disk.ts";
import type { DeadLettersMessage, DeadLettersReplies } from "../../../actors/dead-letters/protocol.ts";
import { intakeOf } from "../../../actors/intake/intake.ts";
import type { Pushed, PushRefused } from "../../../actors/intake/protocol.ts";
import { intakeScratchBytes } from "../../../actors/intake/scratch.ts";
import { type LedgerSpec, placeLedger, readLedger } from "../../../actors/ledger.ts";
import { recorderOn } from "../../../actors/recorder/recorder.ts";
import { readLog } from "../../../actors/store/log/log-reader.ts";
import { type Dataset, defineDataset } from "../../../datasets/define.ts";
import { PLACES } from "../../../datasets/places.ts";
import type { Derivation } from "../../../datasets/spec.ts";
import { maxBatchBytes } from "../../../datasets/write-rows.ts";
import type { ActorFactory, Message } from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { createSystem, type System } from "../../../runtime/system.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../wasm/index.ts";
import { type PlainRow, readRows } from "../store/log/rows.ts";

export const START_MS = Date.UTC(2026, 5, 1, 12);
const STAGING_BYTES = 2 ** 19;
const UNPACKED_BYTES = 2 ** 16;
const module = compileKernels();
const readers = instantiateKernels(
  module,
  createKernelMemory({ bytes: KERNEL_STATIC_BYTES + STAGING_BYTES }),
);

const doubling: Derivation = {
  fills: ["doubled"],
  derive(rows) {
    const [weight, doubled] = [rows.cells("weight"), rows.cells("doubled")];
    for (let row = 0; row < rows.rows; row++) {
      if (rows.isBad(row)) continue;
      if (!doubled.isThere(row)) doubled.set(row, weight.get(row) * 2);
      else if (doubled.get(row) !== weight.get(row) * 2)
        rows.refuse(row, "doubled", "twice the weight", String(doubled.get(row)));
    }
  },
};

/** Something to push, with a column of every kind. */
export function parcels(maxWeight: number): Dataset {
  return defineDataset({
    name: "parcels",
    title: "Parcels on their way",
    time: "at",
    batchRows: 8,
    slots: 8,
    pushed: true,
    derivations: [doubling],
    columns: {
      at: { class: "moment", type: "timestamp", default: "now", meaning: "When." },
      courier: { class: "identifier", type: "u32", kind: "courier", pseudonym: "u32", meaning: "Who." },
      parcel: { class: "identifier", type: "utf8", kind: "parcel", as: "parcel_hash", meaning: "What." },
      owner: { class: "identifier", type: "u64", kind: "owner", nullable: true, meaning: "Whose." },
      weight: { class: "measure", type: "f64", unit: "kg", max: maxWeight, meaning: "How heavy." },
      doubled: { class: "measure", type: "f64", unit: "kg", meaning: "How heavy two are." },
      state: {
        ...{ class: "category", type: "category", values: ["sent", "lost", "other"], otherwise: "other" },
        meaning: "How it is.",
      },
      fragile: { class: "measure", type: "bool", unit: "1", default: false, meaning: "Whether it breaks." },
      region: { class: "place", type: "category", values: PLACES, meaning: "Where." },
    },
  });
}

export class LettersHouse {
  readonly dataFolder: string;
  readonly dataset: Dataset;
  readonly clock: VirtualClock;
  readonly system: System;
  readonly memory: WebAssembly.Memory;
  readonly #ledger: LedgerSpec;

  constructor(
    dataFolder: string,
    maxWeight: number,
    {
      disk = hostLetterDisk,
      seed = 1,
      nowMs = START_MS,
      slots = 8,
      more = {} as Partial<DeadLettersConfig>,
      mailboxSize = 64,
    } = {},
  ) {
    const dataset = parcels(maxWeight);
    this.dataFolder = dataFolder;
    this.dataset = dataset;
    this.clock = new VirtualClock(nowMs);
    const factories: Record<string, ActorFactory<never>> = {
      recorder: (context) => recorderOn(context, undefined, [dataset]),
      anonymizer: (context) => anonymizerOf(context, [dataset]),
      intake: (context) => intakeOf(context, [dataset]),
      "dead-letters": (context) => deadLettersOn(context, disk),
    };
    const actor = (name: string, config: unknown, others = {}) => ({
      ...{ name, module: "", thread: "main", config },
      ...others,
    });
    const slotBytes = alignUp(maxBatchBytes(dataset), 64);
    const intakeBytes = intakeScratchBytes([dataset], UNPACKED_BYTES);
    this.memory = createKernelMemory({ bytes: slots * slotBytes + intakeBytes + STAGING_BYTES + 2 ** 20 });
    this.system = createSystem({
      ...{
        memory: this.memory,
        arenaFrom: KERNEL_STATIC_BYTES,
        placement: "inline",
        clock: this.clock,
        seed,
      },
      lanes: [{ name: dataset.name, slots, slotBytes, tiers: [["anonymizer"], ["recorder"]] }],
      groups: [
        {
          name: "all",
          intensity: { restarts: 100, withinMs: 1000 },
          actors: [
            actor(
              "recorder",
              { dataFolder, segmentBytes: 2 ** 20, stagingBytes: STAGING_BYTES },
              { scratchBytes: STAGING_BYTES },
            ),
            actor("anonymizer", { dataFolder }, { scratchBytes: scratchBytesFor([dataset]) }),
            actor(
              "intake",
              { dataFolder, deadLetters: true, datasets: [dataset.name], unpackedBytes: UNPACKED_BYTES },
              { writes: [dataset.name], scratchBytes: intakeBytes },
            ),
            actor(
              "dead-letters",
              { dataFolder, maxBytes: 2 ** 20, keepMs: 86_400_000, ...more },
              { mailboxSize },
            ),
          ],
        },
      ],
      resources: (arena) => ({ kernels: module, ledger: placeLedger(arena, [dataset.name]) }),
      load: ({ name }) => factories[name] as ActorFactory,
    });
    this.#ledger = this.system.resources["ledger"] as LedgerSpec;
  }

  async start(): Promise<this> {
    let started: unknown;
    void this.system.start().then((result) => {
      started = result;
    });
    for (let turn = 0; started === undefined && turn < 500; turn++) await this.settle(10);
    assert.deepEqual(started, { ok: true });
    return this;
  }

  async step(): Promise<boolean> {
    const worked = await this.system.step();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return worked;
  }

  /** Does all there is to do, and lets time pass. */
  async settle(ms = 200): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 10) {
      while (await this.step());
      this.clock.advance(10);
    }
  }

  async push(rows: readonly unknown[]): Promise<Pushed> {
    const message = { kind: "intake.push", dataset: this.dataset.name, rows } as Message;
    const answer = await this.#ask<Pushed | PushRefused>("intake", message);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer;
  }

  letters<M extends DeadLettersMessage & { readonly kind: keyof DeadLettersReplies }>(
    message: M,
  ): Promise<DeadLettersReplies[M["kind"]]> {
    return this.#ask("dead-letters", message);
  }

  async listed() {
    const answer = await this.letters({ kind: "letters.list", limit: 100 });
    assert.ok(answer.ok);
    return answer;
  }

  ledger() {
    return readLedger(this.memory, this.#ledger)[0]!;
  }

  /** What the log holds, as it leaves. */
  stored(): PlainRow[] {
    const window = { at: KERNEL_STATIC_BYTES, bytes: STAGING_BYTES };
    const rows: PlainRow[] = [];
    // One batch at a time: they share the window.
    for (const batch of readLog({ dataFolder: this.dataFolder, kernels: readers, window }, this.dataset))
      rows.push(...readRows(batch));
    return rows;
  }

  async #ask<T>(to: string, message: Message): Promise<T> {
    let value: T | undefined;
    let failed = "";
    void this.system.ask<T>(to, message, 60_000).then((result) => {
      if (result.ok) value = result.value;
      else failed = result.message;
    });
    for (let turn = 0; value === undefined && failed === "" && turn < 1000; turn++) await this.settle(10);
    return value ?? assert.fail(failed === "" ? "there is no answer" : failed);
  }
}

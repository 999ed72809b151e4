/**
 * A source of raw process rows, the anonymizer and a stage behind it, in one inline system. The test says at which call to a
 * kernel, or to the batch, the anonymizer dies.
 */

import assert from "node:assert/strict";
import anonymizer, { anonymizerScratchBytes } from "../../../actors/anonymizer/anonymizer.ts";
import { Door } from "../../../actors/door.ts";
import { type LedgerSpec, placeLedger, readLedger, StoreAccount } from "../../../actors/ledger.ts";
import { kernelsOf, resourcesOf } from "../../../actors/resources.ts";
import { datasets, sourceDatasets } from "../../../datasets/index.ts";
import { process } from "../../../datasets/process.ts";
import type { Row } from "../../../datasets/row.ts";
import { createRowWriter } from "../../../datasets/write-rows.ts";
import type { ActorContext, ActorFactory, Behaviour, Message } from "../../../runtime/actor/types.ts";
import { Batch } from "../../../runtime/batch/index.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { createSystem, type System } from "../../../runtime/system.ts";
import {
  compileKernels,
  createKernelMemory,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../../../wasm/index.ts";
import { type PlainRow, readRows } from "../store/log/rows.ts";

export const SLOT_BYTES = 2 ** 16;
const SLOTS = 4;
const module = compileKernels();

interface Publish extends Message {
  readonly kind: "publish";
  readonly rows: readonly Row[];
  /** Writes them and dies before they are published. */
  readonly dies?: boolean;
}

/** A batch as the stage behind the anonymizer met it. */
export interface Seen {
  readonly firstSequence: number;
  readonly rows: readonly PlainRow[];
  readonly message: Uint8Array;
  readonly slot: Uint8Array;
}

export class AnonymizerHouse {
  readonly clock = new VirtualClock();
  readonly system: System;
  readonly kernels: Kernels;
  readonly seen: Seen[] = [];

  constructor(dataFolder: string, seed = 1) {
    const memory = createKernelMemory({ bytes: 2 ** 22 });
    const factories: Record<string, ActorFactory<never>> = {
      anonymizer: anonymizer as ActorFactory<never>,
      source: (context) => source(context),
      reader: (context) => this.#reader(context),
    };
    const actor = (name: string, more = {}) => ({ name, module: "", thread: "main", config: {}, ...more });
    this.system = createSystem({
      memory,
      arenaFrom: KERNEL_STATIC_BYTES,
      placement: "inline",
      clock: this.clock,
      seed,
      lanes: sourceDatasets.map(({ name }) => ({
        name,
        slotBytes: SLOT_BYTES,
        slots: SLOTS,
        tiers: [["anonymizer"], ["reader"]],
      })),
      groups: [
        {
          name: "all",
          intensity: { restarts: 100, withinMs: 1000 },
          actors: [
            actor("reader"),
            actor("anonymizer", { config: { dataFolder }, scratchBytes: anonymizerScratchBytes }),
            actor("source", { writes: sourceDatasets.map(({ name }) => name) }),
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
      load: ({ name }) => factories[name] as ActorFactory,
    });
    this.kernels = kernelsOf({ memory, resources: this.system.resources } as unknown as ActorContext<never>);
  }

  async start(): Promise<this> {
    assert.deepEqual(await this.system.start(), { ok: true });
    return this;
  }

  /** Publishes the rows as one batch; whoever reads them reads when `settle` is called. */
  publish(rows: readonly Row[], more: Partial<Publish> = {}): void {
    const message: Publish = { kind: "publish", rows, ...more };
    assert.deepEqual(this.system.tell("source", message), { ok: true });
  }

  /** Does all there is to do, and lets time pass for actors that are to start again. */
  async settle(): Promise<void> {
    for (let passes = 0; passes < 40; passes++) {
      while (await this.system.step());
      this.clock.advance(1000);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  }

  restarts(actor: string): number {
    const group = this.system.status().supervisors.children[0]?.subtree;
    return group?.children.find(({ name }) => name === actor)?.restarts ?? -1;
  }

  ledger() {
    const rows = readLedger(this.system.memory, this.system.resources["ledger"] as LedgerSpec);
    return rows.find(({ dataset }) => dataset === process.name)!;
  }

  #reader(context: ActorContext<never>): Behaviour {
    const batch = new Batch(context.memory, process.plan);
    const store = new StoreAccount(context.memory, resourcesOf(context).ledger, process.name);
    const stages = sourceDatasets.map(({ name }) => [
      name,
      {
        drain: (reader: { tryRead(): number; release(): void }) => {
          for (let slot = reader.tryRead(); slot >= 0; slot = reader.tryRead()) {
            batch.bindPublic(slot);
            const { u8 } = batch.views;
            this.seen.push({
              firstSequence: batch.firstSequence,
              rows: readRows(batch),
              message: batch.message().slice(),
              slot: u8.slice(slot, slot + SLOT_BYTES),
            });
            store.stored(batch.rows, batch.endSequence, batch.maxTimeMs);
            reader.release();
          }
        },
        poisoned: () => "the reader does not fail",
      },
    ]);
    return { stages: Object.fromEntries(stages) };
  }
}

function source(context: ActorContext<never>): Behaviour {
  const door = new Door(context, process);
  const writer = createRowWriter(context.memory, process);
  for (const { name } of sourceDatasets) if (name !== process.name) context.writer(name);
  return {
    receive(message) {
      const { rows, dies = false } = message as Publish;
      const claimed = door.tryClaim(rows.length);
      if (claimed === undefined) throw new Error("the lane is full: nobody reads it");
      writer.write(claimed.slot, claimed.slotBytes, rows, claimed.firstSequence, context.clock.nowMs());
      if (dies) throw new Error("the source died with rows in its hands");
      door.publish();
    },
  };
}

/**
 * A source of public rows, the windower and the recorder in one inline system, on a folder and a clock that a test holds. The
 * windows are read back from the log, as anybody would.
 */

import { setImmediate } from "node:timers/promises";
import { Door } from "../../../actors/door.ts";
import { placeLedger } from "../../../actors/ledger.ts";
import recorder from "../../../actors/recorder/recorder.ts";
import { kernelsOf } from "../../../actors/resources.ts";
import { readLog } from "../../../actors/store/log/log-reader.ts";
import windower, { type WindowerConfig, windowerScratchBytes } from "../../../actors/windower/windower.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { datasetNamed, datasets, derivedDatasets, sourceDatasets } from "../../../datasets/index.ts";
import type { ActorContext, ActorFactory, Behaviour, Message } from "../../../runtime/actor/types.ts";
import { type Batch, ELEMENT_BYTES } from "../../../runtime/batch/index.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { ChildStatus } from "../../../runtime/supervisor/index.ts";
import { createSystem, type System } from "../../../runtime/system.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../../../wasm/index.ts";
import { type PlainRow, readRows } from "../store/log/rows.ts";

const SLOT_BYTES = 2 ** 17;
const STAGING_BYTES = 2 ** 19;
const module = compileKernels();
/** For reading the log back: one for all tests, as a runtime takes its time to give shared memories back. */
const kernels = instantiateKernels(
  module,
  createKernelMemory({ bytes: KERNEL_STATIC_BYTES + STAGING_BYTES }),
);

export interface WindowerHouseOptions {
  readonly disorderMs?: number;
  readonly poolBytes?: number;
  readonly seed?: number;
  /** Wall time at the start; default long before all event times, so that no window is closed by the wall clock. */
  readonly nowMs?: number;
  readonly derivedSlots?: number;
}

interface Publish extends Message {
  readonly kind: "publish";
  readonly dataset: string;
  readonly rows: readonly PlainRow[];
}

export class WindowerHouse {
  readonly system: System;
  readonly clock: VirtualClock;
  readonly kernels: Kernels;
  readonly #folder: string;
  #step: Promise<boolean> | undefined;

  constructor(dataFolder: string, options: WindowerHouseOptions = {}) {
    const { disorderMs = 5000, poolBytes = 2 ** 20, seed = 1, nowMs = 0, derivedSlots = 8 } = options;
    this.#folder = dataFolder;
    this.clock = new VirtualClock(nowMs);
    const factories: Record<string, ActorFactory<never>> = {
      recorder: recorder as ActorFactory<never>,
      windower: windower as ActorFactory<never>,
      source,
    };
    const config: WindowerConfig = { dataFolder, disorderMs, poolBytes, windowBytes: STAGING_BYTES };
    const memory = createKernelMemory({ bytes: 2 ** 23 + poolBytes + 3 * derivedSlots * SLOT_BYTES });
    const actor = (name: string, more = {}) => ({ name, module: "", thread: "main", config: {}, ...more });
    this.system = createSystem({
      memory,
      arenaFrom: KERNEL_STATIC_BYTES,
      placement: "inline",
      clock: this.clock,
      seed,
      lanes: [
        ...sourceDatasets.map(({ name }) => ({
          name,
          slotBytes: SLOT_BYTES,
          slots: 8,
          tiers: [["recorder"], ["windower"]],
        })),
        ...derivedDatasets.map(({ name }) => ({
          name,
          slotBytes: SLOT_BYTES,
          slots: derivedSlots,
          tiers: [["recorder"]],
        })),
      ],
      groups: [
        {
          name: "all",
          intensity: { restarts: 10_000, withinMs: 1000 },
          // As in the house.
          policy: { startDeadlineMs: 60_000 },
          actors: [
            actor("recorder", {
              config: { dataFolder, segmentBytes: 2 ** 20, keepBytes: 2 ** 30, stagingBytes: STAGING_BYTES },
              scratchBytes: STAGING_BYTES,
            }),
            actor("windower", {
              config,
              writes: derivedDatasets.map(({ name }) => name),
              scratchBytes: windowerScratchBytes(config),
            }),
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
    const starting = this.system.start();
    await this.#letPass(starting);
    const started = await starting;
    if (!started.ok) throw new Error(started.message);
    return this;
  }

  /** Publishes rows as one batch. */
  publish(dataset: string, rows: readonly PlainRow[]): void {
    const sent = this.system.tell("source", { kind: "publish", dataset, rows } satisfies Publish);
    if (!sent.ok) throw new Error(`the source is ${sent.reason}`);
  }

  /** Does all there is to do before time moves on. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      this.#step ??= this.system.step().finally(() => {
        this.#step = undefined;
      });
      const done = await Promise.race([this.#step, setImmediate("waits" as const)]);
      idle = done === true ? 0 : idle + 1;
    }
  }

  /** Lets time pass, doing at each step what there is to do. */
  async pass(ms: number, stepMs = 250): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed));
      await this.settle();
    }
  }

  /** Publishes each batch when the one before is through. An actor that dies of one gets the time to come back. */
  async publishAll(dataset: string, batches: readonly (readonly PlainRow[])[]): Promise<void> {
    for (const rows of batches) {
      this.publish(dataset, rows);
      await this.settle();
      for (let attempt = 0; this.lag(dataset) > 0 && attempt < 100; attempt++) await this.pass(500, 100);
      if (this.lag(dataset) > 0) throw new Error(`a batch of ${dataset} does not get through`);
    }
  }

  /** Batches that the windower has not released. */
  lag(dataset: string): number {
    return this.system.status().actors.find(({ name }) => name === "windower")!.lag[dataset]!;
  }

  restarts(): number {
    return this.status().restarts;
  }

  /** The windower's, as its supervisor has it. */
  status(): ChildStatus {
    const group = this.system.status().supervisors.children[0]?.subtree;
    return group!.children.find(({ name }) => name === "windower")!;
  }

  async stop(): Promise<void> {
    const stopping = this.system.stop();
    await this.#letPass(stopping);
    await stopping;
  }

  /** Stored windows of a source. */
  windows(source: string): PlainRow[] {
    return storedWindows(this.#folder, source).flatMap(({ rows }) => rows);
  }

  /** The same as bytes. */
  messages(source: string): Buffer[] {
    return storedWindows(this.#folder, source).map(({ bytes }) => bytes);
  }

  async #letPass(work: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    while (!isOver) {
      await setImmediate();
      this.clock.advance(5);
    }
  }
}

function storedWindows(dataFolder: string, source: string) {
  const dataset = datasetNamed(`${source}_1m`) as Dataset;
  const window = { at: KERNEL_STATIC_BYTES, bytes: STAGING_BYTES };
  const found: { rows: PlainRow[]; bytes: Buffer }[] = [];
  for (const batch of readLog({ dataFolder, kernels, window }, dataset)) {
    const rows = readRows(batch);
    // All that the columns hold, without what stands around them.
    const parts = dataset.plan.publicColumns.map((column) => {
      const at = batch.dataAt(column);
      return batch.views.u8.slice(at, at + batch.rows * ELEMENT_BYTES[column.type]);
    });
    found.push({ rows, bytes: Buffer.concat(parts) });
  }
  return found;
}

function source(context: ActorContext<never>): Behaviour {
  const doors = new Map(sourceDatasets.map((dataset) => [dataset.name, new Door(context, dataset)]));
  return {
    receive(message) {
      const { dataset, rows } = message as Publish;
      const door = doors.get(dataset)!;
      if (!door.tryBegin(rows.length)) throw new Error("the lane is full: nobody reads it");
      fill(door.batch, datasetNamed(dataset) as Dataset, rows);
      door.publish();
    },
  };
}

/** Writes rows as they are after the anonymizer, and seals. */
function fill(batch: Batch, dataset: Dataset, rows: readonly PlainRow[]): void {
  const view = new DataView(batch.views.buffer);
  for (const column of dataset.plan.publicColumns) {
    const width = ELEMENT_BYTES[column.type];
    rows.forEach((values, row) => {
      const value = values[column.name] ?? null;
      const at = batch.dataAt(column) + row * width;
      if (value === null) {
        if (column.nullable) batch.setNull(column, row);
        else for (let byte = 0; byte < width; byte++) view.setUint8(at + byte, 0);
      } else if (column.type === "f64") view.setFloat64(at, value as number, true);
      else if (column.type === "f32") view.setFloat32(at, value as number, true);
      else if (column.type === "u32") view.setUint32(at, value as number, true);
      else if (width === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value as number | bigint)), true);
      else throw new Error(`the test does not fill ${column.type}`);
    });
  }
  const times = rows.map((row) => row[dataset.time] as number);
  batch.setTimes(Math.min(...times), Math.max(...times), 0);
  batch.seal();
}

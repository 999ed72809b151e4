/**
 * A source of public rows, the windower and the recorder in one inline system, on a folder and a clock that a test holds. The
 * windows are read back from the log, as anybody would.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Door } from "../../../actors/door.ts";
import { type LedgerSpec, placeLedger, readLedger } from "../../../actors/ledger.ts";
import { recorderOn } from "../../../actors/recorder/recorder.ts";
import { kernelsOf } from "../../../actors/resources.ts";
import { readLog } from "../../../actors/store/log/log-reader.ts";
import { placeWindowMeters, readWindowMeter, type WindowFigures } from "../../../actors/window-meters.ts";
import { type CheckpointDisk, hostCheckpointDisk } from "../../../actors/windower/checkpoint-file.ts";
import { windowerScratchBytes } from "../../../actors/windower/scratch.ts";
import { type WindowerConfig, windowerOf } from "../../../actors/windower/windower.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { datasets as ourDatasets } from "../../../datasets/index.ts";
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
const SOURCE_SLOTS = 8;
const STAGING_BYTES = 2 ** 19;
const module = compileKernels();
/** For reading the log back: one for all tests, as a runtime takes its time to give shared memories back. */
const kernels = instantiateKernels(
  module,
  createKernelMemory({ bytes: KERNEL_STATIC_BYTES + STAGING_BYTES }),
);

export interface WindowerHouseOptions extends Partial<Omit<WindowerConfig, "dataFolder" | "windowBytes">> {
  readonly seed?: number;
  /** Wall time at the start; default long before all event times, so that no window is closed by the wall clock. */
  readonly nowMs?: number;
  readonly derivedSlots?: number;
  /** Sources and their windows; default: ours. */
  readonly datasets?: readonly Dataset[];
  readonly disk?: CheckpointDisk;
  readonly checkpointRows?: number;
  readonly slotBytes?: number;
}

interface Publish extends Message {
  readonly kind: "publish";
  readonly dataset: string;
  readonly rows: readonly PlainRow[];
  readonly writtenMs: number;
  /** As the recorder leaves a batch that it could not take. */
  readonly isGivenUp: boolean;
}

export class WindowerHouse {
  readonly system: System;
  readonly clock: VirtualClock;
  readonly kernels: Kernels;
  readonly datasets: readonly Dataset[];
  readonly #folder: string;
  #step: Promise<boolean> | undefined;

  constructor(dataFolder: string, options: WindowerHouseOptions = {}) {
    const { seed = 1, nowMs = 0, derivedSlots = 8, datasets = ourDatasets } = options;
    const { disk = hostCheckpointDisk, checkpointRows = 100_000, slotBytes = SLOT_BYTES } = options;
    this.#folder = dataFolder;
    this.datasets = datasets;
    this.clock = new VirtualClock(nowMs);
    const sources = datasets.filter(({ derived }) => derived === undefined);
    const windows = datasets.filter(({ derived }) => derived !== undefined);
    const factories: Record<string, ActorFactory<never>> = {
      recorder: (context) => recorderOn(context, undefined, datasets),
      windower: (context) => windowerOf(context, { datasets, disk, checkpointRows }),
      source: (context) => source(context, sources),
    };
    const { disorderMs = 5000, latenessMs = 0, aheadMs = 300_000, idleMs = 60_000 } = options;
    const { maxGroups = 10_000, whenFull = "other", stateBytes = 2 ** 21 } = options;
    const config: WindowerConfig = {
      ...{ disorderMs, latenessMs, aheadMs, idleMs, maxGroups, whenFull, stateBytes },
      ...{ dataFolder, windowBytes: STAGING_BYTES },
    };
    const scratchBytes = windowerScratchBytes(config, datasets);
    const slots = sources.length * SOURCE_SLOTS + windows.length * derivedSlots;
    const memory = clearMemory(2 ** 18 + STAGING_BYTES + scratchBytes + slots * slotBytes);
    const actor = (name: string, more = {}) => ({ name, module: "", thread: "main", config: {}, ...more });
    this.system = createSystem({
      memory,
      arenaFrom: KERNEL_STATIC_BYTES,
      placement: "inline",
      clock: this.clock,
      seed,
      lanes: [
        ...sources.map(({ name, windows = [] }) => ({
          name,
          slotBytes,
          slots: SOURCE_SLOTS,
          tiers: windows.length > 0 ? [["recorder"], ["windower"]] : [["recorder"]],
        })),
        ...windows.map(({ name }) => ({
          name,
          slotBytes,
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
            actor("windower", { config, writes: windows.map(({ name }) => name), scratchBytes }),
            actor("source", { writes: sources.map(({ name }) => name) }),
          ],
        },
      ],
      resources: (arena) => ({
        kernels: module,
        ledger: placeLedger(
          arena,
          datasets.map(({ name }) => name),
        ),
        windowMeters: placeWindowMeters(
          arena,
          windows.map(({ name }) => name),
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

  /** Publishes rows as one batch. @param writtenMs 0: it is not known */
  publish(dataset: string, rows: readonly PlainRow[], writtenMs = 0, isGivenUp = false): void {
    const message: Publish = { kind: "publish", dataset, rows, writtenMs, isGivenUp };
    const sent = this.system.tell("source", message);
    if (!sent.ok) throw new Error(`the source is ${sent.reason}`);
  }

  /** Does so many steps, if there is so much to do. An actor that waits keeps the others waiting. */
  async steps(count: number): Promise<void> {
    for (let step = 0; step < count; step++) {
      this.#step ??= this.system.step().finally(() => {
        this.#step = undefined;
      });
      await Promise.race([this.#step, setImmediate("waits" as const)]);
    }
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
  async publishAll(dataset: string, batches: readonly (readonly PlainRow[])[], writtenMs = 0): Promise<void> {
    for (const rows of batches) {
      this.publish(dataset, rows, writtenMs);
      await this.settle();
      for (let attempt = 0; this.lag(dataset) > 0 && attempt < 100; attempt++) await this.pass(500, 100);
      if (this.lag(dataset) > 0) throw new Error(`a batch of ${dataset} does not get through`);
    }
    for (let attempt = 0; this.status().state !== "running" && attempt < 100; attempt++)
      await this.pass(500, 100);
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

  /** Rows of a dataset that the log has. */
  stored(dataset: string): number {
    const ledger = readLedger(this.system.memory, this.system.resources["ledger"] as LedgerSpec);
    return ledger.find((row) => row.dataset === dataset)!.stored;
  }

  /** What the windower says of a windows dataset. */
  figures(dataset: string): WindowFigures {
    const spec = this.system.resources["windowMeters"] as Parameters<typeof readWindowMeter>[1];
    return readWindowMeter(this.system.memory, spec, dataset);
  }

  async stop(): Promise<void> {
    const stopping = this.system.stop();
    await this.#letPass(stopping);
    await stopping;
  }

  /** Stored rows of a source's windows. */
  windows(source: string, label = "1m"): PlainRow[] {
    return this.#stored(source, label).flatMap(({ rows }) => rows);
  }

  /** All that their columns hold, in their order, whatever batches they are in. */
  bytes(source: string, label = "1m"): Buffer {
    const batches = this.#stored(source, label);
    const columns = batches[0]?.columns.length ?? 0;
    return Buffer.concat(
      Array.from({ length: columns }, (_, index) => batches.map(({ columns }) => columns[index]!)).flat(),
    );
  }

  /** Stored batches. */
  batches(source: string, label = "1m"): number {
    return this.#stored(source, label).length;
  }

  #stored(source: string, label: string) {
    const dataset = this.datasets.find(({ name }) => name === `${source}_${label}`)!;
    const window = { at: KERNEL_STATIC_BYTES, bytes: STAGING_BYTES };
    const found: { rows: PlainRow[]; columns: Uint8Array[] }[] = [];
    for (const batch of readLog({ dataFolder: this.#folder, kernels, window }, dataset)) {
      const columns = dataset.plan.publicColumns.flatMap((column) => {
        const at = batch.dataAt(column);
        const validity = Uint8Array.from({ length: batch.rows }, (_, row) =>
          batch.isValid(column, row) ? 1 : 0,
        );
        return [batch.views.u8.slice(at, at + batch.rows * ELEMENT_BYTES[column.type]), validity];
      });
      found.push({ rows: readRows(batch), columns });
    }
    return found;
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

/** A folder that is gone with the test; in memory where there is such a thing, as syncs are not what is asked for here. */
export function folderInMemory(t: TestContext): string {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let reused: WebAssembly.Memory | undefined;

/** One memory for all houses of a file, as making one takes its time: only the house made last may still do anything. */
function clearMemory(bytes: number): WebAssembly.Memory {
  if (reused === undefined || reused.buffer.byteLength < KERNEL_STATIC_BYTES + bytes) {
    reused = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + bytes });
  }
  new Uint8Array(reused.buffer).fill(0, KERNEL_STATIC_BYTES);
  return reused;
}

function source(context: ActorContext<never>, sources: readonly Dataset[]): Behaviour {
  const doors = new Map(
    sources.map((dataset) => [dataset.name, { dataset, door: new Door(context, dataset) }]),
  );
  return {
    receive(message) {
      const { dataset: name, rows, writtenMs, isGivenUp } = message as Publish;
      const { dataset, door } = doors.get(name)!;
      if (!door.tryBegin(rows.length)) throw new Error("the lane is full: nobody reads it");
      fill(door.batch, dataset, rows, writtenMs);
      if (isGivenUp) door.batch.giveUp();
      door.publish();
    },
  };
}

/** Writes rows as they are after the anonymizer, and seals. */
function fill(batch: Batch, dataset: Dataset, rows: readonly PlainRow[], writtenMs: number): void {
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
      else if (column.type === "category") view.setUint8(at, column.values!.indexOf(value as string));
      else if (width === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value as number | bigint)), true);
      else throw new Error(`the test does not fill ${column.type}`);
    });
  }
  const times = rows.map((row) => row[dataset.time] as number);
  batch.setTimes(Math.min(...times), Math.max(...times), writtenMs);
  batch.seal();
}

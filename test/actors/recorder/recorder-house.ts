/**
 * A recorder, an exporter and a source of rows in one inline system, on a folder, a clock and a disk that a test holds. The
 * source takes messages: rows to publish, rows to refuse, and a batch that nobody can read.
 */

import { setImmediate } from "node:timers/promises";
import { Door } from "../../../actors/door.ts";
import exporter from "../../../actors/exporter/exporter.ts";
import type { KeepRules } from "../../../actors/keeper/housekeeping.ts";
import { type KeeperConfig, type KeeperParts, keeperWith } from "../../../actors/keeper/keeper.ts";
import type { LedgerSpec } from "../../../actors/ledger.ts";
import { type LedgerRow, placeLedger, readLedger } from "../../../actors/ledger.ts";
import { recorderOn } from "../../../actors/recorder/recorder.ts";
import replayer from "../../../actors/replayer/replayer.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { datasets } from "../../../datasets/index.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import type {
  ActorContext,
  ActorFactory,
  ActorSpec,
  Behaviour,
  Message,
} from "../../../runtime/actor/types.ts";
import type { BatchOrigin } from "../../../runtime/batch/index.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { seededRandom } from "../../../runtime/random.ts";
import { createSystem, type System } from "../../../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { FailingDisk } from "../store/log/failing-disk.ts";
import { fillRows, type PlainRow, readRows } from "../store/log/rows.ts";
import { START_MS } from "../store/log/temp-log.ts";

export interface Publish extends Message {
  readonly kind: "publish";
  readonly dataset: string;
  readonly rows: number;
  /** The request that they came by. */
  readonly origin?: BatchOrigin;
  /** Leaves it as it came, so that its reader fails on it. */
  readonly poison?: boolean;
}

export interface Refuse extends Message {
  readonly kind: "refuse";
  readonly rows: number;
}

const SLOT_BYTES = 2 ** 17;
const WINDOW_BYTES = 2 ** 19;
const sources: readonly Dataset[] = [memory, process, optimization];
const module = compileKernels();

/** Of the rules alone: its parts are no plain data. */
function keeper(dataFolder: string, { disk: _, codec: __, ...rules }: KeepRules & KeeperParts): ActorSpec {
  return {
    name: "keeper",
    module: "",
    thread: "main",
    config: keeperConfig(dataFolder, rules),
    scratchBytes: WINDOW_BYTES,
  };
}

export function keeperConfig(dataFolder: string, rules: KeepRules): KeeperConfig {
  return { dataFolder, windowBytes: WINDOW_BYTES, rules };
}

export class RecorderHouse {
  readonly clock = new VirtualClock(START_MS);
  readonly disk = new FailingDisk();
  /** What was published and is no poison, in order. */
  readonly published = new Map<string, PlainRow[]>(datasets.map(({ name }) => [name, []]));
  readonly system: System;
  readonly #ledger: LedgerSpec;

  /** @param keep how the store is kept; default: there is no keeper */
  constructor(dataFolder: string, seed = 1, segmentBytes = 2 ** 20, keep?: KeepRules & KeeperParts) {
    const factories: Record<string, ActorFactory<never>> = {
      recorder: (context) => recorderOn(context, this.disk),
      keeper: (context) => keeperWith(context, keep ?? {}),
      source: (context) => this.#source(context, seededRandom(seed)),
      exporter,
      replayer,
    };
    const sharedMemory = createKernelMemory({ bytes: 2 ** 23 });
    this.system = createSystem({
      memory: sharedMemory,
      arenaFrom: KERNEL_STATIC_BYTES,
      placement: "inline",
      clock: this.clock,
      seed,
      lanes: sources.map(({ name }) => ({ name, slotBytes: SLOT_BYTES, slots: 8, tiers: [["recorder"]] })),
      groups: [
        {
          name: "all",
          intensity: { restarts: 100, withinMs: 1000 },
          actors: [
            {
              name: "recorder",
              module: "",
              thread: "main",
              config: { dataFolder, segmentBytes, stagingBytes: WINDOW_BYTES },
              scratchBytes: WINDOW_BYTES,
            },
            {
              name: "exporter",
              module: "",
              thread: "main",
              config: { dataFolder, windowBytes: WINDOW_BYTES },
              scratchBytes: WINDOW_BYTES,
            },
            {
              name: "replayer",
              module: "",
              thread: "main",
              config: { dataFolder, windowBytes: WINDOW_BYTES },
              scratchBytes: WINDOW_BYTES,
            },
            {
              name: "source",
              module: "",
              thread: "main",
              config: {},
              writes: sources.map(({ name }) => name),
            },
            ...(keep === undefined ? [] : [keeper(dataFolder, keep)]),
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
    this.#ledger = this.system.resources["ledger"] as LedgerSpec;
  }

  async start(): Promise<this> {
    const started = await this.system.start();
    if (!started.ok) throw new Error(started.message);
    return this;
  }

  /** Does all there is to do before time moves on. */
  async settle(): Promise<void> {
    while (await this.system.step());
  }

  /** Lets time pass in small steps, doing at each what there is to do. */
  async pass(ms: number, stepMs = 250): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed));
      await this.settle();
    }
  }

  tell(message: Publish | Refuse): void {
    const sent = this.system.tell("source", message);
    if (!sent.ok) throw new Error(`the source is ${sent.reason}`);
  }

  async publish(dataset: string, rows: number): Promise<void> {
    this.tell({ kind: "publish", dataset, rows });
    await this.settle();
  }

  ledger(dataset: string): LedgerRow {
    return readLedger(this.system.memory, this.#ledger).find((row) => row.dataset === dataset)!;
  }

  /** Batches that the recorder has not released. */
  lag(dataset: string): number {
    return this.system.status().actors.find(({ name }) => name === "recorder")!.lag[dataset]!;
  }

  /**
   * Stops the system. Files are given back in real time, for which nothing has to pass on the clock.
   * @param hangs something does not end by itself: deadlines pass
   */
  async stop({ hangs = false }: { readonly hangs?: boolean } = {}): Promise<void> {
    let isStopped = false;
    const stopped = this.system.stop().finally(() => {
      isStopped = true;
    });
    while (hangs && !isStopped) {
      await setImmediate();
      this.clock.advance(1000);
    }
    await stopped;
  }

  #source(context: ActorContext<never>, random: () => number): Behaviour {
    const doors = new Map(
      sources.map((dataset) => [dataset.name, { dataset, door: new Door(context, dataset) }]),
    );
    return {
      receive: (message) => {
        const asked = message as Publish | Refuse;
        if (asked.kind === "refuse") {
          doors.get("memory")!.door.account.rejected("bound", asked.rows);
          return;
        }
        const { dataset, door } = doors.get(asked.dataset)!;
        if (!door.tryBegin(asked.rows)) {
          door.dropLaneFull(asked.rows);
          return;
        }
        const { batch } = door;
        const { firstSequence } = batch;
        fillRows(batch, dataset, { random, timeMs: (row) => START_MS + (firstSequence + row) * 1000 });
        if (asked.origin !== undefined) batch.setOrigin(asked.origin);
        if (asked.poison !== true) {
          batch.seal();
          this.published.get(dataset.name)!.push(...readRows(batch));
        }
        door.publish();
      },
    };
  }
}

/** A system of actors that read the store, beside a keeper that only writes down what it is told, on the test's own thread. */

import { type LedgerSpec, placeLedger, StoreAccount } from "../../../actors/ledger.ts";
import type { Dataset } from "../../../datasets/define.ts";
import type { ActorFactory } from "../../../runtime/actor/types.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { createSystem, type System } from "../../../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { START_MS } from "./log/temp-log.ts";
import type { TempStore } from "./temp-store.ts";

/** Bytes that a reader has to read the log in. */
export const WINDOW_BYTES = 2 ** 19;
const module = compileKernels();
const sharedMemory = createKernelMemory({ bytes: 2 ** 21 });

export interface ReaderSystemOptions {
  readonly clock: Clock;
  /** Of the actor under test. */
  readonly name: string;
  readonly factory: ActorFactory<never>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Undefined: there is none. */
  readonly keeper: ActorFactory<never> | undefined;
  /** Those that the ledger has. */
  readonly datasets: readonly Pick<Dataset, "name">[];
}

export function createReaderSystem(options: ReaderSystemOptions): System {
  const { clock, name, factory, config, keeper, datasets } = options;
  const factories: Record<string, ActorFactory<never> | undefined> = { [name]: factory, keeper };
  const actor = { module: "", thread: "main", config: {} };
  const reader = {
    ...actor,
    name,
    config: { ...config, windowBytes: WINDOW_BYTES },
    scratchBytes: WINDOW_BYTES,
  };
  return createSystem({
    memory: sharedMemory,
    arenaFrom: KERNEL_STATIC_BYTES,
    placement: "inline",
    clock,
    seed: 1,
    lanes: [],
    groups: [
      { name: "all", actors: keeper === undefined ? [reader] : [reader, { ...actor, name: "keeper" }] },
    ],
    resources: (arena) => ({
      kernels: module,
      ledger: placeLedger(
        arena,
        datasets.map((dataset) => dataset.name),
      ),
    }),
    load: (spec) => factories[spec.name] as ActorFactory,
  });
}

/** Tells the ledger what the log holds of a dataset, as the recorder would. */
export function countStored(system: System, store: TempStore, dataset: string): void {
  const account = new StoreAccount(system.memory, system.resources["ledger"] as LedgerSpec, dataset);
  const next = store.log.nextSequence(dataset);
  account.stored(next - account.recorded, next, START_MS);
}

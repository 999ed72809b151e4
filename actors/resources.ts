/** What the system hands to every actor besides the lanes. Plain data; made once, on the thread that builds the system. */

import type { StagingSpec } from "../ingest/staging.ts";
import type { ActorContext } from "../runtime/actor/types.ts";
import { instantiateKernels, type Kernels } from "../wasm/index.ts";
import type { LedgerSpec } from "./ledger.ts";

/** Where the meters of stage-meter.ts lie. Plain data. */
export interface MetersSpec {
  readonly offset: number;
  /** In the order of the meters. */
  readonly stages: readonly { readonly dataset: string; readonly actor: string }[];
}

/** Where the meters of window-meters.ts lie. Plain data. */
export interface WindowMetersSpec {
  readonly offset: number;
  /** Windows datasets, in the order of the meters. */
  readonly datasets: readonly string[];
}

export interface Resources {
  readonly kernels: WebAssembly.Module;
  readonly ledger: LedgerSpec;
  /** Absent in systems that nobody pushes to over HTTP. */
  readonly staging?: StagingSpec;
  /** Absent in systems that measure nothing, as those of most tests. */
  readonly meters?: MetersSpec;
  /** Absent in systems without a windower, and where nobody asks what it does. */
  readonly windowMeters?: WindowMetersSpec;
}

export function resourcesOf(context: ActorContext<never>): Resources {
  return context.resources as unknown as Resources;
}

const kernelsByMemory = new WeakMap<WebAssembly.Memory, Kernels>();

/** This thread's kernels over the system's memory. */
export function kernelsOf(context: ActorContext<never>): Kernels {
  let kernels = kernelsByMemory.get(context.memory);
  if (kernels === undefined) {
    kernels = instantiateKernels(resourcesOf(context).kernels, context.memory);
    kernelsByMemory.set(context.memory, kernels);
  }
  return kernels;
}

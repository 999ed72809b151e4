/**
 * The house: which lanes there are, who stands at them, who runs where and who supervises whom. This is the picture of
 * ARCHITECTURE.md as data.
 *
 *     sampler ─┐                        ┌─▶ recorder ────┐
 *              ├─▶ lane ─▶ anonymizer ─▶┤                ├─▶ windower ─▶ derived lane ─▶ recorder, broadcaster
 *     intake  ─┘                        └─▶ broadcaster ─┘
 *
 * Beside the lanes: the keeper moves the log into the lake, and exporter and analyst read both.
 *
 * The windower stands behind the recorder: no window is ever made of a row that the log does not have.
 *
 * What may be said of it is house/options.ts, the lanes are house/lanes.ts, the actors house/groups.ts.
 */

import { datasets, derivedDatasets } from "../datasets/index.ts";
import { STAGING_BYTES } from "../ingest/staging.ts";
import type { ActorSpec } from "../runtime/actor/types.ts";
import type { Arena } from "../runtime/arena.ts";
import type { SystemSpec } from "../runtime/system-spec.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../wasm/index.ts";
import { houseGroups } from "./house/groups.ts";
import { laneShape } from "./house/lanes.ts";
import type { HouseOptions } from "./house/options.ts";
import { placeLedger } from "./ledger.ts";
import { placeMeters } from "./stage-meter.ts";
import { placeWindowMeters } from "./window-meters.ts";

/** Beside lanes and scratch: the ledger, mailboxes, words. */
const SMALL_THINGS_BYTES = 4 * 2 ** 20;

/** The declaration of the whole system. @throws when the kernels are not built */
export function houseSpec(
  options: HouseOptions,
): Pick<SystemSpec, "lanes" | "groups" | "memory" | "arenaFrom" | "resources"> {
  const kernels = compileKernels();
  const lanes = datasets.map((dataset) => laneShape(dataset, options));
  const groups = houseGroups(options);
  const laneBytes = lanes.reduce((bytes, { slots, slotBytes }) => bytes + slots * slotBytes, 0);
  const scratchBytes = groups
    .flatMap(({ actors }) => actors)
    .reduce((bytes, actor) => bytes + (actor.scratchBytes ?? 0), 0);
  const memory = createKernelMemory({
    bytes: KERNEL_STATIC_BYTES + laneBytes + scratchBytes + STAGING_BYTES + SMALL_THINGS_BYTES,
  });
  const names = datasets.map(({ name }) => name);
  const windowNames = derivedDatasets.map(({ name }) => name);
  return {
    lanes,
    groups,
    memory,
    arenaFrom: KERNEL_STATIC_BYTES,
    resources: (arena: Arena) => ({
      kernels,
      ledger: placeLedger(arena, names),
      meters: placeMeters(arena, lanes),
      staging: { offset: arena.allocate(STAGING_BYTES, "the staging area"), bytes: STAGING_BYTES },
      ...(options.without?.includes("windower")
        ? {}
        : { windowMeters: placeWindowMeters(arena, windowNames) }),
    }),
  };
}

/** Every actor that `houseSpec` declares with these options, in the order they start in. */
export function houseActors(options: HouseOptions): readonly ActorSpec[] {
  return houseGroups(options).flatMap(({ actors }) => actors);
}

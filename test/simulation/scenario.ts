/** What a seed makes of a run: which datasets, how narrow everything is, how much goes wrong. */

import type { WindowerConfig } from "../../actors/windower/windower.ts";
import { FAMILIES, type Family } from "./families.ts";
import type { FaultRates } from "./faults.ts";
import { Draw } from "./random.ts";

/** Rules by which rows are taken into windows, as the simulation changes them. */
export type SimulatedRules = Pick<
  WindowerConfig,
  "disorderMs" | "latenessMs" | "aheadMs" | "maxGroups" | "whenFull"
>;

export interface Scenario extends SimulatedRules {
  readonly seed: number;
  readonly family: Family;
  readonly slots: number;
  readonly derivedSlots: number;
  readonly segmentBytes: number;
  readonly idleMs: number;
  readonly checkpointRows: number;
  /** Batches that are pushed. */
  readonly pushes: number;
  readonly rates: FaultRates;
  /** Whether whoever ends takes what was not synced along, as a power cut does. */
  readonly cutsPower: boolean;
  /** Chances at each turn of what is done to the system. */
  readonly operator: number;
  readonly change: number;
  readonly slow: number;
  readonly jump: number;
  readonly idle: number;
}

export function scenarioOf(seed: number): Scenario {
  const draw = new Draw(seed, 0);
  const isCalm = draw.chance(0.1);
  const poison = draw.chance(0.1) ? [draw.of(["windower", "recorder", "anonymizer"])] : [];
  const share = (most: number) => (isCalm || draw.chance(0.4) ? 0 : most * draw.random());
  return {
    seed,
    family: draw.of(FAMILIES),
    slots: draw.of([2, 4, 8]),
    derivedSlots: draw.of([2, 4, 16]),
    segmentBytes: draw.of([4096, 32_768, 1_048_576]),
    ...drawRules(draw),
    idleMs: draw.of([4000, 12_000]),
    checkpointRows: draw.of([1, 20, 100, 100_000]),
    pushes: draw.int(8, 30),
    rates: {
      crash: share(0.02),
      death: share(0.005),
      // A batch that the windower gives up must be noted on the disk: else nobody knows who makes its windows again.
      refuse: poison.length > 0 ? 0 : share(0.02),
      poison,
    },
    cutsPower: draw.chance(0.5),
    operator: share(0.02),
    change: draw.chance(0.3) ? share(0.02) : 0,
    slow: share(0.02),
    jump: share(0.01),
    idle: share(0.03),
  };
}

export function drawRules(draw: Draw): SimulatedRules {
  return {
    disorderMs: draw.of([0, 500, 2000]),
    latenessMs: draw.of([0, 1000, 6000]),
    aheadMs: draw.of([60_000, 300_000]),
    maxGroups: draw.of([2, 1000, 1000, 1000]),
    whenFull: draw.of(["other", "refuse"]),
  };
}

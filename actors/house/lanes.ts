/** The lane of each dataset: how large it is, and who stands at it in which tier. */

import type { Dataset } from "../../datasets/define.ts";
import { sourceDatasets } from "../../datasets/index.ts";
import type { LaneShape } from "../../runtime/lane/index.ts";
import { slotBytesOf } from "../store/log/window-bytes.ts";
import type { ActorName, HouseOptions } from "./options.ts";

/** Of a source: the anonymizer first, the windower behind the recorder, so that no window is ever made of a row that the log does not have. */
export function laneShape(dataset: Dataset, { slots, without = [] }: HouseOptions): LaneShape {
  const present = (names: readonly ActorName[]) => names.filter((name) => !without.includes(name));
  const isSource = sourceDatasets.includes(dataset);
  const windowed = dataset.windows === undefined ? [] : present(["windower"]);
  const tiers = isSource
    ? [present(["anonymizer"]), present(["recorder", "broadcaster"]), windowed]
    : [present(["recorder", "broadcaster"])];
  return {
    name: dataset.name,
    slots: slots?.[dataset.name] ?? dataset.slots,
    slotBytes: slotBytesOf(dataset),
    tiers: tiers.filter((tier) => tier.length > 0),
  };
}

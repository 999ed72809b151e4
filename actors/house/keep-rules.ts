/** What the keeper goes by: how long rows stay in the log, how long and how many of them in the lake. */

import { datasets } from "../../datasets/index.ts";
import { DEFAULT_KEEP_DAYS } from "../../datasets/spec.ts";
import type { KeepRules } from "../keeper/housekeeping.ts";
import type { Keep } from "../keeper/retention.ts";
import { DATASET_BYTES, type HouseOptions, USUAL_STORE, USUAL_WINDOWS } from "./options.ts";

const DAY_MS = 86_400_000;
/** What a windower needs beyond disorder and lateness, to have made the windows of an hour that is over. */
const WINDOWER_SLACK_MS = 2 * 60_000;

/** An hour settles late enough for its windows to be made before, whatever is said. */
export function keepRules({ store = {}, keepBytes, windows }: HouseOptions): KeepRules {
  const { disorderMs, latenessMs } = { ...USUAL_WINDOWS, ...windows };
  const { settleMs, segmentMaxAgeMs, windowGroups, keepMs, maxBytes } = { ...USUAL_STORE, ...store };
  const keep = datasets.map(({ name, keepDays = DEFAULT_KEEP_DAYS }): [string, Keep] => [
    name,
    { keepMs: keepMs[name] ?? keepDays * DAY_MS, maxBytes: maxBytes[name] ?? DATASET_BYTES },
  ]);
  return {
    settleMs: Math.max(settleMs, disorderMs + latenessMs + WINDOWER_SLACK_MS),
    segmentMaxAgeMs,
    logBytes: keepBytes,
    windowGroups,
    keep: Object.fromEntries(keep),
  };
}

/** When rows are moved from the log into the lake, and how long they are kept there. */

import { z } from "zod";
import { DATASET_BYTES, USUAL_STORE } from "../actors/house/options.ts";
import { DEFAULT_KEEP_DAYS } from "../datasets/spec.ts";
import { byteSize, durationMs } from "../runtime/config.ts";
import { dayMs, eachDataset, hourMs } from "./kinds.ts";

export const storeSettings = z.object({
  settleMs: durationMs({ minMs: 1000, maxMs: dayMs })
    .default(USUAL_STORE.settleMs)
    .describe("How long an hour must be over before its rows are moved from the log into the lake."),
  segmentMaxAgeMs: durationMs({ minMs: hourMs, maxMs: 30 * dayMs })
    .default(USUAL_STORE.segmentMaxAgeMs)
    .describe("Age at which a segment of the log is moved into the lake whole, whatever its rows' times."),
  windowGroups: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(USUAL_STORE.windowGroups)
    .describe("Groups of which an hour's windows are kept in the lake, those that lead in it; 0 keeps all."),
  keep: eachDataset(({ keepDays = DEFAULT_KEEP_DAYS, name }) =>
    durationMs({ minMs: hourMs, maxMs: 36_525 * dayMs })
      .default(keepDays * dayMs)
      .describe(`How long rows of ${name} are kept in the lake.`),
  ),
  maxBytes: eachDataset(({ name }) =>
    byteSize({ minBytes: 2 ** 16, maxBytes: 2 ** 44 })
      .default(DATASET_BYTES)
      .describe(`Size of the files of ${name} in the lake; beyond it the oldest hours go.`),
  ),
});

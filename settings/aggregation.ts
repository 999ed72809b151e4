/** What is kept of the values that programs send to be added up. */

import { z } from "zod";
import { USUAL_AGGREGATION } from "../actors/house/options.ts";
import { byteSize, durationMs } from "../runtime/config.ts";
import { dayMs } from "./kinds.ts";

export const aggregationSettings = z.object({
  windowMs: durationMs({ minMs: 1000, maxMs: dayMs })
    .default(USUAL_AGGREGATION.windowMs)
    .describe("How far back values of /pipeline/aggregate count."),
  maxStreams: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(USUAL_AGGREGATION.maxStreams)
    .describe("Metrics, and groups of them, that are kept at once."),
  whenFull: z
    .enum(["other", "refuse"])
    .default(USUAL_AGGREGATION.whenFull)
    .describe("What becomes of a new group when there is no room: it is one of the others, or refused."),
  stateBytes: byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 30 })
    .default(USUAL_AGGREGATION.stateBytes)
    .describe("Bytes of all metrics and groups together; what is not used is not taken."),
});

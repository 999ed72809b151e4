/** When windows close, and what they may hold. */

import { z } from "zod";
import { USUAL_WINDOWS } from "../actors/house/options.ts";
import { byteSize, durationMs } from "../runtime/config.ts";
import { dayMs, hourMs } from "./kinds.ts";

export const windowerSettings = z.object({
  disorderMs: durationMs({ minMs: 0, maxMs: hourMs })
    .default(USUAL_WINDOWS.disorderMs)
    .describe(
      "How far behind the latest event the watermark stays; windows close when it reaches their end.",
    ),
  latenessMs: durationMs({ minMs: 0, maxMs: hourMs })
    .default(USUAL_WINDOWS.latenessMs)
    .describe(
      "How long a window is kept after it closed: rows that come for it correct it, later ones are late.",
    ),
  aheadMs: durationMs({ minMs: 1000, maxMs: dayMs })
    .default(USUAL_WINDOWS.aheadMs)
    .describe("How far in the future of its writing a row's time may lie; rows beyond are in no window."),
  idleMs: durationMs({ minMs: 1000, maxMs: dayMs })
    .default(USUAL_WINDOWS.idleMs)
    .describe("How long a dataset must be silent before its windows close by the wall clock."),
  maxGroups: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(USUAL_WINDOWS.maxGroups)
    .describe("Groups that a window holds at the most."),
  whenFull: z
    .enum(["other", "refuse"])
    .default(USUAL_WINDOWS.whenFull)
    .describe("What becomes of rows of more groups: one group of all the others has them, or no window."),
  stateBytes: byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 30 })
    .default(USUAL_WINDOWS.stateBytes)
    .describe("Memory for open windows of all datasets together."),
});

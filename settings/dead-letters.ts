/** What is kept of rows that could not be taken. */

import { z } from "zod";
import { USUAL_LETTERS } from "../actors/dead-letters/bounds.ts";
import { byteSize, durationMs } from "../runtime/config.ts";
import { dayMs, hourMs } from "./kinds.ts";

export const deadLetterSettings = z.object({
  maxBytes: byteSize({ minBytes: 2 ** 16, maxBytes: 2 ** 28 })
    .default(USUAL_LETTERS.maxBytes)
    .describe("Size of all dead letters; beyond it the oldest go, and are counted."),
  keep: durationMs({ minMs: hourMs, maxMs: 36_525 * dayMs })
    .default(USUAL_LETTERS.keepMs)
    .describe("How long dead letters are kept."),
});

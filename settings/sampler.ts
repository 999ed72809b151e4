/** What is sampled of the host, and how often. */

import { z } from "zod";
import { durationMs } from "../runtime/config.ts";
import { hourMs } from "./kinds.ts";

export const samplerSettings = z.object({
  memoryIntervalMs: durationMs({ minMs: 100, maxMs: hourMs })
    .default(1000)
    .describe("How often the host's memory is sampled."),
  processIntervalMs: durationMs({ minMs: 1000, maxMs: hourMs })
    .default(10_000)
    .describe("How often the host's processes are sampled."),
  privateBudgetMs: durationMs({ minMs: 0, maxMs: 1000 })
    .default(20)
    .describe("Time a process sample may spend on private memory, which is dear to read; 0 leaves it out."),
});

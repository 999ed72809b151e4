/**
 * What a memory optimizer did and what came of it. Pushed by the optimizer; nothing on the host is sampled for it.
 *
 * In the anonymous profile: "manual" says that a person was at the machine then and did something, which is what somebody may
 * want to learn of a known hour: the trigger is sensitive. By the time alone could a row be found; the rest nobody sees.
 */

import { BY_THE_MINUTE } from "./by-the-minute.ts";
import { defineDataset } from "./define.ts";
import { FIRST_PUSHED_MS } from "./moment-text.ts";

export const optimization = defineDataset({
  name: "optimization",
  title: "Memory optimizations and their outcomes",
  time: "timestamp",
  batchRows: 1024,
  slots: 64,
  keepDays: 365,
  pushed: true,
  columns: {
    timestamp: {
      class: "moment",
      type: "timestamp",
      min: FIRST_PUSHED_MS,
      meaning: "When the optimization began.",
    },
    trigger: {
      class: "category",
      type: "category",
      values: ["manual", "scheduled", "threshold", "predicted"],
      sensitive: true,
      meaning: "What set it off.",
    },
    before_available_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      meaning: "Available memory just before.",
    },
    after_available_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      meaning: "Available memory just after.",
    },
    freed_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      meaning: "Memory it freed; negative when there was less afterwards.",
    },
    processes_trimmed: {
      class: "measure",
      type: "u32",
      unit: "1",
      meaning: "Processes whose memory was trimmed.",
    },
    duration_ms: { class: "measure", type: "u64", unit: "ms", meaning: "How long it took." },
    success: { class: "measure", type: "bool", unit: "1", meaning: "Whether it ended without an error." },
  },
  windows: [
    {
      ...BY_THE_MINUTE,
      measures: ["before_available_mb", "after_available_mb", "freed_mb", "processes_trimmed", "duration_ms"],
    },
  ],
});

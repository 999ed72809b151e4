/**
 * The host's memory as a whole, once a second by default.
 *
 * In the anonymous profile: the size of the memory, in its exact figure, tells one make of machine from another and stands in
 * every row: it is a quasi-identifier beside the time. Nothing here is sensitive.
 */

import { BY_THE_MINUTE } from "./by-the-minute.ts";
import { defineDataset } from "./define.ts";

export const memory = defineDataset({
  name: "memory",
  title: "Memory of the whole host",
  time: "timestamp",
  batchRows: 64,
  slots: 64,
  keepDays: 30,
  columns: {
    timestamp: { class: "moment", type: "timestamp", meaning: "When the sample was taken." },
    total_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      quasi: true,
      meaning: "Physical memory that the system can use.",
    },
    available_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      meaning: "Memory that programs could take without the system swapping.",
    },
    used_percent: {
      class: "measure",
      type: "f32",
      unit: "%",
      min: 0,
      max: 100,
      meaning: "Share of the physical memory that is not available.",
    },
    page_file_used_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      meaning: "Swap space in use.",
    },
    processes_count: {
      class: "measure",
      type: "u32",
      unit: "1",
      meaning: "Processes that exist on the host.",
    },
  },
  windows: [
    {
      ...BY_THE_MINUTE,
      measures: ["total_mb", "available_mb", "used_percent", "page_file_used_mb", "processes_count"],
    },
  ],
});

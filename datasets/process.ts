/**
 * The host's processes, every ten seconds by default: one row a process.
 *
 * In the anonymous profile: when a program ran, and which, is what somebody may know from elsewhere (from a shared screen, a
 * calendar, a pseudonymous export of the same host), so time and name are the quasi-identifiers. The process id ties all rows of
 * one life together and to other files, and a trainer needs it for nothing that the name does not do: it does not leave.
 * No column is sensitive by itself: the figures are of the machine. What is private is that a program ran, which its name says.
 */

import { BY_THE_MINUTE } from "./by-the-minute.ts";
import { defineDataset } from "./define.ts";

export const process = defineDataset({
  name: "process",
  title: "Processes of the host",
  time: "timestamp",
  batchRows: 1024,
  slots: 16,
  // A rolling buffer: what is kept for long of the processes are their windows.
  keepDays: 2,
  columns: {
    timestamp: { class: "moment", type: "timestamp", meaning: "When the sample was taken." },
    pid: {
      class: "identifier",
      type: "u32",
      kind: "process-id",
      pseudonym: "u32",
      meaning: "Pseudonym of the process id: equal ids have equal pseudonyms.",
    },
    name: {
      class: "identifier",
      type: "utf8",
      kind: "process-name",
      as: "name_hash",
      maxBytes: 256,
      quasi: true,
      meaning: "Pseudonym of the program's name: equal names have equal pseudonyms.",
    },
    working_set_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      meaning: "Memory of the process that is in physical memory, shared pages included.",
    },
    private_bytes_mb: {
      class: "measure",
      type: "f64",
      unit: "MiB",
      min: 0,
      nullable: true,
      meaning:
        "Part of it that no other process shares; missing where it may not be read, or not cheaply enough.",
    },
    cpu_percent: {
      class: "measure",
      type: "f32",
      unit: "%",
      min: 0,
      nullable: true,
      meaning:
        "Processor time since the last sample, 100 being one core; missing in a process's first sample.",
    },
    io_read_bytes: {
      class: "measure",
      type: "u64",
      unit: "By",
      nullable: true,
      meaning: "Bytes read from storage since the process started; missing where it may not be read.",
    },
    io_write_bytes: {
      class: "measure",
      type: "u64",
      unit: "By",
      nullable: true,
      meaning: "Bytes written to storage since the process started; missing where it may not be read.",
    },
  },
  windows: [
    {
      ...BY_THE_MINUTE,
      groupBy: "name_hash",
      measures: ["working_set_mb", "private_bytes_mb", "cpu_percent", "io_read_bytes", "io_write_bytes"],
    },
  ],
});

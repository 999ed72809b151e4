/**
 * Does memory grow with an export? Ten million rows of `process`, nine in the lake and one in the log, through every format.
 * What counts is the most that the process ever had in memory, above what it has when its store is open and nothing was asked
 * of it yet. Each format has a process of its own. Linux only: the figures come from /proc.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { EXPORT_FORMATS } from "../actors/exporter/order.ts";
import { makeStore } from "./fixtures/export-store.ts";
import { type MarkedCase, marked } from "./marked.ts";

const CHILD = fileURLToPath(new URL("./fixtures/export-child.ts", import.meta.url));
const LAKE_ROWS = 9_000_000;
const LOG_ROWS = 1_000_000;
const MARK_MIB = 300;

/** What a child prints, in MiB. */
export interface ExportMemory {
  readonly rows: number;
  readonly idleMib: number;
  readonly peakMib: number;
}

/** The format, its order beyond that, and what is said of it. */
const CASES: readonly (readonly [name: string, order: Readonly<Record<string, string>>])[] = [
  ...EXPORT_FORMATS.map((format) => [format, { format }] as const),
  ["csv, gzip", { format: "csv", compression: "gzip" }],
  ["jsonl, zstd", { format: "jsonl", compression: "zstd" }],
  ["parquet, encoded anew", { format: "parquet", where: "pid >= 0" }],
];

/** Runs the cases and reports each. Takes some minutes, and 3 GB of disk. */
export async function benchExportMemory(report: (measured: MarkedCase) => void): Promise<void> {
  if (process.platform !== "linux")
    throw new Error("the export-memory bench reads /proc, which only Linux has");
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    await makeStore(join(folder, "store"), { lakeRows: LAKE_ROWS, logRows: LOG_ROWS });
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
    for (const [name, order] of CASES) {
      const output = join(folder, "out");
      const args = [...runtime, CHILD, join(folder, "store"), output, JSON.stringify(order)];
      const told = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as ExportMemory;
      rmSync(output);
      const above = told.peakMib - told.idleMib;
      report(
        marked(
          { bench: "export-memory", case: name, unit: "MiB above the idle process" },
          above,
          [above],
          `${told.rows} rows; ${told.idleMib} MiB idle, ${told.peakMib} MiB at the most`,
          MARK_MIB,
        ),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

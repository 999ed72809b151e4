/** What the end-to-end tests share: a data folder, a house without the parts a test replaces, and rows with known ids. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HouseOptions } from "../../actors/house/options.ts";
import { houseSpec } from "../../actors/house.ts";
import type { Pushed, PushRefused } from "../../actors/intake/protocol.ts";
import { readLog } from "../../actors/store/log/log-reader.ts";
import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed } from "../../datasets/index.ts";
import { optimization } from "../../datasets/optimization.ts";
import { readInt64, readUint64 } from "../../runtime/batch/index.ts";
import { createSystem, type System, type SystemSpec } from "../../runtime/system.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../../wasm/index.ts";

const WINDOW_BYTES = 4 * 2 ** 20;

interface Cleanup {
  after(fn: () => void | Promise<void>): void;
}

const cleanups = new WeakMap<Cleanup, (() => unknown)[]>();

/**
 * Does something after a test, what was made last first: the runtimes go by the order of `t.after`, by which a folder would be removed
 * while who was started in it still writes there.
 */
export function afterwards(t: Cleanup, clean: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(clean);
    return;
  }
  const all = [clean];
  cleanups.set(t, all);
  t.after(async () => {
    const failures: unknown[] = [];
    for (let next = all.pop(); next !== undefined; next = all.pop()) {
      try {
        await next();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  });
}

/** A data folder that is gone after the test, when what was begun later with `afterwards` has ended. */
export function temporaryFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  afterwards(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function houseOptions(dataFolder: string, more: Partial<HouseOptions> = {}): HouseOptions {
  return {
    dataFolder,
    sampler: { memoryIntervalMs: 100, processIntervalMs: 1000, privateBudgetMs: 5 },
    windows: { disorderMs: 1000 },
    segmentBytes: 2 ** 16,
    keepBytes: 2 ** 30,
    ...more,
  };
}

export function buildHouse(options: HouseOptions, more: Partial<SystemSpec> = {}): System {
  return createSystem({ ...houseSpec(options), logLevel: "error", ...more });
}

/** Event time of row number `id` of the synthetic writer. */
export function syntheticTimeMs(id: number): number {
  return Date.UTC(2026, 0, 1) + id * 1000;
}

/** Row number `id` of the synthetic writer: its id is in `duration_ms`, and event time moves a second a row. */
export function syntheticRow(id: number): Record<string, unknown> {
  return {
    timestamp: syntheticTimeMs(id),
    trigger: "manual",
    before_available_mb: 1000,
    after_available_mb: 1000 + (id % 7),
    freed_mb: id % 7,
    processes_trimmed: id % 5,
    duration_ms: id,
    success: id % 2 === 0,
  };
}

/** A row that no dataset takes. */
export const badRow = { timestamp: "yesterday" };

/** @param withinMs what the intake may take to have them on the disk */
export async function pushSynthetic(system: System, ids: readonly number[], bad = 0, withinMs = 10_000) {
  const rows = [...ids.map(syntheticRow), ...Array.from({ length: bad }, () => badRow)];
  const answer = await system.ask<Pushed | PushRefused>(
    "intake",
    { kind: "intake.push", dataset: "optimization", rows } as never,
    withinMs,
  );
  if (!answer.ok) return answer;
  // A full lane is answered too, and nothing of the rows is taken.
  const { value } = answer;
  return value.ok ? { ok: true as const, value } : { ok: false as const, reason: value.reason };
}

/** The ids and event times of all synthetic rows in a folder's log, in stored order. */
export function storedRows(dataFolder: string): { id: number; timeMs: number }[] {
  const id = optimization.plan.public("duration_ms");
  const time = optimization.plan.public("timestamp");
  const rows: { id: number; timeMs: number }[] = [];
  for (const batch of readFolder(dataFolder, optimization)) {
    const [idAt, timeAt] = [batch.dataAt(id) >>> 2, batch.dataAt(time) >>> 2];
    for (let row = 0; row < batch.rows; row++) {
      const { i32 } = batch.views;
      rows.push({ id: readUint64(i32, idAt + row * 2), timeMs: readInt64(i32, timeAt + row * 2) });
    }
  }
  return rows;
}

export function storedIds(dataFolder: string): number[] {
  return storedRows(dataFolder).map(({ id }) => id);
}

/**
 * How many values each stored window of the synthetic rows counts in its last revision, by window start; a revision that is there
 * twice throws.
 */
export function storedWindowCounts(dataFolder: string): Map<number, number> {
  const windows = datasetNamed("optimization_1m") as Dataset;
  const at = (name: string) => windows.plan.public(name);
  const measure = at("measure").values?.indexOf("duration_ms");
  const counts = new Map<number, number>();
  const revisions = new Map<number, number>();
  for (const batch of readFolder(dataFolder, windows)) {
    const { u8, u16, u32, i32 } = batch.views;
    for (let row = 0; row < batch.rows; row++) {
      if (u8[batch.dataAt(at("measure")) + row] !== measure) continue;
      const startMs = readInt64(i32, (batch.dataAt(at("window_start")) >>> 2) + row * 2);
      const revision = u16[(batch.dataAt(at("revision")) >>> 1) + row]!;
      if (revision !== (revisions.get(startMs) ?? -1) + 1) {
        throw new Error(`revision ${revision} of ${new Date(startMs).toISOString()} is out of turn`);
      }
      revisions.set(startMs, revision);
      counts.set(startMs, u32[(batch.dataAt(at("count")) >>> 2) + row]!);
    }
  }
  return counts;
}

let readers: Kernels | undefined;

function readFolder(dataFolder: string, dataset: Dataset) {
  // One for all: a runtime takes its time to give shared memories back, and tests read thousands of times.
  readers ??= instantiateKernels(
    compileKernels(),
    createKernelMemory({ bytes: KERNEL_STATIC_BYTES + WINDOW_BYTES }),
  );
  const kernels = readers;
  const window = { at: KERNEL_STATIC_BYTES, bytes: WINDOW_BYTES };
  return readLog({ dataFolder, kernels, window }, dataset);
}

/** Resolves once `holds` does; looks again at every turn of the event loop. @throws after `deadlineMs` */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}

/** A port that nobody listens on, at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

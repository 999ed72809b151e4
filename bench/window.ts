/**
 * How many rows a second go through anonymizer and windower? Rows of a thousand services with eight measures each, from a lane that is
 * never empty: names become pseudonyms (HMAC-SHA-256), values go into moments and sketches of their service, windows of a minute
 * come out with all figures, and checkpoints are written. Anonymizer and windower share a thread, as they do by default.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type AnonymizerConfig, scratchBytesFor } from "../actors/anonymizer/anonymizer.ts";
import { USUAL_WINDOWS } from "../actors/house/options.ts";
import { placeLedger } from "../actors/ledger.ts";
import type { WindowMetersSpec } from "../actors/resources.ts";
import { slotBytesOf } from "../actors/store/log/window-bytes.ts";
import { placeWindowMeters, readWindowMeters } from "../actors/window-meters.ts";
import { windowerScratchBytes } from "../actors/windower/scratch.ts";
import type { WindowerConfig } from "../actors/windower/windower.ts";
import { windowsOf } from "../datasets/windows.ts";
import { createSystem } from "../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../wasm/index.ts";
import { benched, GROUPS } from "./fixtures/window-dataset.ts";
import {
  type WindowSourceConfig,
  type WriteRows,
  windowSourceScratchBytes,
} from "./fixtures/window-source.ts";
import { type MarkedCase, marked, pause } from "./marked.ts";

const MARK = 1;
const ROUNDS = 7;
const ROWS_A_ROUND = 256 * benched.batchRows;
const WINDOW_BYTES = 4 * 2 ** 20;
/** Two windows of 8000 sketches over eleven octaves each: the one that is open, and the one that late rows may still come for. */
const STATE_BYTES = 192 * 2 ** 20;
const ANSWER_MS = 120_000;
const METER_MS = 1500;
const MEBIBYTE = 2 ** 20;

/** Runs the rounds and reports their median. Takes some ten seconds. */
export async function benchWindow(report: (measured: MarkedCase) => void): Promise<void> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-bench-"));
  const system = createSystem(specOf(folder));
  try {
    const started = await system.start();
    if (!started.ok) throw new Error(started.message);
    const round = async (): Promise<number> => {
      const startMs = performance.now();
      const message: WriteRows = { kind: "source.write", rows: ROWS_A_ROUND };
      const written = await system.ask("source", message, ANSWER_MS);
      if (!written.ok) throw new Error(written.message);
      const lagOf = () => system.status().actors.find(({ name }) => name === "windower")?.lag[benched.name];
      while (lagOf() !== 0) await pause(2);
      return ROWS_A_ROUND / (performance.now() - startMs) / 1000;
    };
    await round();
    const rssBefore = process.memoryUsage().rss;
    const samples: number[] = [];
    for (let index = 0; index < ROUNDS; index++) samples.push(await round());
    const grownMib = (process.memoryUsage().rss - rssBefore) / MEBIBYTE;
    // The meter is brought up to date once a second when no rows come.
    await pause(METER_MS);
    const [view] = readWindowMeters(system.memory, system.resources["windowMeters"] as WindowMetersSpec);
    const { windows, rows = 0, stateBytes = 0 } = view?.figures ?? {};
    if (rows !== (ROUNDS + 1) * ROWS_A_ROUND) {
      throw new Error(`expected ${(ROUNDS + 1) * ROWS_A_ROUND} rows in windows; there are ${rows}`);
    }
    const state = `${(stateBytes / MEBIBYTE).toFixed(1)} MiB of state, process ${grownMib.toFixed(0)} MiB larger after ${ROUNDS} rounds`;
    const payload = `${ROUNDS} rounds of ${ROWS_A_ROUND} rows, ${GROUPS} groups × 8 measures, ${windows} windows; ${state}`;
    const names = { bench: "window", unit: "M rows/s" };
    const sorted = samples.toSorted((a, b) => a - b);
    const median = sorted[ROUNDS >> 1] ?? Number.NaN;
    report({
      ...marked({ ...names, case: "anonymizer and windower" }, median, samples, payload, MARK),
      least: true,
    });
  } finally {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function specOf(dataFolder: string): Parameters<typeof createSystem>[0] {
  const windows = windowsOf(benched);
  const datasets = [benched, ...windows];
  const slotBytes = slotBytesOf(benched);
  const config: WindowerConfig = {
    ...USUAL_WINDOWS,
    ...{ dataFolder, windowBytes: WINDOW_BYTES, stateBytes: STATE_BYTES },
  };
  const source: WindowSourceConfig = { slotBytes };
  const scratch = {
    windower: windowerScratchBytes(config, datasets),
    anonymizer: scratchBytesFor([benched]),
    source: windowSourceScratchBytes(source),
  };
  const laneBytes = datasets.reduce((bytes, dataset) => bytes + dataset.slots * slotBytesOf(dataset), 0);
  const scratchBytes = Object.values(scratch).reduce((bytes, one) => bytes + one, 0);
  const kernels = compileKernels();
  const actor = <Config>(name: string, thread: string, of: Config, more = {}) => {
    const module = new URL(`./fixtures/window-${name}.ts`, import.meta.url).href;
    return { name, module, thread, config: of, ...more };
  };
  return {
    memory: createKernelMemory({ bytes: KERNEL_STATIC_BYTES + laneBytes + scratchBytes + 4 * MEBIBYTE }),
    arenaFrom: KERNEL_STATIC_BYTES,
    lanes: datasets.map((dataset) => ({
      name: dataset.name,
      slots: dataset.slots,
      slotBytes: slotBytesOf(dataset),
      tiers: dataset === benched ? [["anonymizer"], ["windower"]] : [["sink"]],
    })),
    groups: [
      {
        name: "bench",
        actors: [
          actor("sink", "source", null),
          actor("windower", "pipeline", config, {
            writes: windows.map(({ name }) => name),
            scratchBytes: scratch.windower,
          }),
          actor<AnonymizerConfig>(
            "anonymizer",
            "pipeline",
            { dataFolder },
            { scratchBytes: scratch.anonymizer },
          ),
          actor("source", "source", source, { writes: [benched.name], scratchBytes: scratch.source }),
        ],
      },
    ],
    resources: (arena) => ({
      kernels,
      ledger: placeLedger(
        arena,
        datasets.map(({ name }) => name),
      ),
      windowMeters: placeWindowMeters(
        arena,
        windows.map(({ name }) => name),
      ),
    }),
    logLevel: "warning",
  };
}

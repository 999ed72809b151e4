/** A log in a folder of its own, with memory and kernels to work on it, and ways to look into it and to damage it. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogRange, readLog } from "../../../../actors/store/log/log-reader.ts";
import { LogWriter, type LogWriterOptions } from "../../../../actors/store/log/log-writer.ts";
import type { Dataset } from "../../../../datasets/define.ts";
import { Arena } from "../../../../runtime/arena.ts";
import { Batch } from "../../../../runtime/batch/index.ts";
import { seededRandom } from "../../../../runtime/random.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../../wasm/index.ts";
import { fillRows, type PlainRow, readRows } from "./rows.ts";

const SLOT_BYTES = 2 ** 18;
const WINDOW_BYTES = 2 ** 18;
export const START_MS = Date.UTC(2026, 0, 1);

const memory = createKernelMemory({ bytes: 2 ** 21 });
const kernels = instantiateKernels(compileKernels(), memory);
const arena = new Arena(memory, KERNEL_STATIC_BYTES);
const slot = arena.allocate(SLOT_BYTES, "a slot");
const staging = { at: arena.allocate(WINDOW_BYTES, "staging"), bytes: WINDOW_BYTES };
const window = { at: arena.allocate(WINDOW_BYTES, "a window"), bytes: WINDOW_BYTES };
const otherWindow = { at: arena.allocate(WINDOW_BYTES, "another window"), bytes: WINDOW_BYTES };

export class TempLog {
  readonly dataFolder = mkdtempSync(join(tmpdir(), "millrace-log-"));
  readonly folder = join(this.dataFolder, "log");
  readonly source = { dataFolder: this.dataFolder, kernels, window };
  /** The same log through another window. */
  readonly otherSource = { ...this.source, window: otherWindow };
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  open(datasets: readonly Dataset[], options: Partial<LogWriterOptions> = {}): LogWriter {
    return new LogWriter({
      dataFolder: this.dataFolder,
      datasets,
      kernels,
      staging,
      segmentBytes: 2 ** 20,
      nowMs: () => START_MS,
      ...options,
    });
  }

  /**
   * A batch of `rows` new rows from `sequence` on. Reused by the next call.
   * @param timeMs of each row; default: the row of sequence n at START_MS + n seconds
   */
  batch(
    dataset: Dataset,
    rows: number,
    sequence: number,
    timeMs: (row: number) => number = (row) => START_MS + (sequence + row) * 1000,
  ): Batch {
    const batch = new Batch(memory, dataset.plan);
    batch.begin(slot, SLOT_BYTES, rows, { firstSequence: sequence });
    fillRows(batch, dataset, { random: this.#random, timeMs });
    batch.seal();
    return batch;
  }

  /** Appends and syncs batches of these sizes, one by one. @returns their rows */
  append(log: LogWriter, dataset: Dataset, sizes: readonly number[]): PlainRow[] {
    return sizes.flatMap((size) => {
      const batch = this.batch(dataset, size, log.nextSequence(dataset.name));
      if (!log.append(dataset.name, batch)) throw new Error("the staging area is full");
      log.sync();
      return readRows(batch);
    });
  }

  rows(dataset: Dataset, range: LogRange = {}): PlainRow[] {
    const rows: PlainRow[] = [];
    for (const batch of readLog(this.source, dataset, range)) rows.push(...readRows(batch));
    return rows;
  }

  names(): readonly string[] {
    return readdirSync(this.folder).sort();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  bytes(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  remove(): void {
    rmSync(this.dataFolder, { recursive: true, force: true });
  }
}
